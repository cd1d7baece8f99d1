"""The steps from a project to its package. What is there and would come out the same, stays."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from . import (
    LAYER,
    TASK,
    Package,
    PackageError,
    archive,
    bytecode,
    dependencies,
    elf,
    files,
    limits,
    nothing,
    requirements,
    state,
)
from .dependencies import Wanted
from .install import uv

if TYPE_CHECKING:
    from . import Archive, File, Report, Target
    from .requirements import Requirements
    from .settings import Settings

_WRAPPER = "adapter/runtime/exec-wrapper"


@dataclass(frozen=True)
class Job:
    """One function to package.

    name         of the archives
    handler      main:app or main.handler
    folder       where its code is
    project      where requirements are, if that folder has none
    output       where archives go
    interpreter  the folder of a standalone Python; None for this machine's own
    values       what `setting()` finds, by alias
    """

    name: str
    handler: str
    folder: Path
    project: Path
    target: Target
    settings: Settings
    output: Path
    interpreter: Path | None = None
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


_NO_REQUIREMENTS = (
    "nothing says what the app imports, so only its own files are in: write a requirements.txt, or "
    "[project] dependencies in pyproject.toml"
)


def build(job: Job, report: Report = nothing) -> Package:
    """The package, of which only what has changed is built. Raises PackageError and ConfigError."""
    before = state.read(job.output, job.name)
    wanted = Wanted(requirements_of(job), job.target, job.settings, job.interpreter)
    layered, key = job.settings.layer, wanted.key
    own = [*own_files(job), *([] if job.target.managed else [files.bootstrap()])]
    inputs = archive.inputs_of(own, repr(job.target), job.handler, "" if layered else key)
    function = _kept(before.function if before else None, inputs)
    layer = _kept(before.layer if before else None, key) if layered else None
    notes = list(before.notes) if before else []
    if function is None or (layered and layer is None):
        found, left_out = dependencies.get(wanted, job.output, report)
        _checked(job, {file.path for file in (*own, *found)})
        limits.check([*own, *found])
        if layered:
            layer = layer or archive.write(_path(job, "-layer"), found, key, report)
            found = []
        function = function or _function(job, own, found, inputs, report)
        notes = [
            *_unsaid(wanted),
            *left_out,
            *limits.notes([one for one in (function, layer) if one]),
        ]
    package = _package(job, function, layer, notes)
    _remember(job, package, key)
    return package


def requirements_of(job: Job) -> Requirements:
    """Those of the function's folder, otherwise the project's. Raises PackageError."""
    found = requirements.of_folder(job.folder, uv())
    return found if found.source else requirements.of_folder(job.project, uv())


def _unsaid(wanted: Wanted) -> list[str]:
    """What is installed on this machine is in no package for that reason."""
    return [] if wanted.requirements.source else [_NO_REQUIREMENTS]


def own_files(job: Job) -> list[File]:
    """The app's, and its settings by alias. Raises PackageError."""
    return [
        *files.of_app(job.folder, job.settings, job.output),
        *files.of_settings(job.values, job.output),
    ]


def _checked(job: Job, paths: set[str]) -> None:
    """Raises PackageError if there is no module of the handler's."""
    module = job.handler.partition(":")[0] if ":" in job.handler else job.handler.rpartition(".")[0]
    base = module.removeprefix("./").replace(".", "/")
    places = (f"{base}.py", f"{base}/__init__.py")
    if not paths.intersection((*places, *(f"python/{place}" for place in places))):
        inside = any((job.folder / "src" / place).is_file() for place in places)
        raise PackageError(
            f"{job.handler} is in no file of the package: there is no {places[0]} in {job.folder}, "
            f"or it is left out. {_SRC if inside else 'Is the name right?'}"
        )


_SRC = (
    "It is in src: name that folder in pyproject.toml, as in\n"
    '  [tool.adapter.functions.NAME]\n  handler = "…"\n  folder = "src"'
)


def _kept(before: Archive | None, inputs: str) -> Archive | None:
    """What was built before, if it would come out the same."""
    return before if before and before.inputs == inputs and archive.is_there(before) else None


def _function(job: Job, own: list[File], found: list[File], inputs: str, report: Report) -> Archive:
    elf.check(own, job.target)
    with tempfile.TemporaryDirectory() as scratch:
        made = bytecode.compiled(own, job.target.python, TASK, Path(scratch), report)
        return archive.write(_path(job, ""), [*own, *made, *found], inputs, report)


def _path(job: Job, suffix: str) -> Path:
    return job.output / f"{job.name}{suffix}.zip"


def _package(job: Job, function: Archive, layer: Archive | None, notes: list[str]) -> Package:
    root = LAYER if layer else TASK
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": f"{root}/{_WRAPPER}"} if job.target.managed else {}
    return Package(
        job.name,
        function,
        layer,
        job.handler,
        job.target.runtime,
        job.target.architecture,
        variables,
        tuple(notes),
    )


def _remember(job: Job, package: Package, key: str) -> None:
    if package.layer is None:
        _path(job, "-layer").unlink(missing_ok=True)
    state.write(job.output, package, key)
    dependencies.prune(job.output, state.dependencies(job.output))
