"""What is to be packaged: of the command line and of pyproject.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import ConfigError, Function, function_name, pyproject, stages
from . import PackageError, Target
from .build import Job
from .interpreters import running
from .settings import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .settings import Settings

PYPROJECT = Path("pyproject.toml")
_MANAGED = re.compile(r"python(3\.(?:1[1-9]|[2-9]\d))")
_PROVIDED = ("provided.al2023",)


@dataclass(frozen=True)
class Options:
    """What the command line says; "", False and None for what it doesn't."""

    target: str = ""
    runtime: str = ""
    architecture: str = ""
    layer: bool = False
    python: str = ""
    interpreter: Path | None = None
    output: Path = Path(".adapter/package")


def jobs(options: Options) -> list[Job]:
    """A job for each function. Raises ConfigError and PackageError."""
    return jobs_of(_functions(options), options)


def jobs_of(functions: Iterable[Function], options: Options) -> list[Job]:
    """The same, of functions that are known already."""
    settings = read(PYPROJECT)
    settings = replace(
        settings,
        architecture=options.architecture or settings.architecture,
        layer=options.layer or settings.layer,
        python=options.python or settings.python,
    )
    values = stages.values(pyproject.document(PYPROJECT))
    return [_job(function, settings, options, values) for function in functions]


def _functions(options: Options) -> Iterable[Function]:
    if options.target:
        name = function_name(Path.cwd())
        return (Function(name, options.target),)
    found = pyproject.functions(PYPROJECT)
    if not found:
        raise ConfigError(
            "which app? Name it (adapter package main:app), or set [tool.adapter] app in "
            "pyproject.toml"
        )
    return found.values()


def _job(
    function: Function,
    settings: Settings,
    options: Options,
    values: Mapping[str, Mapping[str, str]],
) -> Job:
    runtime = options.runtime or function.runtime
    target = Target(runtime, _version(runtime, settings), settings.architecture)
    return Job(
        function.name,
        function.handler,
        function.folder,
        PYPROJECT.parent,
        target,
        settings,
        options.output,
        _interpreter(target, options),
        values,
    )


def _version(runtime: str, settings: Settings) -> str:
    """Raises PackageError for a runtime that can't be packaged for."""
    if managed := _MANAGED.fullmatch(runtime):
        if settings.python and settings.python != managed[1]:
            raise PackageError(
                f"{runtime} has Python {managed[1]}, not {settings.python}: a version of its own "
                "is for provided.al2023"
            )
        return managed[1]
    if runtime in _PROVIDED:
        return settings.python or running()
    raise PackageError(
        f"there is no package for the runtime {runtime!r:.60}: for python3.11 and newer ones, and "
        "for provided.al2023"
    )


def _interpreter(target: Target, options: Options) -> Path | None:
    if options.interpreter and target.managed:
        raise PackageError(
            f"{target.runtime} brings its interpreter: --interpreter is for provided.al2023"
        )
    return options.interpreter and options.interpreter.absolute()
