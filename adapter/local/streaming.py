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

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Send

    from ..events import Codec
    from ..message import Headers
    from .invocation import Stream

    Chunks = AsyncIterator[bytes]

KINDS = ("function_url", "rest_api")
"""The front ends that can stream."""

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})


async def opening(
    stream: Stream, chunks: Chunks, codec: Codec, *, raw: bool
) -> tuple[Response, bytes]:
    """Status and headers, and the body's beginning. Raises ResultError.

    With `raw` the media type tells whether there is a head, as for function URLs.
    """
    if raw and stream.content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        return Response(200, (("content-type", stream.content_type),)), b""
    data = b""
    async for chunk in chunks:
        data += chunk
        found = decode_head(data)
        if found is not None:
            return _response(found[0], codec), found[1]
    raise ResultError(f"the answer has no head and {len(data):,} bytes")


def _response(head: dict[str, object], codec: Codec) -> Response:
    """Raises ResultError."""
    cookies = head.pop("cookies", None) or []
    if not isinstance(cookies, list):
        raise ResultError(f"the head's cookies are {cookies!r:.80}, not a list")
    response = codec.decode_response({"statusCode": 200, **head})
    added = [_gateway.header("set-cookie", cookie) for cookie in cookies]
    return Response(response.status, (*response.headers, *added))


async def send_on(
    method: str, response: Response, first: bytes, stream: Stream, chunks: Chunks, send: Send
) -> None:
    """Send the head at once, then chunk after chunk. Raises HangUp where the answer breaks off."""
    bodiless = method == "HEAD" or response.status in (204, 304)
    headers, left = _framed(response)
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    if bodiless:
        await _send(send, b"", more=False)
        await drain(chunks)
        return
    async for chunk in _after(first, chunks):
        piece = chunk if left is None else chunk[:left]
        left = None if left is None else left - len(piece)
        if piece:
            await _send(send, piece, more=True)
    if stream.end.failed:
        raise HangUp(str(stream.end))
    if left:
        raise HangUp(f"it has {left} bytes less than its content-length says")
    await _send(send, b"", more=False)


async def _send(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _after(first: bytes, chunks: Chunks) -> AsyncIterator[bytes]:
    yield first
    async for chunk in chunks:
        yield chunk


async def drain(chunks: Chunks) -> None:
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
