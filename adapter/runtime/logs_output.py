"""Where the log goes: to the descriptor that Lambda hands over, else to standard output.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html

What is written to standard output is one event of the log per line. The descriptor takes frames
instead, so that an event may have several lines. A frame is, big-endian: 4 bytes type, 4 bytes
length, 8 bytes microseconds since the epoch, and the message. Of its type the lowest two bits tell
text (3) from JSON (2), and the next ones the level:
https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/lambda_runtime_log_utils.py
"""

from __future__ import annotations

import os
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

LEVELS = {
    "NOTSET": 0, "TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30,
    "ERROR": 40, "FATAL": 50, "CRITICAL": 50,
}  # fmt: skip
"""AWS_LAMBDA_LOG_LEVEL in AWS's words and in Python's, as `logging` counts them.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html"""

_NAMES = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_DESCRIPTOR = "_LAMBDA_TELEMETRY_LOG_FD"
_JSON, _TEXT = 2, 3
_HEADS = {
    kind: [(0xA55A0000 | (rank + 1) << 2 | kind).to_bytes(4, "big") for rank in range(len(_NAMES))]
    for kind in (_JSON, _TEXT)
}


def level_name(level: int) -> str:
    """The level in a word that Lambda's filter knows: of one between two, the lower one."""
    return _NAMES[_rank(level)]


def _rank(level: int) -> int:
    return min(5, max(0, level // 10))


class Output:
    """The log of this process, for any thread of it. Writing never raises.

    json   whether the function's log format is JSON
    joins  whether a newline would end an event: then '\\r' stands for it, which the console shows
           as one. Not in `adapter dev` (ADAPTER_LOCAL), where a person reads along.
    """

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self.json = environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        self._local = bool(environ.get("ADAPTER_LOCAL"))
        self._descriptor = _taken_descriptor(environ)
        self._lock = threading.RLock()  # re-entrant: a signal's handler may log as well

    @property
    def joins(self) -> bool:
        return self._descriptor is None and not self._local

    def write(self, message: str, level: int, *, json: bool) -> None:
        """One event."""
        descriptor = self._descriptor  # another thread may leave it
        if descriptor is not None:
            try:
                self._write_frame(descriptor, message, level, _JSON if json else _TEXT)
                return
            except OSError:  # the app closed it, or its reader is gone
                self._descriptor = None  # for good: a file of the app may get its number
        _print(_one_line(message) if self.joins else message)

    def leave_descriptor(self) -> None:
        """Write to standard output from now on."""
        self._descriptor = None

    def renew_lock(self) -> None:
        """In a child after a fork: another thread, which it does not have, may have held it."""
        self._lock = threading.RLock()

    def _write_frame(self, descriptor: int, message: str, level: int, kind: int) -> None:
        data = _encodable(message).encode()
        head = _HEADS[kind][_rank(level)] + len(data).to_bytes(4, "big")
        frame = head + (time.time_ns() // 1000).to_bytes(8, "big") + data
        with self._lock:
            _write_whole(descriptor, frame)


def _write_whole(descriptor: int, data: bytes) -> None:
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


def _taken_descriptor(environ: MutableMapping[str, str]) -> int | None:
    """The descriptor of the environment, which then has none: a child process is not to use it."""
    try:
        descriptor = int(environ.pop(_DESCRIPTOR, ""))
        os.set_blocking(descriptor, True)  # else a full pipe would break a frame in two
        if descriptor > 2:
            os.set_inheritable(descriptor, False)
    except (ValueError, OverflowError, OSError):  # none, no number, or not open
        return None
    return descriptor


def _one_line(message: str) -> str:
    if "\n" not in message:
        return message
    return message.removesuffix("\n").replace("\r\n", "\r").replace("\n", "\r")


def _encodable(message: str) -> str:
    """With escapes for lone surrogates: in text they can be read, in JSON they are its own."""
    if message.isascii():
        return message
    return message.encode("utf-8", "backslashreplace").decode()


def _print(message: str) -> None:
    """One write to what is sys.stdout now; without it, or if it is closed, there is no log."""
    stream, message = sys.stdout, _encodable(message + "\n")
    try:
        try:
            stream.write(message)
        except UnicodeEncodeError:  # UTF-8 is what Lambda takes, whatever stdout is set to
            stream.flush()
            stream.buffer.write(message.encode())
        stream.flush()
    except Exception:  # noqa: BLE001  # a log that can't be written is no reason to fail a request
        pass


_second = (0, "1970-01-01T00:00:00")


def utc(seconds: int, milliseconds: int) -> str:
    """`2026-11-21T12:00:00.123Z`, the time as AWS's runtimes write it. (RFC 3339)"""
    global _second
    known, written = _second  # as one value: another thread may be here too
    if seconds != known:
        written = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        _second = seconds, written
    return f"{written}.{milliseconds:03d}Z"


def now() -> str:
    milliseconds = time.time_ns() // 1_000_000
    return utc(milliseconds // 1000, milliseconds % 1000)
