"""A function's layers on its search paths: on Lambda they are in /opt, here in their own folders.

On Lambda a file of a later layer replaces the same one of an earlier layer. Here a later layer's
folder is searched first, which is the same for whole modules, packages and programs.

https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..config import Function, Layer

_AFTER = ("PATH", "LD_LIBRARY_PATH")  # on Lambda layers are the last there, and else the first


def variables(function: Function, others: Mapping[str, str]) -> dict[str, str]:
    """The variables that have layers in them, with what `others` have there."""
    found: dict[str, str] = {}
    for name, folders in paths(function).items():
        parts = [os.pathsep.join(map(str, folders)), others.get(name, "")]
        ordered = reversed(parts) if name in _AFTER else parts
        if folders:
            found[name] = os.pathsep.join(part for part in ordered if part)
    return found


def paths(function: Function) -> dict[str, list[Path]]:
    """The folders of its layers that are there, by variable, in the order in which they count."""
    return {
        name: [
            folder
            for place in places
            for layer in reversed(function.layers)
            if (folder := inside(layer, place)) is not None and folder.is_dir()
        ]
        for name, places in _places(function.runtime).items()
    }


def _places(runtime: str) -> dict[str, list[str]]:
    """Folders in /opt, by variable. Python's are no PYTHONPATH there, but site directories."""
    places = {"PATH": ["bin"], "LD_LIBRARY_PATH": ["lib"]}
    if runtime.startswith("python"):
        places["PYTHONPATH"] = [f"python/lib/{runtime}/site-packages", "python"]
    if version := re.match(r"nodejs(\d+)", runtime):
        places["NODE_PATH"] = [f"nodejs/node{version[1]}/node_modules", "nodejs/node_modules"]
    return places


def inside(layer: Layer, place: str) -> Path | None:
    """Where a path of /opt is in the layer; None for one that it can't have."""
    path = PurePath(place)
    if not path.is_relative_to(layer.below):
        return None
    return _absolute(layer.folder) / path.relative_to(layer.below)


def code_of(function: Function) -> list[Path]:
    """The folders that hold its code, absolute: its own, and its layers'."""
    layers = [layer.folder for layer in function.layers]
    return [_absolute(folder) for folder in (function.folder, *layers)]


def bases(function: Function) -> list[Path]:
    """Those, and the ones in them from which modules are imported."""
    return [*code_of(function), *(path for found in paths(function).values() for path in found)]


def _absolute(folder: Path) -> Path:
    """Without "..", so that what is beside a folder doesn't seem to be in it."""
    return Path(os.path.abspath(folder))
