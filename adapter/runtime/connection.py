"""HTTP/1.1 on one keep-alive connection: calls go out as bytes, replies come back whole.

https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .sockets import Socket

    Reply = tuple[int, dict[str, str], bytes]

_HEAD_LIMIT = 1 << 20


class BrokenReplyError(Exception):
    """What came is no HTTP, or not all of it."""


class HungUpError(Exception):
    """The other side closed the connection, and sent nothing in reply."""


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
            status, headers = await self._head()
            body = await self._body(headers)
        except (OSError, EOFError) as error:
            raise BrokenReplyError(str(error)) from None
        self.replies += 1
        return status, headers, body

    def close(self) -> None:
        self._socket.close()

    async def _fill(self) -> None:
        data = await self._socket.receive(65536)
        if not data:
            raise EOFError("the connection was closed")
        self._buffer += data

    async def _head(self) -> tuple[int, dict[str, str]]:
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _HEAD_LIMIT:
                raise EOFError("its headers have no end")
            await self._fill()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
            raise EOFError(f"it begins with {first[:60]!r}, which is no HTTP answer")
        pairs = [line.partition(":") for line in lines]
        return int(rest[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}

    async def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._chunks()
        size = _number(headers.get("content-length", "0"), 10)
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


def _number(text: str, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError:
        number = -1
    if number < 0:
        raise EOFError(f"it gives {text[:20]!r} as a length")
    return number
