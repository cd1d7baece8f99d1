"""Of many functions' logs, which line is whose: environment, run or request, and client.

Text gets them in front of the message, `[prod] [4f3a9c] [acme] …`, with - for what is not known;
JSON as `environment`, `run` and `client`. The root logger's handlers do it: those of our runtime,
of AWS's, and of your `logging.basicConfig`. A line outside of an invocation or run stays as it is.
"""

from __future__ import annotations

import logging

from ..errors import AdapterError
from .alias import context, environment
from .envelope import HERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def install() -> None:
    """On each handler once; there may be new ones since the last time."""
    last: Iterable[Any] = filter(None, [logging.lastResort])
    for handler in logging.getLogger().handlers or last:
        if _add_fields not in handler.filters:
            handler.addFilter(_add_fields)
        if handler.formatter is None:
            handler.setFormatter(logging.Formatter())  # the one that it stands for
        _put_in_front(handler.formatter)


def _add_fields(record: logging.LogRecord) -> bool:
    """A filter, for which a record passes in any case. The app's own values stay."""
    for name, value in zip(_NAMES, _fields(), strict=False):
        record.__dict__.setdefault(name, value)
    return True


_NAMES = ("environment", "run", "client")


def _fields() -> tuple[str, ...]:
    """Their values; none outside of an invocation and a run."""
    envelope, invoked = HERE.get(), context()
    if envelope is None and invoked is None:
        return ()
    try:
        where = environment()
    except AdapterError:  # a thread without a context
        where = "-"
    request = getattr(invoked, "aws_request_id", None) or "-"
    if envelope is None:
        return where, request, "-"
    return where, envelope.id or request, envelope.client or "-"


def _put_in_front(formatter: Any) -> None:
    """Of the message, whatever the format is; not in JSON, whose formatters don't come by here."""
    if "formatMessage" not in vars(formatter):
        formatter.formatMessage = _with_fields(formatter.formatMessage)


def _with_fields(
    format_message: Callable[[logging.LogRecord], str],
) -> Callable[[logging.LogRecord], str]:
    def formatMessage(record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        fields = _fields()
        if not fields:
            return format_message(record)
        plain = record.message
        record.message = " ".join([*(f"[{_in_line(field)}]" for field in fields), plain])
        try:
            return format_message(record)
        finally:
            record.message = plain

    return formatMessage


def _in_line(field: str) -> str:
    """A client may be somebody's own words: none of them is to begin a line of its own."""
    return field if field.isprintable() else field.encode("unicode_escape").decode()
