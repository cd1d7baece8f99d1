"""All that the page shows of one visit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import ResultError
from ...events import KINDS
from ...events.stream import decode_head
from ...percent import bytes_to_text
from ..inputs import pretty
from ..visit import KEPT
from .content import MOST, media_type_of, shown
from .history import body_of
from .rows import row, target_of, title_of
from .timeline import timeline
from .verdict import outcome_of, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...message import Headers, Request, Response
    from ..invocation import Invocation
    from ..visit import Visit
    from .history import Entry

_JSON = (("content-type", "application/json"),)


def detail(entry: Entry) -> dict[str, Any]:
    """The row, and what a click on it opens; each text has at most MOST bytes."""
    visit = entry.visit
    return {
        **row(entry),
        "title": title_of(visit.kind),
        "is_http": visit.kind in KINDS,
        "route": visit.route.key if visit.route else "",
        "parameters": dict(visit.parameters),
        "authorizer": None if visit.authorizer is None else _pretty(visit.authorizer),
        "timeline": timeline(visit),
        "verdict": verdict(visit),
        "request": _request(visit.request, target_of(visit)),
        "event": None if visit.event is None else shown(event_bytes(visit), _JSON),
        **_result(visit),
        "response": None if visit.response is None else _response(visit, visit.response),
        **_invocation(visit.invocation),
    }


def event_bytes(visit: Visit) -> bytes:
    """The event as JSON to read."""
    return pretty(visit.event)


PARTS: dict[str, Callable[[Visit], tuple[Headers, bytes]]] = {
    "request": lambda visit: (visit.request.headers, visit.request.body),
    "event": lambda visit: (_JSON, event_bytes(visit)),
    "result": lambda visit: (_JSON, visit.result),
    "response": lambda visit: (
        visit.response.headers if visit.response else (),
        body_of(visit.response),
    ),
}
"""What can be had as a file: its headers and its bytes."""


def file_name(visit: Visit, part: str) -> str:
    """request-8f0e1c2a.json"""
    headers, _ = PARTS[part](visit)
    ending = _ENDINGS.get(media_type_of(headers), "bin")
    safe = "".join(character for character in visit.id if character.isalnum())
    return f"{part}-{safe[:8]}.{ending}"


_ENDINGS = {
    "application/json": "json",
    "application/pdf": "pdf",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/webp": "webp",
    "text/csv": "csv",
    "text/html": "html.txt",  # it is somebody's data: no double click should run it
    "text/plain": "txt",
}


def pairs(headers: Headers) -> list[tuple[str, str]]:
    """Headers as text: their bytes as UTF-8, and what is none as lone surrogates."""
    return [(name, bytes_to_text(value.encode("latin-1", "replace"))) for name, value in headers]


def _request(request: Request, target: str) -> dict[str, Any]:
    return {
        "method": request.method,
        "target": target,
        "scheme": request.scheme,
        "http_version": request.http_version,
        "client": request.client[0] if request.client else "",
        "headers": pairs(request.headers),
        "body": shown(request.body, request.headers),
    }


def _response(visit: Visit, response: Response) -> dict[str, Any]:
    return {
        "status": response.status,
        "headers": pairs(response.headers),
        "body": _kept(visit, shown(body_of(response), response.headers)),
    }


def _result(visit: Visit) -> dict[str, Any]:
    """`result`; of a streamed one its head, and `streamed`, what came behind it."""
    if not is_streamed(visit):
        return {"result": shown(visit.result, _JSON) if visit.result else None, "streamed": None}
    try:
        head, body = decode_head(visit.result) or (None, visit.result)
    except ResultError:
        head, body = None, visit.result
    return {
        "result": None if head is None else shown(pretty(head), _JSON),
        "streamed": _kept(visit, shown(body)),
    }


def is_streamed(visit: Visit) -> bool:
    outcome = outcome_of(visit)
    return outcome is not None and outcome.stream is not None


def _kept(visit: Visit, told: dict[str, Any]) -> dict[str, Any]:
    """`lost` if there was more than the gateway keeps of a stream."""
    lost = is_streamed(visit) and len(visit.result) >= KEPT
    return {**told, "lost": lost}


def _invocation(invocation: Invocation | None) -> dict[str, Any]:
    if invocation is None:
        return {"log": [], "log_cut": False, "request_id": ""}
    lines = _newest(list(invocation.log))
    return {
        "log": lines,
        "log_cut": len(lines) < len(invocation.log),
        "request_id": invocation.id,
    }


def _newest(lines: list[str]) -> list[str]:
    """The last ones that fit."""
    left = MOST
    for number, line in enumerate(reversed(lines)):
        left -= len(line)
        if left < 0:
            return lines[len(lines) - number :]
    return lines


def _pretty(value: Any) -> str:
    return pretty(value).decode()
