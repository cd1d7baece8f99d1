"""A result that is posted as it is made: HTTP chunks, and an error in the trailers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
"""

from __future__ import annotations

import json
from binascii import b2a_base64

from ..errors import ends_process, is_cancelling
from .calls import ERROR_BODY, ERROR_TYPE, error_type
from .connection import HungUpError
from .faults import document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from .calls import Call
    from .connection import Connection


class NotBegunError(Exception):
    """The chunks raised, the cause, before there was one: another answer can still be sent."""


async def send_stream(
    connection: Connection, call: Call, head: bytes, chunks: AsyncGenerator[bytes, None]
) -> BaseException | None:
    """Send a call, and as its body `head` and then `chunks`. Raises HungUpError.

    The first of the chunks goes out in one write with what stands before it; an empty one says
    that the next takes a while. An error that the chunks raise is told in the trailers, and
    returned; before the first of them it is a NotBegunError, and nothing was sent.
    """
    waiting, error = b"".join(call.parts), None
    try:
        async for chunk in chunks:
            data = waiting + _framed(head + chunk)
            waiting = head = b""
            if data:
                await connection.send(data)
    except HungUpError:
        raise
    except BaseException as raised:
        if ends_process(raised) or is_cancelling(raised):
            raise
        if waiting:
            raise NotBegunError from raised
        error = raised
    finally:
        await chunks.aclose()
    try:
        await connection.send(waiting + _framed(head) + _end(error))
    except HungUpError:  # who reads the reply is told
        pass
    return error


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _end(error: BaseException | None) -> bytes:
    if error is None:
        return b"0\r\n\r\n"
    body = b2a_base64(json.dumps(document(error)).encode(), newline=False).decode()
    trailers = f"{ERROR_TYPE}: {error_type(error)}\r\n{ERROR_BODY}: {body}\r\n"
    return f"0\r\n{trailers}\r\n".encode("latin-1")
