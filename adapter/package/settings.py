"""`[tool.adapter.package]` of `pyproject.toml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..config import schema
from ..config.pyproject import document
from ..config.schema import Key, flag, texts
from . import ARCHITECTURES

if TYPE_CHECKING:
    from pathlib import Path

    from ..config.node import Node

_VERSION = re.compile(r"3\.(1[1-9]|[2-9]\d)")


@dataclass(frozen=True)
class Settings:
    """What the project says of its package.

    architecture  "x86_64" or "arm64"
    layer         whether dependencies are in an archive of their own
    python        of provided.al2023: the version of the interpreter; "" for the running one
    exclude       patterns of files that are left out besides
    include       patterns of files that are in, whatever else is said; of packages' tests too
    """

    architecture: str = "x86_64"
    layer: bool = False
    python: str = ""
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


def _architecture(node: Node) -> str:
    return node.choice(ARCHITECTURES)


def version(node: Node) -> str:
    """Raises ConfigError for what is no version of Python from 3.11 on."""
    found = node.text()
    if not _VERSION.fullmatch(found):
        raise node.error(f'{found!r:.60} is no version of Python: write "3.13", at least "3.11"')
    return found


_PATTERNS = partial(Key, "list of text", texts)

KEYS = {
    "architecture": Key('`"x86_64"`, `"arm64"`', _architecture, "Of the function's processor"),
    "layer": Key("`true` or `false`", flag, "Whether dependencies are in a layer of their own"),
    "python": Key("text", version, "The interpreter's version, for `provided.al2023`"),
    "exclude": _PATTERNS("Files of yours that are left out besides"),
    "include": _PATTERNS(
        "Files that are in, whatever else is said: of yours, and tests of packages"
    ),
}


def read(path: Path) -> Settings:
    """Raises ConfigError."""
    return Settings(**schema.fields(document(path).get("tool", "adapter", "package"), KEYS))
