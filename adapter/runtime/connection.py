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
    """A whole reply; its headers are read when somebody wants them."""

    __slots__ = ("_head", "body", "status")

    def __init__(self, status: int, head: str, body: bytes) -> None:
        self.status = status
        self.body = body
        self._head = head

    def headers(self) -> dict[str, str]:
        """By their names in lower case."""
        headers = {}
        for line in self._head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return headers


class Connection:
    """`replies` counts those that were read: on a new connection a hang-up means more."""

    replies = 0

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._buffer = b""

    async def send(self, data: bytes) -> None:
        """Raises HungUpError."""
        try:
            await self._socket.send(data)
        except OSError as error:
            raise HungUpError(str(error)) from None

    async def reply(self) -> Reply:
        """The next reply. Raises HungUpError and BrokenReplyError."""
        try:
            if not self._buffer:
                await self._fill()
        except (OSError, EOFError) as error:
            raise HungUpError(str(error)) from None
        try:
            status, head = await self._head()
            body = await self._body(head)
        except (OSError, EOFError) as error:
            raise BrokenReplyError(str(error)) from None
        self.replies += 1
        return Reply(status, head, body)

    def close(self) -> None:
        self._socket.close()

    async def _fill(self) -> None:
        data = await self._socket.receive(65536)
        if not data:
            raise EOFError("the connection was closed")
        self._buffer += data

    async def _head(self) -> tuple[int, str]:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _HEAD_LIMIT:
                raise EOFError("its headers have no end")
            await self._fill()
        head, self._buffer = self._buffer[:end].decode("latin-1"), self._buffer[end + 4 :]
        status = head[9:12]
        if not head.startswith("HTTP/1.") or not (status.isascii() and status.isdecimal()):
            raise EOFError(f"it begins with {head[:60]!r}, which is no HTTP answer")
        return int(status), head

    async def _body(self, head: str) -> bytes:
        lower = head.lower()
        if _field(lower, "transfer-encoding") == "chunked":
            return await self._chunks()
        size = _number(_field(lower, "content-length") or "0", 10)
        if len(self._buffer) == size:
            body, self._buffer = self._buffer, b""
            return body
        return await self._take(size)

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
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > _HEAD_LIMIT:
                raise EOFError("a line of it has no end")
            await self._fill()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

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


def _field(head: str, name: str) -> str:
    """The value of a field in a head in lower case; '' if it is not there."""
    start = head.find(f"\r\n{name}:")
    if start < 0:
        return ""
    start += len(name) + 3
    end = head.find("\r\n", start)
    return head[start : end if end >= 0 else None].strip()


def _number(text: str, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError:
        number = -1
    if number < 0:
        raise EOFError(f"it gives {text[:20]!r} as a length")
    return number
