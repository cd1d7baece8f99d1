"""An HTTP server around an ASGI app, for the clients' leg."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

_GRACE_S = 1.0  # for the requests in flight

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
MESSAGE_LIMIT = 128 << 10
FRAME_LIMIT = 32 << 10


def origin(host: str, port: int) -> str:
    """What stands in a URL for an address: an IPv6 one has brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class HangUp(Exception):  # noqa: N818  # what is to be done, not what went wrong
    """An app raises it to close a connection in the middle of its answer."""


def _unexpected(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HangUp | UnicodeDecodeError))


# uvicorn writes a traceback of whatever an app raises, and of text frames that are no UTF-8: the
# one is meant, the other is a client's.
logging.getLogger("uvicorn.error").addFilter(_unexpected)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections: of IPv6 if the host has colons. Raises OSError.

    It is made with IPPROTO_TCP: asyncio sets TCP_NODELAY only on such sockets, and without it a
    keep-alive connection stalls 44 ms for each request.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:  # as asyncio's own servers have it, uvicorn's among them
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        made.bind((host, port))
        made.listen(2048)
    except OSError:
        made.close()
        raise
    return made


SPELLING = "adapter.spelling"
"""An extension of the scope: how the client wrote the names of its headers, by the lower case."""


def spelling_of(scope: Any) -> dict[str, str]:
    """Of a request that another server than ours took nothing is known."""
    extensions = scope.get("extensions") or {}
    found: dict[str, str] = extensions.get(SPELLING, {})
    return found


class _Protocol(HttpToolsProtocol):
    """Without the trailers of chunked bodies, which uvicorn takes for headers (RFC 9110, 6.5.1).

    And with the spelling of names, which some events keep.
    """

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._spelling: dict[object, object] = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        spelled = name.decode("latin-1")
        self._spelling.setdefault(spelled.lower(), spelled)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.scope["headers"] = list(self.headers)  # the app has not begun yet
        self.scope["extensions"] = {SPELLING: self._spelling}


class Server:
    """Serves `app` at `host:port`, from start to stop; port 0 takes a free one.

    listening   a socket of `listen`, in place of host and port
    websockets  take WebSocket clients too, within the limits of API Gateway: for WebSockets.stop()
                to be called before this one's

    uvicorn's protocol, without its signal handlers and its default headers.
    """

    def __init__(
        self,
        app: Any,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        websockets: bool = False,
        listening: socket.socket | None = None,
    ) -> None:
        self._socket = listening or listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.address = origin(host, self.port)
        self._state = ServerState()
        self._config = uvicorn.Config(
            app,
            access_log=False,
            http=_Protocol,
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            timeout_keep_alive=3600,
            ws="websockets-sansio" if websockets else "none",
            # A tuple goes through to the websockets package, which closes with the code 1009.
            ws_max_size=(MESSAGE_LIMIT, FRAME_LIMIT),  # type: ignore[arg-type]
            ws_per_message_deflate=False,
            ws_ping_interval=None,
        )

    async def start(self) -> None:
        self._config.load()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, sock=self._socket)

    def _protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self._config.http_protocol_class(  # type: ignore[call-arg]
            config=self._config,
            server_state=self._state,
            app_state={},
        )
        return protocol

    async def stop(self) -> None:
        """Take no more requests, give those in flight a moment, and hang up on the rest."""
        self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        await self.finished()
        for connection in list(self._state.connections):
            connection.transport.abort()

    async def finished(self) -> None:
        """Wait for the requests in flight, but not long."""
        tasks = list(self._state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE_S)
