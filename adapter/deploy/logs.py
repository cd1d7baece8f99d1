"""Functions' logs, of CloudWatch: what was written, and what is being written.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import count
from typing import TYPE_CHECKING, Any

from . import DeployError, aliases
from .log_lines import Line, Requests, Wanted, of_request, of_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .aws import AWS

POLL_S = 1.0
# Lines of one moment arrive over some seconds: what was asked for already is asked for again.
_OVERLAP_MS = 15_000
_REMEMBERED = 100_000  # ids of lines that were shown
_POLLS_AN_ALIAS = 10  # so many polls later an alias may run another version
_START_MS = 60_000  # what an environment said at its start, before its first request
_MOST_STREAMS = 100  # as FilterLogEvents has it
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Query:
    """Which lines are wanted.

    functions their names
    stage     the alias whose versions' lines are wanted; "" for those of all versions
    since     milliseconds since the epoch
    until     the same; 0 for no end
    request   an id; "" for all
    status    "404", "5xx"; "" for all
    grep      a text that a line has in it; "" for all
    """

    functions: tuple[str, ...]
    stage: str
    since: int
    until: int = 0
    request: str = ""
    status: str = ""
    grep: str = ""

    @property
    def wanted(self) -> Wanted | None:
        """Which requests; None for all."""
        if self.request:
            return of_request(self.request)
        return of_status(self.status) if self.status else None


def moment(text: str, now: float | None = None) -> int:
    """Milliseconds since the epoch: of 10m (before now), or of 2026-11-21T09:00, in UTC.

    Raises DeployError.
    """
    if ago := re.fullmatch(r"(\d+)([smhd])", text):
        seconds = int(ago[1]) * _UNITS[ago[2]]
        return max(0, int(((time.time() if now is None else now) - seconds) * 1000))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise DeployError(
            f"{text!r:.40} is no time: write 10m, 2h or 3d for so long ago, or 2026-11-21T09:00"
        ) from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


class Logs:
    """The lines that a query is for. `requests` knows afterwards what it saw of statuses."""

    def __init__(self, aws: AWS, query: Query) -> None:
        self._aws = aws
        self._client = aws.client("logs")
        self._query = query
        self._versions: dict[str, set[str]] = {}
        self._seen: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self._latest = query.since
        wanted = query.wanted
        self.requests = Requests(wanted) if wanted else None

    def lines(self) -> Iterator[Line]:
        """Those that are there, of all functions, by time. Raises DeployError."""
        if self._query.stage:
            self._look_up()
        yield from self._filtered(self._all(self._query.since, self._query.until))

    def follow(self, sleep: Callable[[float], None] = time.sleep) -> Iterator[Line]:
        """The same, and then those that come, until the caller has enough. Raises DeployError."""
        for poll in count():
            if self._query.stage and poll % _POLLS_AN_ALIAS == 0:
                self._look_up()
            since = max(self._query.since, self._latest - _OVERLAP_MS)
            yield from self._filtered(self._fresh(self._all(since, 0)))
            sleep(POLL_S)

    def _look_up(self) -> None:
        """The versions that aliases run; those that they ran before stay wanted.

        A function that is not in the stage yet has written nothing there.
        """
        query = self._query
        found = [aliases.read(self._aws, name, query.stage) for name in query.functions]
        if not any(found):
            raise DeployError(
                f"{', '.join(query.functions)}: no alias {query.stage}. Is the stage deployed? "
                "(adapter releases)"
            )
        for name, alias in zip(query.functions, found, strict=True):
            versions = self._versions.setdefault(name, set())
            versions.update(alias.versions if alias else ())

    def _all(self, since: int, until: int) -> Iterator[Line]:
        each = [self._of(function, since, until) for function in self._query.functions]
        return merge(*each, key=lambda line: line.at)

    def _of(self, function: str, since: int, until: int) -> Iterator[Line]:
        asked: dict[str, Any] = {"startTime": since, **({"endTime": until} if until else {})}
        if self._query.request:
            asked = self._around(function, asked)
        versions = self._versions.get(function)
        for line in self._events(function, asked) if asked else ():
            if versions is None or line.version in versions:
                yield line

    def _around(self, function: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What to ask for, to get the lines without the id as well; {} if there is none with it.

        Lines that name the request tell its stream and its time.
        """
        phrase = self._query.request.replace('"', "")
        named = list(self._events(function, {**asked, "filterPattern": f'"{phrase}"'}))
        if not named:
            return {}
        return {
            "logStreamNames": sorted({line.stream for line in named})[:_MOST_STREAMS],
            "startTime": min(line.at for line in named) - _START_MS,
            "endTime": max(line.at for line in named) + 1,
        }

    def _events(self, function: str, asked: Mapping[str, Any]) -> Iterator[Line]:
        """A group that isn't there yet has no lines."""
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{function}", **asked
        )
        try:
            for page in pages:
                yield from (_line(function, event) for event in page["events"])
        except self._client.exceptions.ResourceNotFoundException:
            return

    def _filtered(self, lines: Iterator[Line]) -> Iterator[Line]:
        found = self.requests.take(lines) if self.requests else lines
        return (line for line in found if self._query.grep in line.message)

    def _fresh(self, lines: Iterator[Line]) -> Iterator[Line]:
        """Those that did not come before."""
        for line in lines:
            self._latest = max(self._latest, line.at)
            key = (line.id,) if line.id else (line.stream, str(line.at), line.message)
            if key not in self._seen:
                self._seen[key] = None
                if len(self._seen) > _REMEMBERED:
                    self._seen.popitem(last=False)
                yield line


def _line(function: str, event: Mapping[str, str]) -> Line:
    return Line(
        int(event["timestamp"]),
        function,
        event["logStreamName"],
        event["message"].rstrip("\n"),
        event.get("eventId", ""),
    )
