"""The function's log: what `logging`, `print` and the runtime itself write.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html

The same lines as under AWS's own Python runtime, so that queries and alarms stay right.
"""

from __future__ import annotations

import os
import sys

from .logs_json import dumps
from .logs_output import LEVELS, Output, level_name, now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PROVIDER = "_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET"
_INFO = LEVELS["INFO"]
_NO_BREAK_SPACE = "\u00a0"

_output = Output({})  # until `install` reads the environment
_installed = False


def install() -> None:
    """Once, at the start of the process, before the app is imported."""
    global _installed, _output
    if _installed:
        return
    _installed = True
    _let_prints_through()
    _output = Output(os.environ)
    os.register_at_fork(after_in_child=_output.renew_lock)
    from .logs_root import set_up  # here `logging` is imported

    set_up(_output, LEVELS.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()))


def error(document: dict[str, Any], request_id: str, tenant_id: str | None = None) -> None:
    """One event for a failed invocation, or for a failed start, which has no request id.

    `document` is what `faults.document` makes and Lambda gets.
    """
    if _output.json:
        message = dumps(_error_object(document, request_id, tenant_id))
    else:
        message = "\n".join(_error_lines(document, request_id))
    _output.write(message, LEVELS["ERROR"], json=_output.json)


def line(text: str, level: str = "INFO") -> None:
    """A line of the runtime's own."""
    number = LEVELS.get(level.upper(), _INFO)
    if _output.json:
        text = dumps({"timestamp": now(), "level": level_name(number), "message": text})
    _output.write(text, number, json=_output.json)


def flush() -> None:
    """Let out what the app printed without a newline; an environment may be frozen next."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001  # None, closed, or whatever the app put there
            pass


def redirect_worker_output() -> None:
    """In a worker process after its fork: connect standard output and error to Lambda's log.

    Only a process that Lambda started has them there. The descriptor is the parent's, and frames
    of several processes would get mixed up in it.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-python-runtime.html
    """
    path = os.environ.get(_PROVIDER)
    if not path:
        return
    flush()
    _output.leave_descriptor()
    try:
        for descriptor in (1, 2):
            _connect(path, descriptor)
    except OSError as failure:  # better a log in the parent's place than no worker
        line(f"adapter: no log at {path} for the worker {os.getpid()}: {failure}", "WARN")


def _connect(path: str, descriptor: int) -> None:
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.connect(path)
        os.dup2(stream.fileno(), descriptor)


def _let_prints_through() -> None:
    """What the app prints appears at once: an environment may be frozen before a buffer is full."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True)


def _error_object(
    document: dict[str, Any], request_id: str, tenant_id: str | None
) -> dict[str, Any]:
    found = {"timestamp": now(), "level": "ERROR", **document}
    if request_id:
        found["requestId"] = request_id
    if tenant_id:
        found["tenantId"] = tenant_id
    return found


def _error_lines(document: dict[str, Any], request_id: str) -> list[str]:
    what = [document.get("errorType"), document.get("errorMessage")]
    head = f"RequestId: {request_id} " if request_id else ""
    lines = [f"[ERROR] {head}{': '.join(str(each) for each in what if each)}"]
    entries = document.get("stackTrace")
    if entries:
        lines.append("Traceback (most recent call last):")
    for entry in entries or ():
        lines += map(_indented, entry.rstrip("\n").split("\n"))
    return lines


def _indented(traced: str) -> str:
    """With spaces in front that CloudWatch keeps, where the lines become one."""
    text = traced.lstrip(" ")
    return _NO_BREAK_SPACE * (len(traced) - len(text)) + text if _output.joins else traced
