"""What a runtime posts to /response, in either mode, or to /error; and what it is told.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

from ..message import LAMBDA_LIMIT
from .invocation import Outcome, Stream, error_outcome, reported, too_large
from .wire import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .invocation import Invocation
    from .wire import Call

    Taker = Callable[[Call, Invocation], Awaitable[Answer]]

MODE = "lambda-runtime-function-response-mode"
STREAM_LIMIT = 200 << 20
"""Bytes. https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html"""

_ERROR_TYPE = "lambda-runtime-function-error-type"
_ERROR_BODY = "lambda-runtime-function-error-body"


def accepted() -> Answer:
    return json_answer(202, {"status": "OK"})


def refusal(status: int, kind: str, message: str) -> Answer:
    return json_answer(status, {"errorType": kind, "errorMessage": message})


def late() -> Answer:
    return refusal(410, "InvokeTimeout", "Invoke timeout")


# What is done with a posted body; each raises BrokenOffError if it does not come to its end.


async def result_by_mode(call: Call, invocation: Invocation) -> Answer:
    return await _MODES.get(call.headers.get(MODE), _bad_mode)(call, invocation)


async def failure(call: Call, invocation: Invocation) -> Answer:
    body, _ = await call.read(LAMBDA_LIMIT)
    invocation.end(reported(body, call.headers))
    return accepted()


async def _buffered(call: Call, invocation: Invocation) -> Answer:
    body, size = await call.read(LAMBDA_LIMIT)
    if size > LAMBDA_LIMIT:
        return _refuse_size(invocation, size, LAMBDA_LIMIT)
    invocation.end(Outcome(body))
    return accepted()


async def _streamed(call: Call, invocation: Invocation) -> Answer:
    """The caller has the first chunk before the second is read."""
    stream = Stream(call.headers.get("content-type", "application/octet-stream"))
    begun, size = Outcome(b"", stream=stream), 0
    async for chunk in call.body():
        size += len(chunk)
        if size > STREAM_LIMIT:
            return _refuse_size(invocation, size, STREAM_LIMIT)
        invocation.end(begun)
        if stream.over or invocation.outcome.result() is not begun:
            return late()  # the time was over in the meantime
        await stream.put(chunk)
    end = _told_by(call.trailers)
    if end is None:
        invocation.end(begun)
        stream.finish(Outcome(b""))
    else:
        invocation.end(end)
    return accepted()


def _told_by(trailers: dict[str, str]) -> Outcome | None:
    """An error in the middle of a stream."""
    if _ERROR_TYPE not in trailers:
        return None
    try:
        body = b64decode(trailers.get(_ERROR_BODY, ""), validate=True)
    except ValueError:
        body = b""
    return reported(body, trailers)


async def _bad_mode(call: Call, invocation: Invocation) -> Answer:
    message = f"the runtime's response has a mode that Lambda does not know: {call.headers[MODE]}"
    invocation.end(error_outcome("Runtime.InvalidResponseModeHeader", message))
    return refusal(400, "InvalidFunctionResponseMode", "Invalid function response mode")


_MODES: dict[str | None, Taker] = {None: _buffered, "streaming": _streamed}


def _refuse_size(invocation: Invocation, size: int, limit: int) -> Answer:
    invocation.end(too_large(size, limit))
    message = f"Exceeded maximum allowed payload size ({limit} bytes)."
    return refusal(413, "RequestEntityTooLarge", message)
