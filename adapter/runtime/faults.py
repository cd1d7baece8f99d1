"""What went wrong, as Lambda and X-Ray want to hear it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror

`traceback` is imported where it is used: only a failing invocation pays for it.
"""

from __future__ import annotations

import json
import os

from ..errors import FailedEventError, LoadError, outside
from .logs_json import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any

# Lambda takes error documents up to 1 MiB and causes below 1 MB. A character is 12 bytes of JSON
# at most, so that these limits keep a document below 1,000,000.
_CAUSE_LIMIT = 1_000_000
_MESSAGE_LIMIT = 500_000
_STACK_LIMIT = 400_000
_ENDS = 40  # entries that are left of a stack's either end
_WIDEST = 12


def document(error: BaseException, request_id: str | None = None) -> dict[str, Any]:
    """The body of a report to /error: what the function's caller gets."""
    found: dict[str, Any] = {
        "errorMessage": _cut(text(error), _MESSAGE_LIMIT),
        "errorType": _cut(_type_name(error), 2_000),
        "stackTrace": _bounded(stack(error)),
    }
    if request_id is not None:
        found["requestId"] = request_id
    return found


def xray_cause(error: BaseException) -> str:
    """The header Lambda-Runtime-Function-XRay-Error-Cause; '' if it would be too long for one."""
    frames = [
        {"label": text(label), "path": text(path), "line": line}
        for path, line, label in _frames(_outside(error.__traceback__))
    ]
    message = _cut(text(error), _MESSAGE_LIMIT)
    cause = {
        "working_directory": _working_directory(),
        "exceptions": [{"message": message, "type": _type_name(error), "stack": frames}],
        "paths": list(dict.fromkeys(frame["path"] for frame in frames)),
    }
    header = json.dumps(cause, separators=(",", ":"))
    return header if len(header) < _CAUSE_LIMIT else ""


def stack(error: BaseException) -> list[str]:
    """Where it was raised, as Python prints it, then what it was raised from.

    The app's answer, which made this package raise, was raised nowhere. Of a module that can't be
    imported it is where that failed, and what of: nothing of ours.
    """
    if isinstance(error, FailedEventError):
        return []
    failed = error.__cause__ if isinstance(error, LoadError) else None
    shown = outside(failed.__traceback__) if failed else _outside(error.__traceback__)
    try:
        from traceback import format_exception_only, format_tb

        of = format_exception_only(failed) if failed else ()
        return [text(entry) for entry in (*format_tb(shown), *of, *_behind(failed or error))]
    except Exception:  # noqa: BLE001  # a loader that can't show a line of source, say
        return [
            text(f'  File "{path}", line {line}, in {label}\n')
            for path, line, label in _frames(shown)
        ]


def _behind(error: BaseException) -> Iterator[str]:
    """The errors that led to this one; those of a group are in it."""
    from traceback import format_exception

    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    if cause is not None:
        yield "Raised from:\n"
        yield from format_exception(cause)
    if isinstance(error, BaseExceptionGroup):
        for number, each in enumerate(error.exceptions, 1):
            yield f"Exception {number} of the group:\n"
            yield from format_exception(each)


def _outside(traceback: TracebackType | None) -> TracebackType | None:
    """All of it if it never leaves this package."""
    return outside(traceback) or traceback


def _frames(traceback: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield code.co_filename, traceback.tb_lineno, code.co_name
        traceback = traceback.tb_next


def _type_name(error: BaseException) -> str:
    return text(type(error).__name__)


def _working_directory() -> str:
    try:
        return text(os.getcwd())
    except OSError:  # somebody removed it
        return ""


def _cut(value: str, limit: int) -> str:
    """The text, or its beginning if it would be more than `limit` bytes of JSON."""
    if len(value) * _WIDEST <= limit or len(json.dumps(value)) <= limit:
        return value
    return value[: limit // _WIDEST - 10] + "... (cut)"


def _bounded(entries: list[str]) -> list[str]:
    """The entries, or the ends of both sides if they are too much."""
    if len(json.dumps(entries)) <= _STACK_LIMIT:
        return entries
    left = [*entries[:_ENDS], *entries[-_ENDS:]] if len(entries) > 2 * _ENDS else entries
    each = _STACK_LIMIT // (2 * _ENDS + 1) - 4
    shown = [_cut(entry, each) for entry in left]
    if len(left) < len(entries):
        shown.insert(_ENDS, f"... {len(entries) - len(left)} more ...\n")
    return shown
