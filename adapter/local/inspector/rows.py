"""A visit in one line: what the list shows of it. Small, for it is sent at each change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .verdict import broke_off

if TYPE_CHECKING:
    from ..visit import Visit
    from .history import Entry

TITLES = {
    "http_api": "HTTP API",
    "http_api_v1": "HTTP API, payload 1.0",
    "rest_api": "REST API",
    "function_url": "Function URL",
    "alb": "Load balancer",
    "alb_multi": "Load balancer, multi-value",
    "vpc_lattice": "VPC Lattice, version 1",
    "vpc_lattice_v2": "VPC Lattice",
    "lambda_edge": "Lambda@Edge",
    "invoke": "Invoke API",
    "schedule": "Schedule",
    "websocket": "WebSocket API",
}
"""What the page calls a kind."""

_LONGEST = 400  # characters of a path


def title_of(kind: str) -> str:
    return TITLES.get(kind, kind)


def to_json(value: Any) -> bytes:
    """JSON in ASCII: whatever a client sent, lone surrogates included, is no matter then."""
    return json.dumps(value, separators=(",", ":")).encode()


def row(entry: Entry) -> dict[str, Any]:
    """What the list shows. Times are in milliseconds, `at` since 1970; null for not yet."""
    visit = entry.visit
    status = visit.response.status if visit.response else None
    # A function that was called and failed answers 200 all the same; only then there is a reason.
    is_bad = visit.kind in ("invoke", "schedule") or (status or 0) >= 400
    return {
        "id": visit.id,
        "number": entry.number,
        "version": entry.version,
        "at": round(visit.arrived * 1000),
        "kind": visit.kind,
        "method": visit.request.method,
        "path": _cut(target_of(visit)),
        "status": status,
        "ms": milliseconds(visit),
        "init": visit.invocation.init_ms if visit.invocation else None,
        "function": visit.function,
        "refused": (bool(visit.reason) and is_bad) or broke_off(visit),
        "noted": bool(visit.reason) and not is_bad,
        "over": is_over(visit),
    }


def target_of(visit: Visit) -> str:
    """Path and query."""
    request = visit.request
    return f"{request.path}?{request.query}" if request.query else request.path


def milliseconds(visit: Visit) -> float | None:
    """From the arrival to the last byte; of one that is not sent yet, to the first."""
    seconds = visit.marks.get("sent", visit.marks.get("answered"))
    return None if seconds is None else round(seconds * 1000, 3)


def is_over(visit: Visit) -> bool:
    """Whether nothing more will happen."""
    if visit.invocation is None:
        return visit.response is not None
    return "over" in visit.marks


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
