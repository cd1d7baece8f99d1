"""A request at the local gateway in one line, and as an object for machines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .visit import Visit

_COLOURS = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}
_MOST = 200  # characters of a URL


def line_of(visit: Visit) -> str:
    """'14:03:11 200 GET /items?x=1 12 ms', and the cold start and the function if there are any."""
    status = visit.response.status if visit.response else 0
    pieces = [
        click.style(time.strftime("%H:%M:%S", time.localtime(visit.arrived)), fg="bright_black"),
        click.style(str(status or "---"), fg=_COLOURS.get(status // 100), bold=True),
        *_what(visit),
        click.style(_duration(visit.seconds), fg="bright_black"),
    ]
    init = _init_ms(visit)
    if visit.kind in ("invoke", "schedule") and visit.reason:
        pieces.append(click.style(visit.reason, fg="red"))
    if init is not None:
        pieces.append(click.style(f"(cold start {_duration(init / 1000)})", fg="magenta"))
    return " ".join(pieces)


def _what(visit: Visit) -> tuple[str, str]:
    """What was asked for: of a function, by a schedule, of a WebSocket API's route, of a URL."""
    if visit.kind == "invoke":
        return "invoke", visit.function
    if visit.kind == "schedule":
        return "schedule", visit.request.path.rpartition("/")[2]
    if visit.kind == "websocket" and visit.route is not None:
        connects = visit.request.method == "GET"
        return "CONNECT" if connects else visit.request.method, visit.route.key
    return visit.request.method, _url(visit)


def fields_of(visit: Visit) -> dict[str, Any]:
    """The same as an object of JSON. Times are in milliseconds."""
    request, init = visit.request, _init_ms(visit)
    return {
        "id": visit.id,
        "kind": visit.kind,
        "function": visit.function,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "status": visit.response.status if visit.response else None,
        "duration_ms": round(visit.seconds * 1000, 2),
        **({"init_ms": round(init, 2)} if init is not None else {}),
        "reason": visit.reason,
    }


def _init_ms(visit: Visit) -> float | None:
    return visit.invocation.init_ms if visit.invocation else None


def _url(visit: Visit) -> str:
    """As it was sent, and cut."""
    path, query = visit.request.path, visit.request.query
    url = f"{path}?{query}" if query else path
    return url if len(url) <= _MOST else url[: _MOST - 1] + "…"


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
