"""Lambda's side of the runtime's tests: environments of `adapter.local`, driven from a test."""

import asyncio
import json
import sys
from dataclasses import dataclass, field

from adapter.local.workers import Pool

ADAPTER = [sys.executable, "-m", "adapter.runtime"]
AWSLAMBDARIC = [sys.executable, "-m", "awslambdaric"]


@dataclass
class Run:
    """What came of a series of invocations."""

    outcomes: list = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @property
    def results(self):
        return [json.loads(outcome.body) for outcome in self.outcomes]

    @property
    def text(self):
        return "\n".join(self.log)


def run(target, *events, command=ADAPTER, size=1, timeout=30.0, at_once=False):
    """Send events to `target` in environments of their own; the current folder is the task's."""
    ran = Run()

    async def scenario():
        pool = Pool([*command, target], target, size=size, log=ran.log.append, timeout=timeout)
        try:
            if at_once:
                ran.outcomes += await asyncio.gather(*(pool.invoke(event) for event in events))
            else:
                for event in events:
                    ran.outcomes.append(await pool.invoke(event))
        finally:
            await pool.stop()

    asyncio.run(scenario())
    return ran
