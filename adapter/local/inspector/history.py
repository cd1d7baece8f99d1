"""The newest requests at the gateway, and who wants to hear of new ones."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from .runs import Runs

if TYPE_CHECKING:
    from ...message import Response
    from ..invocation import Invocation
    from ..visit import Visit

MOST = 500
"""Visits that are kept."""
BUDGET = 64 << 20
"""Bytes of their bodies, events, results and logs, all together."""

_BASE = 1024  # of a visit with nothing in it, roughly


@dataclass
class Entry:
    """A visit that is kept. `number` counts arrivals, `version` the changes of the history."""

    visit: Visit
    number: int
    version: int = 0
    size: int = 0


class News(NamedTuple):
    """What changed after some version: entries in order of arrival, and the whole of the rest.

    `oldest` is the number of the oldest entry that is kept; those before it are gone. `runs` are
    all that are kept, as the page shows them; None if none of them changed.
    """

    version: int
    oldest: int
    entries: list[Entry]
    problem: str
    runs: list[dict[str, Any]] | None


class History:
    """Keeps the newest visits, whole, as long as they fit; older ones are let go.

    To be used on one event loop. Nobody who listens can hold `watch` up: a listener remembers only
    a version, and asks what changed since.
    """

    def __init__(self, most: int = MOST, budget: int = BUDGET) -> None:
        self._most = most
        self._budget = budget
        self._entries: dict[str, Entry] = {}  # by the visit's id, in order of arrival
        self._gone: WeakSet[Visit] = WeakSet()  # let go while they were under way
        self._total = 0
        self._number = 0
        self._problem = ""
        self._runs = Runs()
        self._runs_version = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self.run = secrets.token_hex(4)  # versions of another run tell nothing
        self.version = 0
        self.closed = False

    def watch(self, visit: Visit) -> None:
        """A visit is new or has changed."""
        entry = self._entries.get(visit.id)
        if entry is None:
            if visit in self._gone:
                return
            self._number += 1
            entry = self._entries[visit.id] = Entry(visit, self._number)
        self._weigh(entry)
        self._let_go()
        entry.version = self._tell()

    def problem(self, text: str) -> None:
        """Why the app can't start; "" when it can."""
        if text != self._problem:
            self._problem = text
            self._tell()

    def progress(self, told: bytes) -> None:
        """What an environment tells of runs. Raises ValueError."""
        self._runs.heard(told)
        self._runs_version = self._tell()

    def clear(self) -> None:
        """Forget them all."""
        for entry in list(self._entries.values()):
            self._forget(entry)
        self._runs.clear()
        self._runs_version = self._tell()

    def close(self) -> None:
        """End what listeners wait for, so that their connections don't keep the server."""
        self.closed = True
        self._tell()

    def find(self, name: str) -> Visit | None:
        """The visit with this id."""
        entry = self._entries.get(name)
        return entry.visit if entry else None

    def entry(self, name: str) -> Entry | None:
        """The same, with its number."""
        return self._entries.get(name)

    def since(self, version: int) -> News:
        """What changed after `version`; 0 for everything that is kept."""
        entries = [entry for entry in self._entries.values() if entry.version > version]
        oldest = next(iter(self._entries.values())).number if self._entries else self._number + 1
        runs = self._runs.rows() if version < max(self._runs_version, 1) else None
        return News(self.version, oldest, entries, self._problem, runs)

    async def changed(self, version: int, seconds: float) -> bool:
        """Wait until something is newer than `version`; False if nothing was for so long."""
        if self.version > version or self.closed:
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await asyncio.wait({waiter}, timeout=seconds)
        finally:
            self._waiting.discard(waiter)
        return waiter.done()

    def _tell(self) -> int:
        self.version += 1
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        return self.version

    def _weigh(self, entry: Entry) -> None:
        self._total -= entry.size
        entry.size = size_of(entry.visit)
        self._total += entry.size

    def _let_go(self) -> None:
        """The oldest, while there are too many; the newest stays whatever its size."""
        while len(self._entries) > 1 and (
            len(self._entries) > self._most or self._total > self._budget
        ):
            self._forget(next(iter(self._entries.values())))

    def _forget(self, entry: Entry) -> None:
        del self._entries[entry.visit.id]
        self._total -= entry.size
        if "over" not in entry.visit.marks:
            self._gone.add(entry.visit)


def size_of(visit: Visit) -> int:
    """About how many bytes a visit holds."""
    return (
        _BASE
        + len(visit.request.path)
        + len(visit.request.query)
        + len(visit.request.body)
        + len(visit.result)
        + len(body_of(visit.response))
        + _size_of_invocation(visit.invocation)
    )


def _size_of_invocation(invocation: Invocation | None) -> int:
    if invocation is None:
        return 0
    # The event is held twice: as text here, and as a value by the visit.
    log = sum(map(len, invocation.log)) if invocation.over.done() else 0
    return 2 * len(invocation.event) + log


def body_of(response: Response | None) -> bytes:
    """The body of a kept response, which is a list; b'' of one that is still on its way."""
    body = response.body if response is not None else ()
    return b"".join(body) if isinstance(body, list | tuple) else b""
