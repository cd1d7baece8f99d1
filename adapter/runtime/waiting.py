"""Sockets that let the event loop go on with others while they wait."""

from __future__ import annotations

import asyncio
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .sockets import Socket


class Waiting(asyncio.Protocol):
    """A connection as asyncio's transports have it: `sock_recv` would register it each time."""

    _transport: asyncio.Transport
    _until: float | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._data = b""
        self._over = False
        self._news: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    async def send(self, *parts: bytes) -> None:
        if self._over:
            raise ConnectionResetError("the connection was closed")
        for part in parts:
            self._transport.write(part)
        if self._room is not None:
            await self._in_time(self._room)

    async def receive(self, size: int) -> bytes:
        while not self._data and not self._over:
            self._news = self._loop.create_future()
            await self._in_time(self._news)
        data, self._data = self._data[:size], self._data[size:]
        return data

    async def _in_time(self, future: asyncio.Future[None]) -> None:
        """Raises TimeoutError, which is an OSError."""
        if self._until is None:
            await future
        else:
            await asyncio.wait_for(future, max(0.0, self._until - time.time()))

    def limit(self, until: float) -> None:
        """From now on calls give up at `until`, as `time.time()` tells it."""
        self._until = until

    @property
    def closed(self) -> bool:
        return self._over

    def close(self) -> None:
        if self._until is None or self._until > time.time():
            self._transport.close()
        else:
            self._transport.abort()  # what waits to be sent is given up

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        _wake(self._news)

    def eof_received(self) -> bool:
        self._over = True
        _wake(self._news)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._over = True
        _wake(self._news)
        self.resume_writing()

    def pause_writing(self) -> None:
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        _wake(room)


class WaitingNetwork:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    async def connect(self, where: tuple[str, int]) -> Socket:
        # asyncio's transports set TCP_NODELAY by themselves.
        _, connection = await self._loop.create_connection(lambda: Waiting(self._loop), *where)
        return connection

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
