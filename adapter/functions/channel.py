"""Where runs are recorded and watched: what a channel does, and the one within a process."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict

from ..errors import AdapterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterator
    from typing import Protocol

    from .state import Record

    class Channel(Protocol):
        """`name` is the function's, '' for a watcher that does not know it.

        put      Record, unless the record's chunk is done; and tell those who watch. Each chunk is
                 recorded as done once. The result is how many are, 0 if that is not known
        joined   The chunks that are done
        history  What was recorded so far
        watch    That, then what comes; None whenever nothing came for a moment, and at `end` (of
                 time.monotonic). It goes on without an end
        """

        def put(self, id: str, name: str, record: Record) -> int: ...  # noqa: A002
        def joined(self, id: str) -> set[int]: ...  # noqa: A002
        def history(self, id: str) -> list[Record]: ...  # noqa: A002
        def watch(self, id: str, name: str, end: float | None) -> Iterator[Record | None]: ...  # noqa: A002
        def awatch(self, id: str, name: str) -> AsyncIterator[Record | None]: ...  # noqa: A002


MOMENT_S = 1.0
_MOST_RUNS = 1000


def moment(end: float | None) -> float:
    """Seconds to wait for the next record."""
    return MOMENT_S if end is None else min(MOMENT_S, max(0.0, end - time.monotonic()))


class _Log:
    """The records of one run."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self.done: set[int] = set()
        self.sleepers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()


class LocalChannel:
    """Within this process, for development. It forgets the oldest of more than 1,000 runs."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._changed = threading.Condition()

    def _log(self, id: str) -> _Log:  # noqa: A002
        if id not in self._logs:
            self._logs[id] = _Log()
            if len(self._logs) > _MOST_RUNS:
                self._logs.popitem(last=False)
        return self._logs[id]

    def put(self, id: str, name: str, record: Record) -> int:  # noqa: A002
        with self._changed:
            log = self._log(id)
            if record.get("chunk") in log.done:
                return len(log.done)
            if record["kind"] == "done":
                log.done.add(record["chunk"])
            log.records.append(json.dumps(record))
            self._changed.notify_all()
            for loop, sleeper in log.sleepers:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(sleeper.set)
            return len(log.done)

    def joined(self, id: str) -> set[int]:  # noqa: A002
        with self._changed:
            return set(self._logs[id].done) if id in self._logs else set()

    def history(self, id: str) -> list[Record]:  # noqa: A002
        with self._changed:  # one that asks for what isn't there is to push out no other
            records = self._logs[id].records if id in self._logs else []
            return [json.loads(record) for record in records]

    def watch(self, id: str, name: str, end: float | None) -> Iterator[Record | None]:  # noqa: A002
        with self._changed:
            log, seen = self._log(id), 0
        while True:
            with self._changed:
                if len(log.records) == seen:
                    self._changed.wait(moment(end))
                fresh = log.records[seen:]
            seen += len(fresh)
            yield from map(json.loads, fresh) if fresh else [None]

    async def awatch(self, id: str, name: str) -> AsyncIterator[Record | None]:  # noqa: A002
        import asyncio

        sleeper, seen = asyncio.Event(), 0
        entry = asyncio.get_running_loop(), sleeper
        with self._changed:
            log = self._log(id)
            log.sleepers.add(entry)
        try:
            while True:
                sleeper.clear()
                fresh = log.records[seen:]
                seen += len(fresh)
                for record in fresh:
                    yield json.loads(record)
                if not fresh:
                    await _moment(sleeper)
                    yield None
        finally:
            with self._changed:
                log.sleepers.discard(entry)


async def _moment(sleeper: asyncio.Event) -> None:
    import asyncio

    try:
        await asyncio.wait_for(sleeper.wait(), MOMENT_S)
    except TimeoutError:
        pass


class NoChannel:
    """On AWS without Redis: runs go their way unseen."""

    def put(self, id: str, name: str, record: Record) -> int:  # noqa: A002
        return 0

    def joined(self, id: str) -> set[int]:  # noqa: A002
        return set()

    def history(self, id: str) -> list[Record]:  # noqa: A002
        raise AdapterError(
            f"the run {id} can't be watched: several processes share its progress through Redis "
            'alone: Functions(…, redis="redis://…")'
        )

    def watch(self, id: str, name: str, end: float | None) -> Iterator[Record | None]:  # noqa: A002
        yield from self.history(id)

    async def awatch(self, id: str, name: str) -> AsyncIterator[Record | None]:  # noqa: A002
        for record in self.history(id):
            yield record
