"""What `adapter dev` serves: of the command line, of pyproject.toml, or of a template."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import API, ConfigError, Function, Project, function_name
from ..events import STAGED
from .streaming import KINDS as STREAMING

if TYPE_CHECKING:
    from .dev import Options

PYPROJECT = Path("pyproject.toml")


def project_of(options: Options) -> Project:
    """Raises ConfigError."""
    folder = Path.cwd()
    name = function_name(folder)
    target = {name: Function(name, options.target, folder=folder)} if options.target else {}
    if options.template is not None:
        from ..config import pyproject, template

        functions = target or pyproject.functions(PYPROJECT)
        found = template.read(options.template, api=options.api, functions=functions)
        if target and not any(one.handler == options.target for one in found.functions.values()):
            raise ConfigError(
                f"{options.template} says itself where its functions are: "
                f"leave {options.target} out"
            )
    elif target:
        found = Project(target, API())
    else:
        found = _configured()
    return _with_options(_with_settings(found), options)


def _configured() -> Project:
    """Raises ConfigError."""
    from ..config import pyproject

    found = pyproject.read(PYPROJECT)
    if found is None:
        raise ConfigError(
            "which app? Name it (adapter dev main:app), set [tool.adapter] app in pyproject.toml, "
            "or give a --template"
        )
    return found


def _with_settings(project: Project) -> Project:
    """What `setting()` finds by alias: variables here, DEV_GREETING, since there is no package.

    Raises ConfigError.
    """
    if not PYPROJECT.is_file():
        return project
    from ..config import pyproject, stages

    found = {
        f"{stage.upper().replace('-', '_')}_{name}": value
        for stage, values in stages.values(pyproject.document(PYPROJECT)).items()
        for name, value in values.items()
    }
    functions = {
        name: replace(function, variables={**found, **function.variables})
        for name, function in project.functions.items()
    }
    return replace(project, functions=functions)


def _with_options(project: Project, options: Options) -> Project:
    """What the command line says, over what the files say. Raises ConfigError."""
    api = _with_kind(project.api, options)
    functions = {
        name: replace(
            function,
            concurrency=options.concurrency or function.concurrency,
            timeout=options.timeout or function.timeout,
            stream=options.stream or function.stream,
        )
        for name, function in project.functions.items()
    }
    return replace(project, functions=functions, api=api)


def _with_kind(api: API, options: Options) -> API:
    """Raises ConfigError."""
    kind = options.kind or api.kind
    if kind != api.kind and (api.routes or api.authorizers or api.cors or api.api_keys):
        raise ConfigError(f"--kind {kind}: the routes and settings of this API are of a {api.kind}")
    if options.stage and kind not in (*STAGED, "websocket"):
        raise ConfigError(f"--stage: {kind} has no stages; {', '.join(STAGED)} have")
    if options.stream and kind not in STREAMING:
        raise ConfigError(f"--stream: {kind} can't stream; {' and '.join(STREAMING)} can")
    return replace(api, kind=kind, stage=options.stage or api.stage)
