"""What the app imports, this package and an interpreter: installed once, and kept by its key."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from . import File, archive, bytecode, elf, files, installed, interpreter, nothing
from .install import install
from .interpreters import find
from .requirements import path_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from . import Report, Target
    from .requirements import Requirements
    from .settings import Settings

FOLDER = "cache"
_FORMAT = "1"  # of what is done here: part of the key


@dataclass(frozen=True)
class Wanted:
    """All that they are made of, except what the index has today.

    interpreter  the folder of a standalone build; None for this machine's own
    """

    requirements: Requirements
    target: Target
    settings: Settings
    interpreter: Path | None = None

    @cached_property
    def key(self) -> str:
        """A hash of it."""
        asked = sorted(map(str, self.requirements.asked))
        total = repr(
            (
                archive.inputs_of(files.of_adapter(self.settings.include), _FORMAT),
                (self.settings.layer, self.settings.include, self.target),
                (self.requirements.lines, asked, sorted(_local(self.requirements.lines))),
                [] if self.target.managed else list(_identity(self.target, self.interpreter)),
            )
        )
        return hashlib.sha256(total.encode()).hexdigest()[:24]


def get(wanted: Wanted, output: Path, report: Report = nothing) -> tuple[list[File], list[str]]:
    """(files, notes): those that were kept for this key, or new ones. Raises PackageError."""
    folder = output / FOLDER / wanted.key
    kept = _read(folder)
    if kept is None:
        draft = output / FOLDER / f".{wanted.key}.{os.getpid()}"
        try:
            _make(draft, wanted, report)
            shutil.rmtree(folder, ignore_errors=True)
            draft.replace(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        kept = _read(folder)
    assert kept is not None
    return kept


def _read(folder: Path) -> tuple[list[File], list[str]] | None:
    """What was kept; None if it isn't, or if something in it is gone, as an interpreter may be."""
    try:
        told = json.loads((folder / "files.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    found = [
        File(path, folder / source, owner, executable)
        for path, source, owner, executable in told["files"]
    ]
    return (found, told["notes"]) if all(file.source.is_file() for file in found) else None


def prune(output: Path, keys: Iterable[str]) -> None:
    """Delete what was kept for other keys."""
    keys = set(keys)
    for folder in (output / FOLDER).glob("*"):
        if folder.name not in keys and not folder.name.startswith("."):
            shutil.rmtree(folder, ignore_errors=True)


def _make(folder: Path, wanted: Wanted, report: Report) -> None:
    target, settings = wanted.target, wanted.settings
    site = (folder / "site").absolute()
    site.mkdir(parents=True)
    install(wanted.requirements, target, site, report)
    there = installed.distributions(site)
    left_out = installed.in_image(there, wanted.requirements.asked) if target.managed else ()
    ours = files.of_adapter(settings.include)
    found = [*installed.files(site, there, left_out, settings.include), *ours]
    if settings.layer:
        found = [replace(file, path=f"python/{file.path}") for file in found]
    if not target.managed:
        found += interpreter.files(target, wanted.interpreter, folder.absolute())
    elf.check(found, target)
    root = "/opt" if settings.layer else "/var/task"
    found += bytecode.compiled(found, target.python, root, (folder / "pyc").absolute(), report)
    notes = [_said(left_out)] if left_out else []
    told = [(one.path, _inside(one.source, folder), one.owner, one.executable) for one in found]
    text = json.dumps({"files": told, "notes": notes})
    (folder / "files.json").write_text(text, "utf-8")


def _inside(source: Path, folder: Path) -> str:
    """Relative, if it is in the folder, which gets another name when it is complete."""
    root = folder.absolute()
    return str(source.relative_to(root) if source.is_relative_to(root) else source)


def _said(left_out: Iterable[installed.Installed]) -> str:
    names = ", ".join(one.name for one in left_out)
    return f"left out, since the runtime has them: {names} (write boto3>=VERSION to take your own)"


def _identity(target: Target, given: Path | None) -> Iterator[str | int]:
    """What tells one interpreter from another."""
    path = given / f"bin/python{target.python}" if given else Path(find(target.python) or "")
    yield str(path)
    if path.is_file():
        yield path.stat().st_mtime_ns


def _local(lines: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """Files and folders on this machine that the requirements name, and what is in them."""
    for line in lines:
        path = path_in(line)
        if path.is_absolute() and path.exists():
            for one in (path, *path.glob("*")):
                status = one.stat()
                yield str(one), status.st_size, status.st_mtime_ns
