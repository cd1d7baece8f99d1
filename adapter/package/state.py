"""What was built, in a file beside it: so that a second run does nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import Archive, Package, Part

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION = 1


def path_of(output: Path, name: str) -> Path:
    return output / f"{name}.json"


def write(output: Path, package: Package, dependencies: str) -> None:
    """dependencies: the key of their folder."""
    told = {"version": _VERSION, "dependencies": dependencies, "package": shown(package)}
    text = json.dumps(told, indent=2, ensure_ascii=False)
    path_of(output, package.name).write_text(f"{text}\n", "utf-8")


def shown(package: Package) -> dict[str, Any]:
    """As JSON has it."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(package), default=str))
    return found


def read(output: Path, name: str) -> Package | None:
    """The package as it was built last, its archives as not built; None if there is none.

    A file of another version, or one that somebody has broken, is none.
    """
    told = _read(path_of(output, name))
    try:
        return _package(told["package"]) if told else None
    except (KeyError, TypeError):
        return None


def dependencies(output: Path) -> Iterator[str]:
    """The keys of all packages here."""
    for path in output.glob("*.json"):
        if told := _read(path):
            yield told.get("dependencies", "")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) and told.get("version") == _VERSION else None


def _package(told: dict[str, Any]) -> Package:
    found = Package(**told)
    layer = _archive(told["layer"]) if told["layer"] else None
    return replace(
        found, function=_archive(told["function"]), layer=layer, notes=tuple(told["notes"])
    )


def _archive(told: dict[str, Any]) -> Archive:
    parts = tuple(Part(**part) for part in told["parts"])
    return Archive(**{**told, "path": Path(told["path"]), "parts": parts, "built": False})
