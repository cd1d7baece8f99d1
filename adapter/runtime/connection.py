"""HTTP/1.1 on one keep-alive connection: calls go out as bytes, replies come back whole.

https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .sockets import Socket

_HEAD_LIMIT = 1 << 20


class BrokenReplyError(Exception):
    """What came is no HTTP, or not all of it."""


class HungUpError(Exception):
    """The other side closed the connection, and sent nothing in reply."""


class Reply:
    """A whole reply; its header fields are looked at when somebody wants them."""

    __slots__ = ("_head", "body", "status")

    def __init__(self, status: int, head: bytes, body: bytes) -> None:
        self.status = status
        self.body = body
        self._head = head

    def headers(self) -> dict[str, str]:
        """By their names in lower case."""
        return _headers(self._head)


class Connection:
    """`replies` counts those that were read: on a new connection a hang-up means more."""

    replies = 0

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._buffer = b""

    async def send(self, *parts: bytes) -> None:
        """Raises HungUpError."""
        try:
            await self._socket.send(*parts)
        except OSError as error:
            raise HungUpError(str(error)) from None

    async def reply(self) -> Reply:
        """The next reply. Raises HungUpError and BrokenReplyError."""
        if not self._buffer:
            try:
                self._buffer = await self._socket.receive(65536)
            except OSError as error:
                raise HungUpError(str(error)) from None
            if not self._buffer:
                raise HungUpError("the connection was closed")
        reply = self._usual()
        if reply is None:
            try:
                head = await self._until(b"\r\n\r\n", "its headers have no end")
                reply = Reply(_status(head), head, await self._body(head))
            except (OSError, EOFError) as error:
                raise BrokenReplyError(str(error)) from None
        self.replies += 1
        return reply

    def _usual(self) -> Reply | None:
        """The reply, if it is what nearly all are: with a length, and all there."""
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        lower, status = head.lower(), head[9:12]
        length = lower.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0].strip()
        if not (lower.startswith(b"http/1.") and status.isdigit() and length.isdigit()):
            return None
        size = int(length)
        if size > len(rest) or b"\r\ntransfer-encoding:" in lower:
            return None
        self._buffer = rest[size:]
        return Reply(int(status), head, rest[:size])

    @property
    def closed(self) -> bool:
        """Whether the other side has hung up already."""
        return self._socket.closed

    def limit(self, until: float) -> None:
        """From now on calls give up at `until`, as `time.time()` tells it: with HungUpError."""
        self._socket.limit(until)

    def close(self) -> None:
        self._socket.close()

    async def _fill(self) -> None:
        data = await self._socket.receive(65536)
        if not data:
            raise EOFError("the connection was closed")
        self._buffer += data

    async def _until(self, end: bytes, otherwise: str) -> bytes:
        """What comes before `end`, which is taken too. Raises EOFError."""
        while end not in self._buffer:
            if len(self._buffer) > _HEAD_LIMIT:
                raise EOFError(otherwise)
            await self._fill()
        found, _, self._buffer = self._buffer.partition(end)
        return found

    async def _body(self, head: bytes) -> bytes:
        headers = _headers(head)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._chunks()
        return await self._take(_number(headers.get("content-length", "0"), 10))

    async def _chunks(self) -> bytes:
        chunks = []
        while size := _number((await self._line()).partition(b";")[0].decode("latin-1"), 16):
            chunks.append(await self._take(size))
            if await self._line():
                raise EOFError("a chunk is longer than it said")
        while await self._line():  # trailers
            pass
        return b"".join(chunks)

    async def _line(self) -> bytes:
        return await self._until(b"\r\n", "a line of it has no end")

    async def _take(self, size: int) -> bytes:
        parts, missing = [self._buffer[:size]], size - len(self._buffer)
        self._buffer = self._buffer[size:]
        while missing > 0:
            data = await self._socket.receive(min(missing, 1 << 20))
            if not data:
                raise EOFError("the connection was closed in the middle of an answer")
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)


def _headers(head: bytes) -> dict[str, str]:
    headers = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return headers


def _status(head: bytes) -> int:
    status = head[9:12]
    if not head.startswith(b"HTTP/1.") or not status.isdigit():
        raise EOFError(f"it begins with {head[:60].decode('latin-1')!r}, which is no HTTP answer")
    return int(status)


def _number(text: str, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError:
        number = -1
    if number < 0:
        raise EOFError(f"it gives {text[:20]!r} as a length")
    return number
