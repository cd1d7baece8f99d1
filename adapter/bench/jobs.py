"""What is to be measured: of the command line and of pyproject.toml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import API, ConfigError, Function, function_name, pyproject
from . import BenchError, event, local, remote

if TYPE_CHECKING:
    from ..config import Project

PYPROJECT = Path("pyproject.toml")
DEFAULT = "x86_64"


@dataclass(frozen=True)
class Options:
    """What the command line says; "", () and None for what it doesn't.

    event  a JSON value in place of a GET's event
    stage  of deployed functions: an alias, a version or "$LATEST"
    """

    targets: tuple[str, ...] = ()
    times: int = 20
    path: str = "/"
    kind: str = ""
    event: Any = None
    memory: tuple[int, ...] = ()
    architecture: str = ""
    stage: str = ""


def local_jobs(options: Options) -> list[local.Job]:
    """One for each function. Raises ConfigError and BenchError."""
    if len(options.memory) > 1:
        raise BenchError(
            "this machine doesn't get faster with --memory, which only sets the price here: say it "
            "once, or measure the deployed function (--remote)"
        )
    project = _project()
    found = _named(options.targets) or _of_file(project)
    return [
        local.Job(
            label,
            replace(function, memory=options.memory[0]) if options.memory else function,
            architecture(options),
            _event(options, project),
            options.path,
            options.times,
        )
        for label, function in found
    ]


def remote_jobs(options: Options) -> list[remote.Job]:
    """One for each function. Raises ConfigError and BenchError."""
    project = _project()
    for target in options.targets:
        if ":" in target.removeprefix("arn:") and not target.startswith("arn:"):
            raise BenchError(
                f"{target} is no name of a deployed function: write the name that Lambda has for "
                "it, and its alias as --stage"
            )
    names = options.targets or tuple(function.name for _, function in _of_file(project))
    qualifier = remote.LATEST if options.memory else options.stage
    told = _event(options, project)
    return [
        remote.Job(name, qualifier, architecture(options), told, options.path, options.times)
        for name in names
    ]


def _project() -> Project | None:
    return pyproject.read(PYPROJECT)


def _named(targets: Iterable[str]) -> list[tuple[str, Function]]:
    folder = Path.cwd()
    name = function_name(folder)
    return [(target, Function(name, target, folder=folder)) for target in targets]


def _of_file(project: Project | None) -> list[tuple[str, Function]]:
    if project is None:
        raise ConfigError(
            "which app? Name it (adapter bench main:app), or set [tool.adapter] app in "
            "pyproject.toml"
        )
    return list(project.functions.items())


def _event(options: Options, project: Project | None) -> Any:
    if options.event is not None:
        return options.event
    configured = project.api.kind if project and not options.targets else API.kind
    return event.get(options.kind or configured, options.path)


def architecture(options: Options) -> str:
    """By which the price goes, unless Lambda says it. Raises ConfigError."""
    if options.architecture:
        return options.architecture
    node = pyproject.document(PYPROJECT).get("tool", "adapter", "package", "architecture")
    return node.choice(("x86_64", "arm64")) if node else DEFAULT
