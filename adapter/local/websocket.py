"""The local WebSocket API: clients → CONNECT, MESSAGE and DISCONNECT events → functions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response as HTTPResponse

from ..events._gateway import forwarded
from ..events.websocket import (
    connect_event,
    connection_of,
    disconnect_event,
    message_event,
    new_id,
)
from ..message import Request, Response
from .http_leg import request_of
from .visit import Visit
from .websocket_api import PATH, managed, refusal
from .websocket_client import GOING_AWAY, Client, Limits, SlowError
from .websocket_events import FAILED, FORBIDDEN, LATE, Events, NoAnswerError, frame
from .websocket_routes import CONNECT, DISCONNECT, Routes

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from ..config import API
    from .checks import Check
    from .process import Log
    from .visit import Watcher
    from .workers import Pool

_AT_ONCE = 1000  # messages of one client in functions, or on their way; the next ones wait
_END_S = 5.0  # for what is under way when the server stops

# The statuses of a handshake where a frame would say FAILED or LATE.
_HANDSHAKE = {FAILED: 502, LATE: 504}


class WebSockets:
    """An ASGI app that stands where a WebSocket API stands, before the functions of a project.

    checks    what is asked before $connect is, in this order: its authorizer, if it has one; the
              first Response that one of them gives refuses the client
    watchers  told of each event when it arrives, when it is answered, and when its function has
              done with it
    clients   those that were let in and are not gone, by their connections' ids

    Messages go to their functions in the order of their arrival, at once and without waiting for
    each other, as on AWS: with more than one environment a later one may be done earlier
    (https://serverlessland.com/patterns/apigw-websocket-sqs-lambda has a queue where that matters).
    The answer goes back to the sender, as with a route response: whether a route of the project's
    API has one is not looked at.

    Raises ConfigError for routes that lead nowhere.
    """

    def __init__(
        self,
        api: API,
        functions: Mapping[str, Pool],
        log: Log,
        watchers: Sequence[Watcher] = (),
        *,
        limits: Limits | None = None,
    ) -> None:
        self._routes = Routes(api, functions)
        self._log = log
        self._limits = limits or Limits()
        self._events = Events(functions, log, watchers, self._limits.answer)
        self.checks = self._checks_of(api, functions)
        self.clients: dict[str, Client] = {}
        self._stages = {
            path.strip("/"): stage or "local"
            for path, stage in (api.base_paths or {api.stage: api.stage}).items()
        }
        variables = dict(api.stage_variables)
        self._more: dict[str, Any] = {"stageVariables": variables} if variables else {}
        self._work: set[asyncio.Task[None]] = set()
        self._stopping = False

    def _checks_of(self, api: API, functions: Mapping[str, Pool]) -> tuple[Check, ...]:
        connect = self._routes.get(CONNECT)
        if connect is None or not connect.authorizer:
            return ()
        from .websocket_authorizer import Gate

        return (Gate(api, connect.authorizer, functions, self._events.refuse).refusal,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # A task of our own: the server's would be cut off when its connection is.
            await asyncio.shield(self._spawn(self._serve(scope, receive, send)))
            return
        try:
            answer = await self._over_http(HTTPRequest(scope, receive))
        except ClientDisconnect:  # in the middle of its upload: there is nobody to answer
            return
        await answer(scope, receive, send)

    async def stop(self) -> None:
        """Let nobody in any more, send everybody away, and tell the functions."""
        self._stopping = True
        await asyncio.gather(*(client.close(*GOING_AWAY) for client in self.clients.values()))
        if self._work:
            await asyncio.wait(self._work, timeout=_END_S)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    # HTTP

    async def _over_http(self, request: HTTPRequest) -> HTTPResponse:
        """The management API; whoever wants something else is to ask for an upgrade."""
        called = PATH.fullmatch(request.scope["path"])
        if called is None:
            self._log(
                f"adapter: {request.method} {request.scope['path']} is no WebSocket handshake; "
                f"clients connect to ws://{request.url.netloc}{self._path}"
            )
            return HTTPResponse(None, 426, {"Upgrade": "websocket", "Connection": "Upgrade"})
        if called[1] and called[1].strip("/") not in self._stages:
            return refusal(403, "ForbiddenException", "Forbidden")
        return await managed(request, called[2], self.clients, self._log)

    @property
    def _path(self) -> str:
        return "/" + min(self._stages)

    # A client

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        handshake = request_of({**scope, "method": "GET", "scheme": "http"}, b"", "")
        told = connection_of(handshake, self._stages.get(handshake.path.strip("/"), ""))
        client = Client(told, handshake, self._limits, receive, send)
        response = await self._connected(client)
        if not 200 <= response.status <= 299:
            await client.refuse(response)
            return
        self.clients[client.id] = client
        try:
            await client.accept(dict(response.headers).get("sec-websocket-protocol"))
            if self._stopping:
                await client.close(*GOING_AWAY)
            code, reason = await self._listen(client)
        finally:
            del self.clients[client.id]
        await self._disconnected(client, code, reason)

    async def _connected(self, client: Client) -> Response:
        """The answer to a handshake."""
        visit = Visit(client.request, "websocket", id=new_id())
        self._events.tell(visit)
        response = await self._checked(visit, client) or await self._let_in(visit, client)
        self._events.answered(visit, response)
        return response

    async def _checked(self, visit: Visit, client: Client) -> Response | None:
        if self._stopping:
            return Response(503)
        if not client.told["stage"]:
            reason = f"clients connect to {self._path}, not to {visit.request.path}"
            return self._events.refuse(visit, reason, FORBIDDEN[0], b"Forbidden")
        visit.route = self._routes.get(CONNECT)
        visit.event = connect_event(forwarded(visit.request), client.told, **self._more)
        for check in self.checks:
            refused = await check(visit)
            if refused is not None:
                return refused
        if visit.authorizer is not None:
            client.told["authorizer"] = visit.authorizer
        return None

    async def _let_in(self, visit: Visit, client: Client) -> Response:
        if visit.route is None:
            return Response(200)
        if visit.authorizer is not None:
            visit.event["requestContext"]["authorizer"] = visit.authorizer
        self._events.begin(visit, visit.route, visit.event)
        try:
            return _handshaken(await self._events.result(visit))
        except NoAnswerError as error:
            return self._events.refuse(visit, str(error), _HANDSHAKE[error.case])

    async def _listen(self, client: Client) -> tuple[int, str]:
        """Take messages until the connection ends: with this code and reason."""
        places = asyncio.Semaphore(_AT_ONCE)
        while True:
            message = await client.next()
            if isinstance(message, tuple):
                return message
            await places.acquire()
            visit = self._visit(client, "MESSAGE", message)
            answering = self._spawn(self._answer(visit, client, self._taken(visit, client)))
            answering.add_done_callback(lambda _: places.release())

    def _taken(self, visit: Visit, client: Client) -> bool:
        """Hand a message to its function, now: they keep their order. Whether there is one."""
        message = visit.request.body.decode()
        route = self._routes.of(message)
        if route is not None:
            self._events.begin(
                visit, route, message_event(message, route.key, client.told, **self._more)
            )
        return route is not None

    async def _answer(self, visit: Visit, client: Client, taken: bool) -> None:
        """Send back what the function says."""
        if taken:
            try:
                response = await self._events.result(visit)
            except NoAnswerError as error:
                response = self._refuse(visit, client, str(error), error.case)
        else:
            reason = "no route matches the message, and there is no $default"
            response = self._refuse(visit, client, reason, FORBIDDEN)
        await self._send(client, b"".join(response.body).decode())
        self._events.answered(visit, response)

    def _refuse(self, visit: Visit, client: Client, reason: str, case: tuple[int, str]) -> Response:
        status, message = case
        return self._events.refuse(visit, reason, status, frame(message, client.id, visit))

    async def _send(self, client: Client, text: str) -> None:
        if text:
            try:
                await client.post(text)
            except SlowError:
                self._log(f"adapter: {client.id} does not read its messages; one was lost")

    async def _disconnected(self, client: Client, code: int, reason: str) -> None:
        visit = self._visit(client, "DISCONNECT")
        response = Response(200)
        route = self._routes.get(DISCONNECT)
        if route is not None:
            self._events.begin(
                visit, route, disconnect_event(code, reason, client.told, **self._more)
            )
            try:
                response = await self._events.result(visit)
            except NoAnswerError as error:
                response = self._events.refuse(visit, str(error), error.case[0])
        self._events.answered(visit, response)

    def _visit(self, client: Client, kind: str, message: str = "") -> Visit:
        """A visit for what is no HTTP request; its method says what it is."""
        shake = client.request
        request = Request(
            kind, shake.path, body=message.encode(), client=shake.client, server=shake.server,
            scheme=shake.scheme,
        )  # fmt: skip
        visit = Visit(request, "websocket", id=new_id(), authorizer=client.told.get("authorizer"))
        self._events.tell(visit)
        return visit


def _handshaken(response: Response) -> Response:
    """The response, less the headers that a handshake has no use for. Raises NoAnswerError."""
    headers = dict(response.headers)
    protocol = headers.get("sec-websocket-protocol", "")
    if not (protocol.isascii() and protocol.isprintable()):
        raise NoAnswerError(FAILED, f"the subprotocol {protocol!r} is no HTTP token")
    kept = ("sec-websocket-protocol", "content-type")
    pairs = tuple((name, headers[name]) for name in kept if headers.get(name))
    return Response(response.status, pairs, response.body)
