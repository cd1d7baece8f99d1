"""The inspector's server: the page, what it reads, and what it can do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request as HTTPRequest
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ...events import KINDS
from ...message import Request
from ..server import origin
from . import PATH, is_below, resend
from .content import IMAGES, media_type_of
from .convert import event_as, side_by_side
from .curl import curl
from .detail import PARTS, detail, event_bytes, file_name
from .guard import FOREIGN_POLICY, guarded, refusal
from .live import messages, state
from .pytest_case import NoCopy, pytest_case
from .rows import title_of, to_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from ...config import API, Project
    from ..visit import Visit
    from .history import Entry, History

    Sender = Callable[[Request, Mapping[str, str]], Awaitable[Visit]]

_STATIC = Path(__file__).with_name("static")
_LONGEST = 16 << 20
"""Bytes that the page may send: a body of 6 MB in base64, with room."""
_LONGEST_LINE = 20_000
"""Characters of a line of an event beside another: of a body, say."""


class Inspector:
    """An ASGI app that answers at /_adapter and below; `otherwise` answers everywhere else.

    history  that the gateway's visits are in
    send     puts a request through the gateway and returns its visit
    project  whose API and functions these are
    hosts    names besides localhost and IP addresses at which the user opens the page
    gateway  (host, port) of the gateway, if the inspector is served somewhere else
    """

    def __init__(
        self,
        history: History,
        otherwise: ASGIApp,
        send: Sender,
        project: Project,
        hosts: Collection[str] = (),
        gateway: tuple[str, int] | None = None,
    ) -> None:
        self._history = history
        self._otherwise = otherwise
        self._send = send
        self._project = project
        self._hosts = frozenset(host.lower() for host in hosts)
        self._gateway = gateway
        self._app = Starlette(
            routes=[Route(PATH, _page), Mount(PATH, routes=self._routes())],
            exception_handlers={HTTPException: _problem},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_below(scope["path"]):
            await self._otherwise(scope, receive, send)
            return
        reason = refusal(scope, self._hosts)
        app = _error(403, reason) if reason else self._app
        await app(scope, receive, guarded(send))

    def _routes(self) -> list[Route | Mount]:
        return [
            Route("/", _page),
            Mount("/static", StaticFiles(directory=_STATIC)),
            Route("/live", self._live),
            Route("/visits", self._visits),
            Route("/visits/{id}", self._visit),
            Route("/visits/{id}/as/{kind}", self._as),
            Route("/visits/{id}/copy/{form}", self._copy),
            Route("/visits/{id}/replay", self._replay, methods=["POST"]),
            Route("/visits/{id}/{part}/file", self._file),
            Route("/visits/{id}/{part}/image", self._image),
            Route("/send", self._send_edited, methods=["POST"]),
            Route("/clear", self._clear, methods=["POST"]),
        ]

    # What there is

    async def _live(self, request: HTTPRequest) -> Response:
        last = request.headers.get("last-event-id") or request.query_params.get("since", "")
        stream = messages(self._history, last, self._about(request))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def _visits(self, request: HTTPRequest) -> Response:
        return _json({**state(self._history, 0), **self._about(request)})

    async def _visit(self, request: HTTPRequest) -> Response:
        return _json(detail(self._entry(request)))

    def _about(self, request: HTTPRequest) -> dict[str, Any]:
        """What the page says of the gateway."""
        api = self._project.api
        stage = f"/{api.stage}" if api.stage else ""
        host = request.headers.get("host", "")
        if self._gateway is not None:
            host = origin(*self._gateway)
        return {
            "about": {
                "targets": [function.handler for function in self._project.functions.values()],
                "kind": api.kind,
                "title": title_of(api.kind),
                "kinds": [[kind, title_of(kind)] for kind in KINDS],
                "host": host,
                "url": f"{request.url.scheme}://{host}{stage}/",
            }
        }

    def _entry(self, request: HTTPRequest) -> Entry:
        entry = self._history.entry(request.path_params["id"])
        if entry is None:
            raise HTTPException(404, "This request is not kept any more.")
        return entry

    # Its parts, and other forms of it

    async def _file(self, request: HTTPRequest) -> Response:
        visit, part = self._part(request)
        _, data = PARTS[part](visit)
        told = {"content-disposition": f'attachment; filename="{file_name(visit, part)}"'}
        return _foreign(data, "application/octet-stream", told)

    async def _image(self, request: HTTPRequest) -> Response:
        visit, part = self._part(request)
        headers, data = PARTS[part](visit)
        media_type = media_type_of(headers)
        if media_type not in IMAGES:
            raise HTTPException(404, "This is no image.")
        encoding = {k: v for k, v in headers if k == "content-encoding"}
        return _foreign(data, media_type, encoding)

    def _part(self, request: HTTPRequest) -> tuple[Visit, str]:
        part = request.path_params["part"]
        if part not in PARTS:
            raise HTTPException(404, f"A request has no {part[:40]}.")
        return self._entry(request).visit, part

    async def _as(self, request: HTTPRequest) -> Response:
        visit, kind = self._entry(request).visit, request.path_params["kind"]
        if kind not in KINDS or visit.kind not in KINDS:
            raise HTTPException(404, "This is no request of a front end, or there is none such.")
        return _json(await run_in_threadpool(_compared, visit, kind, self._project.api))

    async def _copy(self, request: HTTPRequest) -> Response:
        form = request.path_params["form"]
        if form not in _COPIES:
            raise HTTPException(404, f"There is no copy as {form[:40]}.")
        visit = self._entry(request).visit
        try:
            text = _COPIES[form](visit, self._target(visit))
        except NoCopy as reason:
            raise HTTPException(409, f"No copy: {reason}.") from None
        return _json({"text": text})

    def _target(self, visit: Visit) -> str:
        """What the visit's function is in Python; '' for another runtime's."""
        function = self._project.functions.get(visit.function)
        if function is None and not visit.function and len(self._project.functions) == 1:
            function = next(iter(self._project.functions.values()))
        return function.handler if function and function.runtime.startswith("python") else ""

    # What it does

    async def _replay(self, request: HTTPRequest) -> Response:
        visit = self._entry(request).visit
        if visit.kind not in KINDS:
            raise HTTPException(409, f"A request to the {title_of(visit.kind)} is not replayed.")
        return _json({"id": (await self._send(visit.request, visit.spelling)).id})

    async def _send_edited(self, request: HTTPRequest) -> Response:
        told = await _told(request)
        like = self._history.find(str(told.get("like", ""))) if isinstance(told, dict) else None
        try:
            edited = resend.request_of(told, like.request if like else self._own(request))
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return _json({"id": (await self._send(edited, like.spelling if like else {})).id})

    def _own(self, request: HTTPRequest) -> Request:
        """A request of the page's own, for what another doesn't tell."""
        server = self._gateway or tuple(request.scope["server"])
        stage = self._project.api.stage
        client = request.scope["client"]
        root_path = f"/{stage}" if stage else ""
        scheme = request.url.scheme
        return Request("GET", "/", root_path=root_path, client=client, server=server, scheme=scheme)

    async def _clear(self, request: HTTPRequest) -> Response:
        self._history.clear()
        return _json({})


async def _page(request: HTTPRequest) -> Response:
    return FileResponse(_STATIC / "index.html", headers={"cache-control": "no-cache"})


def _compared(visit: Visit, kind: str, api: API) -> dict[str, Any]:
    other = event_as(visit, kind, api)
    ours = visit.event if visit.event is not None else event_as(visit, visit.kind, api)
    rows = [
        (mark, left[:_LONGEST_LINE], right[:_LONGEST_LINE])
        for mark, left, right in side_by_side(ours, other)
    ]
    return {"kind": kind, "title": title_of(kind), "rows": rows}


def _event(visit: Visit) -> str:
    if visit.event is None:
        raise NoCopy("no event was made of this request")
    return event_bytes(visit).decode()


_COPIES: dict[str, Callable[[Visit, str], str]] = {
    "curl": lambda visit, _: curl(visit.request),
    "event": lambda visit, _: _event(visit),
    "pytest": pytest_case,
}


async def _told(request: HTTPRequest) -> Any:
    """The JSON of a POST. Raises HTTPException."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > _LONGEST:
            raise HTTPException(413, f"The request has over {_LONGEST:,} bytes.")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"This is no JSON: {error}") from None


def _json(value: Any) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(to_json(value), media_type="application/json", headers=headers)


def _foreign(data: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """Bytes that are the app's or a client's."""
    told = {"content-security-policy": FOREIGN_POLICY, "cache-control": "no-store", **headers}
    response = Response(data, headers=told)
    response.headers["content-type"] = media_type  # as it is: no charset
    return response


def _error(status: int, text: str) -> Response:
    return Response(to_json({"error": text}), status, media_type="application/json")


async def _problem(request: HTTPRequest, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _error(error.status_code, error.detail)
