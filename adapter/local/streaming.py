"""Streamed answers: from the environment to the client, as they come.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html

A client that hangs up does not stop the function: the rest is read and thrown away.
"""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

from ..errors import ResultError
from ..events import _gateway
from ..events.stream import CONTENT_TYPE, decode_head
from ..message import Response
from .server import HangUp
from .visit import KEPT

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

    from starlette.types import Send

    from ..events import Codec
    from ..message import Headers
    from .invocation import Stream

    Chunks = AsyncIterator[bytes]

KINDS = ("function_url", "rest_api")
"""The front ends that can stream."""

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})


class Streamed:
    """A streamed answer on its way to the client: `head`, and its body as an async iterable.

    Of what went through, the beginning is kept, to be shown.
    """

    head: Response

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._chunks = aiter(stream)
        self._first = b""
        self._kept = bytearray()
        self._begins = 0

    async def open(self, codec: Codec, *, raw: bool) -> None:
        """Read status and headers. Raises ResultError.

        With `raw` the media type tells whether there is a head, as for function URLs.
        """
        kind = self.stream.content_type
        if raw and kind.partition(";")[0].strip().lower() != CONTENT_TYPE:
            self.head = Response(200, (("content-type", kind),))
            return
        async for chunk in self._chunks:
            self._kept += chunk
            found = decode_head(bytes(self._kept))
            if found is not None:
                self.head, self._first = _response(found[0], codec), found[1]
                self._begins = len(self._kept) - len(self._first)
                return
        raise ResultError(f"the answer has no head and {len(self._kept):,} bytes")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._first:
            first, self._first = self._first, b""
            yield first
        async for chunk in self._chunks:
            self._kept += chunk[: max(0, KEPT - len(self._kept))]
            yield chunk

    def kept(self) -> tuple[bytes, Response]:
        """The beginning of the result, and of the response."""
        result = bytes(self._kept)
        return result, Response(self.head.status, self.head.headers, [result[self._begins :]])


def _response(head: dict[str, object], codec: Codec) -> Response:
    """Raises ResultError."""
    cookies = head.pop("cookies", None) or []
    if not isinstance(cookies, list):
        raise ResultError(f"the head's cookies are {cookies!r:.80}, not a list")
    response = codec.decode_response({"statusCode": 200, **head})
    added = [_gateway.header("set-cookie", cookie) for cookie in cookies]
    return Response(response.status, (*response.headers, *added))


async def send_on(method: str, streamed: Streamed, send: Send) -> None:
    """Send the head at once, then chunk after chunk. Raises HangUp where the answer breaks off."""
    response = streamed.head
    bodiless = method == "HEAD" or response.status in (204, 304)
    headers, left = _framed(response)
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    chunks = aiter(streamed)
    try:
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        if bodiless:
            await _send(send, b"", more=False)
            return
        left = await _send_body(chunks, left, send)
    finally:  # a client that hangs up does not stop the function
        await drain(chunks)
    if streamed.stream.end.failed:
        raise HangUp(str(streamed.stream.end))
    if left:
        raise HangUp(f"it has {left} bytes less than its content-length says")
    await _send(send, b"", more=False)


async def _send_body(chunks: Chunks, left: int | None, send: Send) -> int | None:
    """Send no more than the length that was told; what is missing of it."""
    async for chunk in chunks:
        piece = chunk if left is None else chunk[:left]
        left = None if left is None else left - len(piece)
        if piece:
            await _send(send, piece, more=True)
    return left


async def _send(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def drain(chunks: AsyncIterable[bytes]) -> None:
    """Read the rest and throw it away."""
    async for _ in chunks:
        pass


def _framed(response: Response) -> tuple[Headers, int | None]:
    """The headers for the client, and the body's length if they tell it; else it goes in chunks."""
    lengths = {value for name, value in response.headers if name == "content-length"}
    length = lengths.pop() if len(lengths) == 1 else ""
    told = length.isascii() and length.isdecimal() and response.status != 204
    dropped = _HOP_BY_HOP | {"content-length"}
    headers = tuple(pair for pair in response.headers if pair[0] not in dropped)
    if told:
        headers += (("content-length", length),)
    if not any(name == "date" for name, _ in headers):
        headers += (("date", formatdate(usegmt=True)),)
    return headers, int(length) if told else None
