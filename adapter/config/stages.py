"""`[tool.adapter.stages.NAME]`: what of `[tool.adapter]` is another in one stage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .node import Node

DEFAULT = "dev"
"""The stage of a deployment that names none; `adapter.functions.environment()` without an alias."""

# A stage is an alias, which is no number:
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html. And its name is part of
# others, which are shorter.
_NAME = re.compile(r"(?!\d+$)[A-Za-z0-9_-]{1,32}")
VALUES = "settings"


def names(document: Node) -> tuple[str, ...]:
    """Of all stages that the file has, in its order. Raises ConfigError."""
    found = document.get("tool", "adapter", "stages").items()
    for name, node in found:
        checked(name, node)
        _check_letters(name, [other for other, _ in found], node)
    return tuple(name for name, _ in found)


def _check_letters(name: str, names: list[str], node: Node) -> None:
    """Raises ConfigError for two stages whose roles would have the same name.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html: case does not count
    """
    for other in names:
        if other != name and other.lower() == name.lower():
            raise node.error(f"{name!r} and {other!r} are the same to IAM: rename one of them")


def checked(name: str, node: Node) -> None:
    """Raises ConfigError for what can't be the name of a stage."""
    if not _NAME.fullmatch(name):
        raise node.error(
            f"{name!r:.60} is no name of a stage: letters, digits, - and _, up to 32, and not "
            "digits alone"
        )


def values(document: Node) -> dict[str, dict[str, str]]:
    """What `adapter.functions.setting` finds, by stage. Raises ConfigError."""
    found = document.get("tool", "adapter", "stages")
    return {name: schema.variables(found.get(name, VALUES)) for name in names(document)}


def of_stage(document: Node, stage: str) -> Node:
    """The document as the stage has it: tables are merged, everything else is replaced.

    Where there are several functions, keys of functions that stand in the stage itself are for
    each of them, and a table `functions.NAME` is for one. Raises ConfigError.
    """
    table, own = document.get("tool", "adapter"), document.get("tool", "adapter", "stages", stage)
    own.items()
    base = {key: value for key, value in (table.value or {}).items() if key != "stages"}
    changes = {key: value for key, value in (own.value or {}).items() if key != VALUES}
    if isinstance(base.get("functions"), dict):
        changes = _spread(base["functions"], changes)
    merged = {"adapter": _merged(base, changes)}
    return document.with_value(_merged(document.value or {}, {"tool": merged}, replace="tool"))


def _spread(functions: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of functions, moved from the stage into each function."""
    each = {key: value for key, value in changes.items() if key in schema.FUNCTION}
    rest = {key: value for key, value in changes.items() if key not in each}
    spread = {"functions": dict.fromkeys(functions, each)} if each else {}
    moved: dict[str, Any] = _merged(spread, rest)
    return moved


def _merged(base: Any, changes: Any, replace: str = "") -> Any:
    if not isinstance(base, dict) or not isinstance(changes, dict):
        return changes
    told = {
        key: value if key == replace else _merged(base.get(key), value)
        for key, value in changes.items()
    }
    return {**base, **told}
