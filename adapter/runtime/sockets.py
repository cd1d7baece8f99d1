"""What the runtime talks through: a blocking socket with the face of one that waits.

Its coroutines never wait: whatever awaits only them needs no event loop, and runs to its end at
the first `send(None)`. So one text serves a process that does one thing at a time, threads, and,
with the sockets of `waiting`, a loop with many requests at once.
"""

from __future__ import annotations

import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any, Protocol

    class Socket(Protocol):
        """A TCP connection. `receive` gives b'' at its end. Each raises OSError."""

        async def send(self, *parts: bytes) -> None: ...
        async def receive(self, size: int) -> bytes: ...
        @property
        def closed(self) -> bool: ...
        def limit(self, until: float) -> None: ...
        def close(self) -> None: ...

    class Network(Protocol):
        """What makes such sockets."""

        async def connect(self, where: tuple[str, int]) -> Socket: ...
        async def sleep(self, seconds: float) -> None: ...


_LEAST_S = 0.01


class Blocking:
    """A socket whose calls return when they are done."""

    _until: float | None = None

    def __init__(self, where: tuple[str, int]) -> None:
        self._socket = socket.create_connection(where)
        # Without it the second small packet of an exchange waits 40 ms for the first one's ACK.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self._hurry()
            self._socket.sendall(part)

    async def receive(self, size: int) -> bytes:
        self._hurry()
        return self._socket.recv(size)

    @property
    def closed(self) -> bool:
        """Whether the other side has hung up: then there is an end to read."""
        try:
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def limit(self, until: float) -> None:
        """From now on calls give up at `until`, as `time.time()` tells it."""
        self._until = until

    def _hurry(self) -> None:
        if self._until is not None:
            self._socket.settimeout(max(_LEAST_S, self._until - time.time()))

    def close(self) -> None:
        try:
            self._socket.close()
        except OSError:  # the app has closed it
            pass


class BlockingNetwork:
    async def connect(self, where: tuple[str, int]) -> Socket:
        return Blocking(where)

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251  # nothing else could go on


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("it waits, and there is no loop")
