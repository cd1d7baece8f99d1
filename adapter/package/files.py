"""Which files of the app's folder go into the package, and which of this package."""

from __future__ import annotations

import json
import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from . import OURS, YOURS, File, PackageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .settings import Settings

FOLDERS = {"__pycache__", "node_modules", "site-packages", "tests"}
"""Folders that are left out at any depth, as hidden ones and virtual environments are."""

TOP_FOLDERS = {"build", "dist", "venv", "env"}
"""Folders that are left out where the app is."""

SUFFIXES = (".pyc", ".pyo", ".whl", ".egg-info", ".dist-info")

_LAPTOP = {
    "bench", "check", "cli", "config", "deploy", "local", "package", "report", "testing",
    "requests", "__main__", "__pycache__",
}  # fmt: skip
_PROGRAMS = {"bootstrap", "exec-wrapper"}
_SETTINGS = "adapter-settings.json"  # adapter.functions.settings_file reads it


def of_app(folder: Path, settings: Settings, output: Path | None = None) -> tuple[File, ...]:
    """The app's files, by their paths. Raises PackageError.

    output  a folder of archives, which is none of them
    """
    seen = {one.resolve() for one in (folder, output) if one is not None}
    found = (
        File(path, source, YOURS, _is_executable(source))
        for path, source in _walk(folder, "", seen, settings, left_out=False)
    )
    return tuple(sorted(found, key=lambda file: file.path))


def of_adapter(include: tuple[str, ...] = ()) -> tuple[File, ...]:
    """The part of this package that runs on Lambda, of the installation that is running.

    include  patterns: those that begin with adapter/ bring more of it
    """
    root = Path(__file__).parents[1]
    more = tuple(pattern for pattern in include if pattern.startswith("adapter/"))
    return tuple(
        File(path, source, OURS, source.name in _PROGRAMS)
        for source in sorted(root.rglob("*"))
        if source.is_file()
        for path in (f"adapter/{source.relative_to(root).as_posix()}",)
        if _runs_on_lambda(source.relative_to(root).parts)
        or (path.endswith(".py") and matches(path, more))
    )


def _runs_on_lambda(parts: tuple[str, ...]) -> bool:
    if parts[0].partition(".")[0] in _LAPTOP or "__pycache__" in parts:
        return False
    return parts[-1].endswith(".py") or parts[-1] in _PROGRAMS


def bootstrap() -> File:
    """What provided.al2023 starts."""
    source = Path(__file__).parents[1] / "runtime" / "bootstrap"
    return File("bootstrap", source, OURS, executable=True)


def of_settings(values: Mapping[str, Mapping[str, str]], output: Path) -> tuple[File, ...]:
    """What `adapter.functions.setting` finds by alias: a file that is made in a folder of output.

    None without values.
    """
    found = {alias: texts for alias, texts in sorted(values.items()) if texts}
    if not found:
        return ()
    place = output / "settings" / _SETTINGS
    place.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False)
    place.write_text(f"{text}\n", "utf-8")
    return (File(_SETTINGS, place, YOURS),)


def _walk(
    folder: Path, prefix: str, above: set[Path], settings: Settings, *, left_out: bool
) -> Iterator[tuple[str, Path]]:
    """(path, file), with links followed; one that leads back up is passed over."""
    for entry in sorted(folder.iterdir()):
        path = f"{prefix}{entry.name}"
        _checked(path, folder)
        out = left_out or _is_left_out(path, entry, settings.exclude)
        brought = matches(path, settings.include)
        if entry.is_dir():
            real = entry.resolve()
            if real not in above and (not out or _may_hold(path, settings.include)):
                inside = out and not brought
                yield from _walk(entry, f"{path}/", above | {real}, settings, left_out=inside)
        elif entry.is_file() and (brought or not out):
            yield path, entry


def _is_left_out(path: str, entry: Path, exclude: tuple[str, ...]) -> bool:
    name = entry.name
    if name.startswith(".") or name.endswith(SUFFIXES) or matches(path, exclude):
        return True
    if not entry.is_dir():
        return False
    return name in FOLDERS or path in TOP_FOLDERS or (entry / "pyvenv.cfg").exists()


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern is for this path or for a folder above it.

    `*` is any text, slashes too. A pattern without a slash is for a name at any depth.
    """
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return any(
        fnmatchcase(
            one if "/" in pattern.strip("/") else one.rpartition("/")[2], pattern.strip("/")
        )
        for pattern in patterns
        for one in above
    )


def _may_hold(path: str, include: tuple[str, ...]) -> bool:
    """Whether something in a folder that is left out may be wanted: those are walked alone."""
    depth = path.count("/") + 1
    for pattern in include:
        parts = pattern.strip("/").split("/")
        if len(parts) > 1 and fnmatchcase(path, "/".join(parts[:depth])):
            return True
    return matches(path, include)


def _checked(path: str, folder: Path) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise PackageError(
            f"the name of {os.fsencode(path)!r} in {folder} is no UTF-8: rename or exclude it"
        ) from None


def _is_executable(source: Path) -> bool:
    return bool(source.stat().st_mode & 0o100)
