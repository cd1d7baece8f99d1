"""Where the time went: the marks of a visit as stretches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..visit import Visit

# Name, the mark at which it begins (None for the arrival), and the marks of which the first that
# there is ends it.
_STRETCHES: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
    ("front end", None, ("invoked", "answered")),
    ("waiting", "invoked", ("begun", "answered")),
    ("function", "begun", ("answered", "over")),
    ("sending", "answered", ("sent",)),
    ("after", "answered", ("over",)),
)
_UNSEEN_MS = 0.05
_OPTIONAL = ("waiting", "after")


def timeline(visit: Visit) -> list[dict[str, Any]]:
    """[{name, from, to}] in milliseconds from the arrival; `to` is null for what goes on.

    front end  routes, authorizers, limits, and the making of the event
    cold       waiting for an environment that had to start; `waiting` for one that was busy
    function   until its result or the first bytes of a stream
    sending    until the client had the last byte
    after      what the function did after its answer, beside `sending`
    """
    marks = _marks(visit)
    found = [_stretch(visit, marks, *row) for row in _STRETCHES if _has_begun(marks, *row[:2])]
    return [it for it in found if it["name"] not in _OPTIONAL or not _is_short(it)]


def _marks(visit: Visit) -> dict[str, float]:
    """The visit's, and when its environment took it, which the invocation tells."""
    if visit.invocation is None or not visit.invocation.begun or "invoked" not in visit.marks:
        return visit.marks
    begun = max(visit.invocation.begun - visit.arrived, visit.marks["invoked"])
    return {"begun": min(begun, visit.marks.get("answered", begun)), **visit.marks}


def _has_begun(marks: dict[str, float], name: str, start: str | None) -> bool:
    if name == "after" and "invoked" not in marks:  # no function was asked
        return False
    return start is None or start in marks


def _stretch(
    visit: Visit, marks: dict[str, float], name: str, start: str | None, ends: tuple[str, ...]
) -> dict[str, Any]:
    begun = marks[start] if start else 0.0
    end = next((marks[mark] for mark in ends if mark in marks), None)
    if name == "waiting" and _was_cold(visit, begun, end):
        name = "cold"
    return {"name": name, "from": _ms(begun), "to": _ms(end)}


def _was_cold(visit: Visit, begun: float, end: float | None) -> bool:
    """Whether it waited for a start; nobody did for the first one of all, before the request."""
    init = visit.invocation.init_ms if visit.invocation else None
    return init is not None and end is not None and (end - begun) * 1000 > init / 2


def _is_short(stretch: dict[str, Any]) -> bool:
    return stretch["to"] is not None and stretch["to"] - stretch["from"] < _UNSEEN_MS


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
