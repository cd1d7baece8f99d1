"""The two kinds of socket that the runtime talks through, with one face.

A `Blocking` one's coroutines never wait: whatever awaits only them needs no event loop, and runs
to its end at the first `send(None)`. So one text serves a process that does one thing at a time,
threads, and a loop with many requests at once.
"""

from __future__ import annotations

import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Coroutine
    from typing import Any, Protocol

    class Socket(Protocol):
        """A TCP connection. Each raises OSError."""

        async def send(self, data: bytes) -> None: ...
        async def receive(self, size: int) -> bytes: ...
        def close(self) -> None: ...

    class Network(Protocol):
        """What makes such sockets."""

        async def connect(self, where: tuple[str, int]) -> Socket: ...
        async def sleep(self, seconds: float) -> None: ...


class Blocking:
    """A socket whose calls return when they are done."""

    def __init__(self, where: tuple[str, int]) -> None:
        self._socket = socket.create_connection(where)
        _at_once(self._socket)

    async def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    async def receive(self, size: int) -> bytes:
        return self._socket.recv(size)

    def close(self) -> None:
        self._socket.close()


class BlockingNetwork:
    async def connect(self, where: tuple[str, int]) -> Socket:
        return Blocking(where)

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251  # nothing else could go on


class Waiting:
    """A socket whose calls let the event loop go on with others."""

    def __init__(self, loop: AbstractEventLoop, connected: socket.socket) -> None:
        self._loop = loop
        self._socket = connected

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._socket, data)

    async def receive(self, size: int) -> bytes:
        return await self._loop.sock_recv(self._socket, size)

    def close(self) -> None:
        self._socket.close()


class WaitingNetwork:
    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop

    async def connect(self, where: tuple[str, int]) -> Socket:
        made = socket.socket()
        made.setblocking(False)
        try:
            await self._loop.sock_connect(made, where)
        except BaseException:
            made.close()
            raise
        _at_once(made)
        return Waiting(self._loop, made)

    async def sleep(self, seconds: float) -> None:
        from asyncio import sleep

        await sleep(seconds)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("it waits, and there is no loop")


def _at_once(connected: socket.socket) -> None:
    # Without it the second small packet of an exchange waits 40 ms for the first one's ACK.
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
