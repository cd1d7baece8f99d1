"""A plan as people and programs read it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from rich.text import Text

from . import Sub

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from . import Action, Change
    from .deployment import Deployment

_SIGNS = {"create": "+", "change": "~", "keep": "=", "delete": "-"}
_STYLES = {"create": "green", "change": "yellow", "keep": "dim", "delete": "red"}
_DONE: dict[Action, str] = {
    "create": "to create",
    "change": "to change",
    "keep": "left as is",
    "delete": "to delete",
}

# Values of variables may be secret, so that only their names are shown.
_HIDDEN = ("Variables",)
_LONGEST = 60
_BEFORE = 12  # of what two long texts have in common


def table(changes: list[Change]) -> Text:
    """A line for each resource, and below it what is different."""
    rows = [(_SIGNS[one.action], one.kind.replace("_", " "), one.name) for one in changes]
    widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
    found = Text()
    for change, row in zip(changes, rows, strict=True):
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines = [cells.rstrip(), *(f"     {line}" for line in _details(change))]
        found.append("".join(f"{line}\n" for line in lines), _STYLES[change.action])
    return found


def summary(changes: Iterable[Change]) -> str:
    """2 to create, 1 to change, 5 left as is."""
    counted = Counter(change.action for change in changes)
    return ", ".join(f"{counted[action]} {_DONE[action]}" for action in _DONE if counted[action])


def document(deployment: Deployment, changes: Iterable[Change]) -> dict[str, Any]:
    """As JSON has it: action, kind, name and what is different, by path: [is, is to be]."""
    return {
        "app": deployment.app,
        "stage": deployment.stage,
        "plan": [
            {
                "action": change.action,
                "kind": change.kind,
                "name": change.name,
                "differences": {path: [is_, to_be] for path, is_, to_be in parts(change)},
            }
            for change in changes
        ],
    }


def _details(change: Change) -> list[str]:
    if change.action == "change" and change.found and not change.found.id:
        return ["is there, but not in this stage yet"]
    return [f"{path}: {is_} → {to_be}" for path, is_, to_be in parts(change)]


def parts(change: Change) -> Iterator[tuple[str, str, str]]:
    """(path, what it is, what it is to be) of each difference, as deep as both are mappings."""
    for key, (is_, to_be) in change.differences.items():
        yield from _parts((key,), is_, to_be)


def _parts(path: tuple[str, ...], is_: Any, to_be: Any) -> Iterator[tuple[str, str, str]]:
    if path[-1] in _HIDDEN:
        yield from _names(path, is_ or {}, to_be or {})
    elif all(isinstance(side, dict | None) for side in (is_, to_be)) and (is_ or to_be):
        # Also where one side is missing: below it there may be what is hidden.
        is_, to_be = is_ or {}, to_be or {}
        for key in {**is_, **to_be}:
            if is_.get(key) != to_be.get(key):
                yield from _parts((*path, key), is_.get(key), to_be.get(key))
    else:
        yield ".".join(path), *_sides(_text(is_), _text(to_be))


def _names(
    path: tuple[str, ...], is_: Mapping[str, Any], to_be: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    for key in {**is_, **to_be}:
        if is_.get(key) != to_be.get(key):
            words = ("set" if key in side else "not set" for side in (is_, to_be))
            before, after = words
            yield ".".join((*path, key)), before, "another value" if before == after else after


def _sides(is_: str, to_be: str) -> tuple[str, str]:
    """Of long texts the part that is different, not a beginning that both have."""
    if max(len(is_), len(to_be)) <= _LONGEST:
        return is_, to_be
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(is_, to_be, strict=False))
    start = max(sum(1 for _ in alike) - _BEFORE, 0)
    return _cut(is_, start), _cut(to_be, start)


def _cut(text: str, start: int) -> str:
    text = f"…{text[start:]}" if start else text
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    return value.text if isinstance(value, Sub) else str(value)
