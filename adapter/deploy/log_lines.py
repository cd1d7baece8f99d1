"""Lines of functions' logs: which request one belongs to, and what that request was answered.

Lambda writes to a stream for each environment, so that between START and END of a request all
lines are that request's, its own prints included. Where an environment serves many at once, there
are objects of JSON alone, which say whose they are.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# 2026/11/21/[12]0123… ; of a log group that functions share, 2026/11/21/users[12]0123…
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html
_VERSION = re.compile(r"\[(\$LATEST|\d+)\]")
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_AROUND = re.compile(rf"(START|END|REPORT) RequestId: ({_ID})")
_LEVEL = re.compile(r"\[(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\]")
_RECORD = re.compile(rf"\[[A-Z]+\]\t\S+\t({_ID})\t")
_ACCESS = re.compile(r"\t[A-Z]+ \S* (\d{3}) [\d.]+ ms (?:cold|warm)\s*$")
_TIMED_OUT = re.compile(rf"({_ID}) Task timed out after ")
_FAILED = re.compile(r"\tStatus: (?:error|timeout)\b")
_PLATFORM = {"platform.start": "START", "platform.runtimeDone": "END", "platform.report": "REPORT"}


@dataclass(frozen=True)
class Line:
    """An event of a log, as CloudWatch has it.

    at       milliseconds since the epoch
    function the function's name
    stream   the environment's
    id       CloudWatch's eventId
    """

    at: int
    function: str
    stream: str
    message: str
    id: str = ""

    @property
    def version(self) -> str:
        """The function's version, of the stream's name; "" if that has none."""
        found = _VERSION.search(self.stream)
        return found[1] if found else ""


@dataclass(frozen=True)
class Told:
    """What a line says about a request; "" and 0 for what it doesn't.

    around   START, END or REPORT, of Lambda's own lines
    status   of the HTTP answer, of the access log; 500 of an invocation that failed
    access   whether it is a line of the access log
    """

    request: str = ""
    around: str = ""
    level: str = ""
    status: int = 0
    access: bool = False


def told(message: str) -> Told:
    """What a line says, be it text or an object of JSON."""
    if message.startswith("{"):
        try:
            found = json.loads(message)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return _of_object(found)
    return _of_text(message)


def _of_text(message: str) -> Told:
    if around := _AROUND.match(message):
        failed = around[1] == "REPORT" and _FAILED.search(message)
        return Told(around[2], around[1], status=500 if failed else 0)
    if late := _TIMED_OUT.search(message):
        return Told(late[1], level="ERROR", status=500)
    level, record = _LEVEL.match(message), _RECORD.match(message)
    access = _ACCESS.search(message) if record else None
    return Told(
        record[1] if record else "",
        level=level[1] if level else "",
        status=int(access[1]) if access else 0,
        access=bool(access),
    )


def _of_object(found: dict[str, Any]) -> Told:
    platform = str(found.get("type", ""))
    record = found.get("record")
    if platform.startswith("platform.") and isinstance(record, dict):
        failed = platform == "platform.report" and record.get("status") in ("error", "timeout")
        request = str(record.get("requestId") or "")
        return Told(request, _PLATFORM.get(platform, ""), status=500 if failed else 0)
    status = found.get("status")
    access = found.get("logger") == "adapter.access" and isinstance(status, int)
    return Told(
        str(found.get("requestId") or found.get("AWSRequestId") or ""),
        level=str(found.get("level") or ""),
        status=status if access and isinstance(status, int) else 0,
        access=access,
    )


# What a visitor sends gets into logs, and must not command the terminal of who reads them.
# https://cwe.mitre.org/data/definitions/150.html
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(message: str) -> str:
    r"""With control characters, and those that turn the direction, as text: \x1b[2J."""
    return _COMMANDS.sub(lambda found: ascii(found[0])[1:-1], message)


Wanted = Callable[[str, int], bool | None]
"""Whether a request is wanted, of its id and its status (0 as long as nobody knows that).

None if it can't be told yet.
"""


def of_request(name: str) -> Wanted:
    """That request alone."""
    return lambda request, status: request == name


def of_status(text: str) -> Wanted:
    """404, or 5xx. Raises DeployError for anything else."""
    if not re.fullmatch(r"[1-5](\d\d|xx|XX)", text):
        raise DeployError(f"{text!r:.20} is no status: write 404, or 5xx")
    pattern = re.compile(text.lower().replace("x", r"\d"))
    return lambda request, status: bool(pattern.fullmatch(str(status))) if status else None


@dataclass
class _Request:
    """One that is under way: its lines that wait, until it is known whether it is wanted."""

    wanted: bool | None = None
    lines: list[Line] = field(default_factory=list)


class Requests:
    """Lines in, in order; out come those of the requests that are wanted.

    `answered` is whether a status was seen, and `ended` how many requests ended.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._open: dict[tuple[str, str], _Request] = {}  # by stream and id
        self._current: dict[str, str] = {}  # by stream: whose lines without an id are
        self._before: dict[str, list[Line]] = {}  # by stream: lines of a start
        self.answered = False
        self.ended = 0

    def take(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines that are wanted; earlier ones come as soon as that is known."""
        for line in lines:
            yield from self._take(line, told(line.message))

    def _take(self, line: Line, says: Told) -> Iterator[Line]:
        if says.around == "START":
            self._current[line.stream] = says.request
        request = says.request or self._current.get(line.stream, "")
        if not request:
            self._before.setdefault(line.stream, []).append(line)
            return
        one = self._open.setdefault((line.stream, request), self._begun(line.stream))
        one.lines.append(line)
        self.answered = self.answered or says.access
        # A failed invocation's REPORT comes last, and must not hide what the app answered.
        if one.wanted is None:
            one.wanted = self._wanted(request, says.status)
        if one.wanted:
            yield from one.lines
        if one.wanted is not None:
            one.lines.clear()
        if says.around == "REPORT":
            self.ended += 1
            self._over(line.stream, request)

    def _begun(self, stream: str) -> _Request:
        """With what the environment said at its start, which this request waited for."""
        return _Request(lines=self._before.pop(stream, []))

    def _over(self, stream: str, request: str) -> None:
        self._open.pop((stream, request), None)
        if self._current.get(stream) == request:
            del self._current[stream]
