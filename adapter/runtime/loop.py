"""The loop: an invocation after the other, and nothing that a function does ends it."""

from __future__ import annotations

import json
import os
import sys

from ..context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .api import RuntimeAPI
    from .load import Function


def serve(function: Function, api: RuntimeAPI) -> NoReturn:
    """Answer invocations until the Runtime API ends. Raises RuntimeAPIError then."""
    while True:
        headers, event = api.next()
        answer(function, api, headers, event)


def answer(function: Function, api: RuntimeAPI, headers: dict[str, str], event: bytes) -> None:
    """Run the function on one event and post what came of it."""
    request_id = headers["lambda-runtime-aws-request-id"]
    trace = headers.get("lambda-runtime-trace-id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    try:
        result = result_json(function(json.loads(event), Context.of(headers)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # SystemExit too: it is the app's end, not ours
        report(api, error, request_id)
        return
    status = api.respond(request_id, result)
    if status >= 400:
        refused = RefusedError(f"Lambda refused the result of {len(result):,} bytes ({status})")
        report(api, refused, request_id)


class RefusedError(Exception):
    """Lambda did not take a result: 413 for its size, 403 after the invocation timed out."""


class MarshalError(Exception):
    """A function's result is no JSON."""


def result_json(result: Any) -> bytes:
    """The result as it is posted. Raises MarshalError."""
    try:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise MarshalError(f"the function's result is no JSON: {error}") from None
    return text.encode("utf-8", "replace")


def report(api: RuntimeAPI, error: BaseException, request_id: str) -> None:
    """Log a failed invocation, and tell Lambda."""
    print(f"[ERROR] RequestId: {request_id} {described(error)}", file=sys.stderr)
    document = {**error_document(error), "requestId": request_id}
    api.fail(request_id, document, error_type(error))


def error_document(error: BaseException) -> dict[str, Any]:
    """What the caller of the function gets."""
    from traceback import format_tb  # 6 ms that only a failing invocation pays

    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": format_tb(error.__traceback__),
    }


def error_type(error: BaseException) -> str:
    """`Function.ValueError`: Lambda knows only this form, and takes others for Runtime.Unknown."""
    name = type(error).__name__
    return f"Function.{name}" if name.isascii() and name.isalpha() else "Function.Error"


def described(error: BaseException) -> str:
    """The error and where it came from, as Python prints it."""
    from traceback import format_exception

    return f"{type(error).__name__}: {error}\n{''.join(format_exception(error))}".rstrip()
