"""The loop: an invocation after the other, and nothing that a function does ends it.

GET /next → function(event, context) → POST /response → the function finishes → GET /next
"""

from __future__ import annotations

import json
import os
import sys

from ..context import CURRENT, Context
from ..errors import RuntimeAPIError, Terminated, ends_process, is_cancelling
from ..message import LAMBDA_LIMIT, Base64
from . import logs
from .calls import Invocation, error_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from typing import Any, NoReturn, Protocol

    from .api import RuntimeAPI

    class Exchange(Protocol):
        """What a function makes of an event; `adapter.exchange` has that of a web app."""

        result: Any
        head: bytes

        @property
        def finished(self) -> bool: ...
        def chunks(self) -> AsyncGenerator[bytes, None]: ...
        async def replace(self, error: BaseException | None) -> None: ...
        def close(self) -> None: ...

    Answer = Callable[[Any, Context], Any]


_LARGE = 8192  # characters of base64 that are worth not being looked through
_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)  # seconds between two tries to poll


async def serve(
    function: Any, api: RuntimeAPI, *, alone: bool = True, in_loop: bool = False
) -> NoReturn:
    """Answer invocations until the Runtime API ends. Raises RuntimeAPIError then.

    alone    no other invocation runs in this process
    in_loop  this is a task of the app's event loop
    """
    answer = answer_of(function, in_loop=in_loop)
    try:
        while True:
            headers, event = await poll(api)
            if alone:
                _set_trace(headers.get("lambda-runtime-trace-id"))
            try:
                await invoke(answer, api, headers, event, in_loop=in_loop)
            except RuntimeAPIError as error:
                if error.over:
                    raise
                logs.line(f"adapter: {error}", "ERROR")
            CURRENT.set(None)
            logs.flush()
    except Terminated:
        await api.flush()  # an answer may be held
        raise


async def poll(api: RuntimeAPI) -> tuple[dict[str, str], bytes]:
    """The next invocation. A broken answer of the Runtime API is no reason to end."""
    tries = 0
    while True:
        try:
            return await api.next()
        except RuntimeAPIError as error:
            if error.over:
                raise
            logs.line(f"adapter: {error}; asking again", "ERROR")
        await api.network.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
        tries += 1


async def invoke(
    answer: Answer, api: RuntimeAPI, headers: dict[str, str], event: bytes, *, in_loop: bool
) -> None:
    """Run the function on one event, post what came of it, and let it finish."""
    context = Context.of(headers)
    CURRENT.set(context)
    invocation = Invocation(headers)
    try:
        exchange = answer(json.loads(event.decode()), context)
        if in_loop:
            exchange = await exchange
        result = [] if exchange.head else within_limit(result_json(exchange.result))
    except BaseException as error:  # SystemExit too: it is the app's end, not ours
        if ends_process(error) or (in_loop and is_cancelling(error)):
            raise
        await report(api, invocation, error, context)
        return
    try:
        if exchange.head:
            await _stream(api, invocation, exchange, context)
        else:
            await api.respond(invocation, result, hold=exchange.finished)
    finally:
        if in_loop:
            await exchange.finish()
        else:
            exchange.close()


async def _stream(
    api: RuntimeAPI, invocation: Invocation, exchange: Exchange, context: Context
) -> None:
    from .streaming import NotBegunError

    try:
        error = await _post(api, invocation, exchange, context)
    except NotBegunError as unsent:
        await exchange.replace(unsent.__cause__)
        error = await _post(api, invocation, exchange, context)
    if error is not None:
        _log(error, invocation, context)


async def _post(
    api: RuntimeAPI, invocation: Invocation, exchange: Exchange, context: Context
) -> BaseException | None:
    from ..events.stream import CONTENT_TYPE

    head, chunks = exchange.head, exchange.chunks()
    return await api.stream(invocation, CONTENT_TYPE, head, chunks, context.deadline)


def answer_of(function: Any, *, in_loop: bool) -> Answer:
    """What makes an exchange of an event, or a coroutine of one: a web app's handler does."""
    if not is_handler(function):
        return lambda event, context: Returned(function(event, context))
    answer: Answer = function.answer_soon if in_loop else function.answer
    return answer


def is_handler(function: Any) -> bool:
    module = sys.modules.get("adapter.handler")
    return module is not None and isinstance(function, module.Handler)


class Returned:
    """What a plain function returned."""

    head = b""
    finished = True

    def __init__(self, result: Any) -> None:
        self.result = result

    def close(self) -> None: ...


class MarshalError(Exception):
    """A function's result is no JSON."""


class ResponseSizeTooLarge(Exception):  # noqa: N818  # the name that Lambda gives it
    """A function's result is larger than Lambda takes."""


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def result_json(result: Any) -> list[bytes]:
    """The result as it is posted, in parts. Raises MarshalError."""
    body = result.get("body") if type(result) is dict else None
    if type(body) is Base64 and len(body) > _LARGE:
        return _spliced(result, body)
    try:
        text = _encode(result)
    except (TypeError, ValueError, RecursionError) as error:
        raise MarshalError(f"the function's result is no JSON: {error}") from None
    return [text.encode("utf-8", "replace")]


def _spliced(result: dict[str, Any], body: Base64) -> list[bytes]:
    """The same, with a body that needs no escapes put in as it is: that takes 2 ms/MB less."""
    (rest,) = result_json({name: value for name, value in result.items() if name != "body"})
    return [rest[:-1] + b',"body":"', body.raw, b'"}']


def within_limit(result: list[bytes]) -> list[bytes]:
    """Raises ResponseSizeTooLarge."""
    size = sum(map(len, result))
    if size > LAMBDA_LIMIT:
        raise ResponseSizeTooLarge(
            f"the function's result has {size:,} bytes; Lambda takes at most {LAMBDA_LIMIT:,}"
        )
    return result


async def report(
    api: RuntimeAPI, invocation: Invocation, error: BaseException, context: Context
) -> None:
    """Log a failed invocation, and tell Lambda."""
    from .faults import xray_cause

    document = _log(error, invocation, context)
    await api.fail(invocation, document, error_type(error), xray_cause(error))


def _log(error: BaseException, invocation: Invocation, context: Context) -> dict[str, Any]:
    from .faults import document

    told = document(error, invocation.id)
    logs.error(told, invocation.id, context.tenant_id)
    return told


def _set_trace(trace: str | None) -> None:
    """Where the X-Ray SDK looks for it."""
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
