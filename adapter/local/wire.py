"""HTTP/1.1 for the runtime's leg: h11 on asyncio's streams.

A web server's interface has no room for what the Runtime API needs: a request's trailers, a sender
that hangs up right after its last byte (which is a whole request), and one that breaks off.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import h11

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine

Result = TypeVar("Result")

_PIECE = 65_536  # what is read at once
_HEAD = 4 << 20  # X-Ray causes and error bodies travel as header fields, of 1 MB each
_UNREAD = 16 << 20  # of a body that nobody wants; then the connection is closed


class BrokenOffError(Exception):
    """The sender hung up, or sent no HTTP, before its request was complete."""


@dataclass(frozen=True)
class Answer:
    """What the Runtime API answers."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(status: int, document: object) -> Answer:
    return Answer(status, json.dumps(document).encode(), {"Content-Type": "application/json"})


class Connection:
    """One runtime's connection: events in, bytes out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD)

    async def event(self) -> h11.Event | type[h11.PAUSED]:
        """The next event. Raises BrokenOffError."""
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise BrokenOffError(str(error)) from None
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]
            if self._http.they_are_waiting_for_100_continue:
                self._write(h11.InformationalResponse(status_code=100, headers=[]))
            await self._more()

    async def _more(self) -> bool:
        try:
            data = await self._reader.read(_PIECE)
        except OSError:  # reset
            data = b""
        self._http.receive_data(data)
        return bool(data)

    async def gone(self) -> None:
        """Wait until the other side hangs up."""
        while await self._more():
            pass

    def _write(self, *events: h11.Event) -> None:
        self._writer.write(b"".join([self._http.send(event) or b"" for event in events]))

    async def answer(self, answer: Answer) -> None:
        """In one write: two would wait for each other's acknowledgement."""
        headers = [*answer.headers.items(), ("Content-Length", str(len(answer.body)))]
        if self._http.their_state is h11.SEND_BODY:
            headers.append(("Connection", "close"))
        self._write(
            h11.Response(status_code=answer.status, headers=headers),
            h11.Data(data=answer.body),
            h11.EndOfMessage(),
        )
        await self._writer.drain()

    def next_request(self) -> bool:
        """Whether the connection can carry another."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True


class Call:
    """One request of a runtime: its head, and its body as it comes."""

    def __init__(self, connection: Connection, head: h11.Request) -> None:
        self._connection = connection
        self._ended = False
        self.method = head.method.decode("ascii")
        self.path = head.target.partition(b"?")[0].decode("latin-1")
        self.headers = _as_dict(head.headers)
        self.trailers: dict[str, str] = {}

    async def body(self) -> AsyncIterator[bytes]:
        """What has not been read of it. `trailers` are known at its end. Raises BrokenOffError."""
        while not self._ended:
            event = await self._connection.event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._ended, self.trailers = True, _as_dict(event.headers)

    async def read(self, limit: int) -> tuple[bytes, int]:
        """The body, and its length; of a longer one only that."""
        return await collected(self.body(), limit)

    async def skip(self) -> None:
        """Read on, for a sender that listens only when it has sent everything; within reason."""
        size = 0
        async for piece in self.body():
            size += len(piece)
            if size > _UNREAD:
                return

    async def gone(self) -> None:
        """Wait until the runtime hangs up."""
        await self._connection.gone()


async def collected(pieces: AsyncIterable[bytes], limit: int) -> tuple[bytes, int]:
    """The pieces as one, and their length; of more than `limit` bytes only that."""
    kept, size = bytearray(), 0
    async for piece in pieces:
        size += len(piece)
        if size <= limit:
            kept += piece
    return bytes(kept), size


async def unless_gone(work: Coroutine[Any, Any, Result], call: Call) -> Result:
    """The result of `work`, for a runtime that waits. Raises BrokenOffError if it hangs up."""
    working, gone = asyncio.create_task(work), asyncio.create_task(call.gone())
    try:
        await asyncio.wait({working, gone}, return_when="FIRST_COMPLETED")
        if working.done():
            return working.result()
        raise BrokenOffError("the runtime no longer waits")
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.wait({working, gone})


def _as_dict(headers: object) -> dict[str, str]:
    """Names in lower case; of a repeated one the last value."""
    return {
        name.decode("ascii"): value.decode("latin-1")
        for name, value in headers  # type: ignore[attr-defined]
    }


class Wire:
    """Serves `respond` at a port of 127.0.0.1, from start to stop."""

    def __init__(self, respond: Callable[[Call], Awaitable[Answer]]) -> None:
        self._respond = respond
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        try:
            while await self._one(connection):
                pass
        except (BrokenOffError, OSError, h11.LocalProtocolError):
            pass  # whoever should hear of it is gone
        finally:
            writer.close()

    async def _one(self, connection: Connection) -> bool:
        head = await connection.event()
        if not isinstance(head, h11.Request):
            return False
        call = Call(connection, head)
        answer = await self._respond(call)
        await call.skip()
        await connection.answer(answer)
        return connection.next_request()

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
