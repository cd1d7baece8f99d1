"""All checks, in the order in which they are told of, and a project's subjects for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import ConfigError, Function, function_name, pyproject, stages
from ..package import jobs, nothing
from . import Subject, handler, imports, limits, packaged, runtimes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ..config import API
    from ..package import Report
    from . import Check, Finding

CHECKS: tuple[Check, ...] = (
    handler.check,
    limits.handler_name,
    runtimes.check,
    limits.variables,
    limits.memory,
    limits.timeout,
    limits.stream,
    imports.check,
    packaged.check,
)


@dataclass(frozen=True)
class Options:
    """What the command line says; "" for what it doesn't."""

    target: str = ""
    runtime: str = ""
    architecture: str = ""
    stage: str = ""
    output: Path = jobs.Options.output


def run(options: Options, today: date, report: Report = nothing) -> Iterator[Finding]:
    """Of each function each check. Raises ConfigError for a project that can't be read."""
    for subject in subjects(options, today):
        for check in CHECKS:
            yield from check(subject, report)


def subjects(options: Options, today: date) -> list[Subject]:
    """Raises ConfigError."""
    if options.target:
        function = Function(function_name(Path.cwd()), options.target)
        return [_subject(options.target, _set(function, options), None, options, today)]
    document = pyproject.document(jobs.PYPROJECT)
    staged = stages.of_stage(document, options.stage or stages.DEFAULT)
    project = pyproject.of_document(staged) if document.get("tool", "adapter") else None
    if project is None:
        raise ConfigError(
            "which app? Name it (adapter check main:app), or set [tool.adapter] app in "
            "pyproject.toml"
        )
    return [
        _subject(name, _set(function, options), project.api, options, today)
        for name, function in project.functions.items()
    ]


def _set(function: Function, options: Options) -> Function:
    return replace(function, runtime=options.runtime) if options.runtime else function


def _subject(
    label: str, function: Function, api: API | None, options: Options, today: date
) -> Subject:
    packaging = jobs.Options(
        runtime=options.runtime, architecture=options.architecture, output=options.output
    )
    return Subject(label, function, api, packaging, today)
