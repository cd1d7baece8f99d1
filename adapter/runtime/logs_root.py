"""What `logging` does under this runtime: the root handler, its formats, `basicConfig`.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html

A module of its own, since only a process that serves is to import `logging`.
"""

from __future__ import annotations

import logging
import time

from ..context import CURRENT
from .logs_json import dumps, text
from .logs_output import level_name, utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .logs_output import Output

_STAMPS = frozenset({"aws_request_id", "tenant_id", "trace_id"})
# What every record has. The rest is what the app added with `extra=`.
_STANDARD = {*vars(logging.LogRecord("", 0, "", 0, "", (), None)), *_STAMPS} | {
    "message", "asctime", "taskName",
}  # fmt: skip


def set_up(output: Output, level: int | None) -> None:
    """Give the root logger our handler, and records what they are to know of their invocation."""
    root = logging.getLogger()
    handler = RootHandler(output)
    root.addHandler(handler)
    if level is not None:
        root.setLevel(level)
    logging.Logger.makeRecord = _stamping(logging.Logger.makeRecord)  # type: ignore[method-assign]
    logging.basicConfig = _configuring(logging.basicConfig, handler)


class RootHandler(logging.Handler):
    """Writes each record as one event of the function's log."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output
        self.setFormatter(JSONFormatter() if output.json else TextFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if "aws_request_id" not in record.__dict__:  # not made by a Logger's makeRecord
                _stamp(record)
            message = self.format(record)
            is_json = isinstance(self.formatter, JSONFormatter)
            self._output.write(message, record.levelno, json=is_json)
        except Exception:  # noqa: BLE001  # RecursionError too: the app's request goes on
            self._complain(record)

    def _complain(self, record: logging.LogRecord) -> None:
        try:
            self.handleError(record)
        except Exception:  # noqa: BLE001  # stderr may be closed
            pass


class TextFormatter(logging.Formatter):
    """`[LEVEL]`, the time, the request id, the tenant id if there is one, and the message."""

    def usesTime(self) -> bool:  # noqa: N802  # logging's name
        return False  # `utc` is five times as fast as what would come of True

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        fields = record.__dict__
        when = utc(int(record.created), int(record.msecs))
        who = fields.get("aws_request_id", "")
        if fields.get("tenant_id"):
            who = f"{who}\t{fields['tenant_id']}"
        return f"[{record.levelname}]\t{when}\t{who}\t{record.message}"


class JSONFormatter(logging.Formatter):
    """One object: AWS's fields first, then the app's own of `extra=`, which don't replace them."""

    def format(self, record: logging.LogRecord) -> str:
        fields = record.__dict__
        document = {
            "timestamp": utc(int(record.created), int(record.msecs)),
            "level": level_name(record.levelno),
            "message": _message(record),
            "logger": record.name,
        }
        if record.exc_info:
            document.update(_failure(record))
        if record.stack_info:
            document["stackInfo"] = record.stack_info
        for name, key in _IDS:
            if fields.get(key):
                document[name] = fields[key]
        for key in _added(fields):
            document.setdefault(key, fields[key])
        return dumps(document)


_IDS = (("requestId", "aws_request_id"), ("tenantId", "tenant_id"))


def _added(fields: dict[str, Any]) -> list[str]:
    """The names of what the app added with `extra=`, in its order."""
    if _STANDARD.issuperset(fields):
        return []
    given = fields.get("_given", ())
    return [key for key in fields if (key not in _STANDARD or key in given) and key != "_given"]


def _message(record: logging.LogRecord) -> Any:
    if isinstance(record.msg, dict) and not record.args:
        return record.msg
    return record.getMessage()


def _failure(record: logging.LogRecord) -> dict[str, Any]:
    error = record.exc_info[1] if record.exc_info else None
    if error is None:  # log.exception() where there is none
        return {}
    from .faults import stack

    return {
        "stackTrace": stack(error),
        "errorType": type(error).__name__,
        "errorMessage": text(error),
        "location": f"{record.pathname}:{record.funcName}:{record.lineno}",
    }


def _stamp(record: logging.LogRecord) -> None:
    """Let the record tell its invocation; outside of one it has '', None and ''."""
    context, known = CURRENT.get(), record.__dict__.setdefault
    known("aws_request_id", context.aws_request_id if context else "")
    known("tenant_id", context.tenant_id if context else None)
    known("trace_id", context.trace_id or "" if context else "")


def _stamping(make_record: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    """`Logger.makeRecord` with `_stamp` behind it.

    Not a LogRecord factory, though that is what factories are for: `makeRecord` refuses, with a
    KeyError in the app's face, an `extra=` that names what the factory set, and `tenant_id` and
    `trace_id` are names that apps use there. Behind it the app's own value stays. A factory that
    the app sets is used as ever.
    """

    def makeRecord(  # noqa: N802  # logging's name
        self: logging.Logger,
        name: str, level: int, fn: str, lno: int, msg: object, args: Any, exc_info: Any,
        func: str | None = None, extra: Any = None, sinfo: str | None = None,
    ) -> logging.LogRecord:  # fmt: skip
        record = make_record(
            self, name, level, fn, lno, msg, args, exc_info, func, extra, sinfo
        )  # fmt: skip
        if extra and not _STAMPS.isdisjoint(extra):
            record.__dict__["_given"] = tuple(_STAMPS.intersection(extra))
        _stamp(record)
        return record

    return makeRecord


def _configuring(basic_config: Callable[..., None], ours: RootHandler) -> Callable[..., None]:
    """`logging.basicConfig`, for which our handler is not there until it was once called.

    It does nothing where the root logger has a handler: under AWS's runtime an app's call is lost
    without a word. No hook of `logging` lets a root handler look absent, hence a wrapper.
    """
    configured = False

    def basicConfig(**options: Any) -> None:  # noqa: N802  # logging's name
        """Do basic configuration for the logging system; the same as on your machine.

        A `format` is that of the function's text log. If its format is JSON, the fields are
        there already: then only `level` counts. `handlers`, `filename`, `stream` and `force`
        replace the function's log.
        """
        nonlocal configured
        if not options or configured or logging.getLogger().handlers != [ours]:
            basic_config(**options)  # the call of logging.info() itself is one without options
            return
        _reconfigure(basic_config, ours, options)
        configured = True

    return basicConfig


_REPLACES = ("handlers", "filename", "stream")
_LEFT_ASIDE = (*_REPLACES, "filemode")  # basicConfig refuses them beside `handlers`


def _reconfigure(
    basic_config: Callable[..., None], ours: RootHandler, options: dict[str, Any]
) -> None:
    """Raises what basicConfig raises, and then leaves our handler as it was."""
    root, before = logging.getLogger(), ours.formatter
    root.removeHandler(ours)
    try:
        if options.get("force") or any(options.get(name) is not None for name in _REPLACES):
            basic_config(**options)
            return
        if options.get("format") is not None and not isinstance(before, JSONFormatter):
            ours.formatter = None  # for basicConfig to set
        given = {name: value for name, value in options.items() if name not in _LEFT_ASIDE}
        basic_config(**given, handlers=[ours])
        if ours.formatter is not None and ours.formatter is not before:
            ours.formatter.converter = time.gmtime  # of this one: a user's own keep theirs
    except BaseException:
        ours.formatter = before
        root.handlers[:] = [ours]
        raise
