"""Events that a function is handed without anybody waiting: tried again, and at last put aside.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..events._gateway import request_id
from .environment import VERSION
from .invoke_call import value_of
from .visit import follow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .invocation import Outcome
    from .invoke_call import Call
    from .process import Log
    from .visit import Watcher
    from .workers import Pool

FILE = Path(".adapter", "dead-letters.jsonl")

# Seconds before the second try and the third. Lambda waits for a minute, and then for two.
PAUSES = (1.0, 2.0)


class DeadLetters:
    """A file with a line of JSON for each event that failed every time."""

    def __init__(self, path: Path, log: Log) -> None:
        self._path = path
        self._log = log

    def put(self, record: dict[str, Any]) -> None:
        """Add a record. Where it can't be written the log has it."""
        line = json.dumps(record)
        try:
            self._make_folder()
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            self._log(f"adapter: can't write {self._path} ({error.strerror}): {line}")
            return
        self._log(f"adapter: kept the event in {self._path}")

    def _make_folder(self) -> None:
        """One of our own is nothing to commit."""
        folder = self._path.parent
        if not folder.exists():
            folder.mkdir(parents=True)
            if self._path == FILE:
                (folder / ".gitignore").write_text("*\n", "utf-8")


class Queue:
    """The events of asynchronous calls, until each succeeded or failed for the last time."""

    def __init__(
        self,
        dead_letters: DeadLetters,
        log: Log,
        watchers: Sequence[Watcher] = (),
        *,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self._dead_letters = dead_letters
        self._log = log
        self._watchers = watchers
        self._pauses = pauses
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, pool: Pool, call: Call) -> str:
        """Take an event on. Its request id, which is the same each time that it is tried."""
        event_id = request_id()
        task = asyncio.create_task(self._deliver(pool, call, event_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return event_id

    async def _deliver(self, pool: Pool, call: Call, event_id: str) -> None:
        for pause in (*self._pauses, None):
            outcome = await self._tried(pool, call, event_id)
            if not outcome.failed:
                return
            then = f"; again in {pause:g} s" if pause is not None else ", for the last time"
            self._log(f"adapter: the asynchronous event {event_id} failed ({outcome}){then}")
            if pause is not None:
                await asyncio.sleep(pause)
        tries = len(self._pauses) + 1
        self._dead_letters.put(_record(call, event_id, outcome, tries))

    async def _tried(self, pool: Pool, call: Call, event_id: str) -> Outcome:
        invocation = pool.begin(call.payload, id=event_id, **call.told)
        follow(call.visit(), invocation, self._watchers)
        outcome = await invocation.result()
        await asyncio.shield(invocation.over)
        return outcome

    async def stop(self) -> None:
        """Give up what is not done with."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if tasks:
            self._log(f"adapter: gave up asynchronous events that were not done with: {len(tasks)}")


def _record(call: Call, event_id: str, outcome: Outcome, tries: int) -> dict[str, Any]:
    """What Lambda sends to a destination for failures, in its order."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "version": "1.0",
        "timestamp": now,
        "requestContext": {
            "requestId": event_id,
            "functionArn": call.qualified_arn,
            "condition": "RetriesExhausted",
            "approximateInvokeCount": tries,
        },
        "requestPayload": value_of(call.payload),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": VERSION,
            "functionError": "Unhandled",
        },
        "responsePayload": value_of(outcome.body),
    }
