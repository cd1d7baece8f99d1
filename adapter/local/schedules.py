"""Functions get an event when it is time: what EventBridge does by its schedules, done here.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..config.schedule_times import next_after, parsed, zone_of
from ..events import samples
from ..message import Request
from .invoke_call import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ..config import Project, Schedule
    from .asynchronous import Queue
    from .process import Log
    from .workers import Pool

    Clock = Callable[[], datetime]

# The clock on the wall is looked at so often: a machine that sleeps stops the loop's, but not it.
_STEP_S = 10.0

# EventBridge is precise to a minute: what is due at 1:00 comes from 1:00:00 to 1:00:59.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
_LATE = timedelta(minutes=1)


def now() -> datetime:
    return datetime.now(UTC)


def next_of(schedule: Schedule, moment: datetime, since: datetime | None = None) -> datetime | None:
    """When it is due next after a moment; a rate counts from `since`, or from the moment."""
    zone = zone_of(schedule.timezone)
    return next_after(parsed(schedule.expression), moment, zone, since)


def shown(moment: datetime) -> str:
    """In the time of this machine."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


class Schedules:
    """Those of a project, from `start` to `stop`: their events go through the queue to the pools.

    What was due while the machine slept is told and left out, so that it doesn't come in a burst.
    """

    def __init__(
        self,
        project: Project,
        pools: Mapping[str, Pool],
        queue: Queue,
        log: Log,
        *,
        clock: Clock = now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._schedules = [one for one in project.schedules if one.enabled]
        self._pools = pools
        self._queue = queue
        self._log = log
        self._clock = clock
        self._sleep = sleep
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._keep(one)) for one in self._schedules]

    async def stop(self) -> None:
        """No more of them is due."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, schedule: Schedule) -> None:
        since = moment = self._clock()
        while (due := next_of(schedule, moment, since)) is not None:
            await self._until(due)
            moment = max(due, self._clock())
            if moment - due < _LATE:
                self._queue.put(self._pools[schedule.function], call_of(schedule, due))
            else:
                self._log(
                    f"adapter: the schedule {schedule.name} was due at {shown(due)}: it is left "
                    "out, for nothing ran here then"
                )

    async def _until(self, due: datetime) -> None:
        while (left := (due - self._clock()).total_seconds()) > 0:
            await self._sleep(min(left, _STEP_S))


def call_of(schedule: Schedule, due: datetime) -> Call:
    """What its function gets when it is due, and the request that stands for it."""
    body = (schedule.input or json.dumps(_event(schedule, due))).encode()
    request = Request(
        "POST",
        f"/_events/schedule/{schedule.name}",
        headers=(("content-type", "application/json"),),
        body=body,
    )
    return Call("Schedule", schedule.function, "Event", body, request, kind="schedule")


def _event(schedule: Schedule, due: datetime) -> samples.Event:
    """Of a rule, at the time at which it was due."""
    event = samples.schedule(schedule.name, [b""])
    return {**event, "time": due.strftime("%Y-%m-%dT%H:%M:%SZ")}
