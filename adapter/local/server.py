"""An HTTP server around an ASGI app, for the clients' leg."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import uvicorn
from uvicorn.server import ServerState

_GRACE_S = 1.0  # for the requests in flight


class HangUp(Exception):  # noqa: N818  # what is to be done, not what went wrong
    """An app raises it to close a connection in the middle of its answer."""


def _unexpected(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HangUp))


# uvicorn writes a traceback of whatever an app raises; this one is meant.
logging.getLogger("uvicorn.error").addFilter(_unexpected)


class Server:
    """Serves `app` at `host:port`, from start to stop; port 0 takes a free one.

    uvicorn's protocol, without its signal handlers and its default headers. The socket is made
    with IPPROTO_TCP: asyncio sets TCP_NODELAY only on such sockets, and without it a keep-alive
    connection stalls 44 ms for each request.
    """

    def __init__(self, app: Any, host: str = "127.0.0.1", port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
            self._socket.listen(2048)
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self.address = f"{host}:{self.port}"
        self._state = ServerState()
        self._config = uvicorn.Config(
            app,
            access_log=False,
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            timeout_keep_alive=3600,
            ws="none",
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
