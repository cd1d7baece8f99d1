"""The environments of one function.

Like Lambda, an environment serves one request at a time (or as many as it is made for), and a new
one starts while all are busy.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .environment import MEMORY_MB, VERSION, Environment
from .invocation import Invocation, Outcome, error_outcome

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from .process import Log

_MOMENT_S = 0.1  # a cold start takes longer


class Place:
    """An environment from its start on, and the invocations that it has."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.started = asyncio.create_task(environment.start())
        self.taken = 0
        self.leaving: set[asyncio.Future[None]] = set()  # answered, and soon over

    @property
    def usable(self) -> bool:
        return not self.started.done() or self.environment.alive


class Pool:
    """At most `size` environments of one function, each with `concurrency` invocations at once."""

    def __init__(
        self,
        command: list[str],
        handler: str,
        *,
        size: int,
        log: Log,
        timeout: float = 30.0,
        concurrency: int = 1,
        snapstart: bool = False,
        variables: dict[str, str] | None = None,
    ) -> None:
        self._command = command
        self._variables = {**lambda_variables(handler), **(variables or {})}
        self.name = self._variables["AWS_LAMBDA_FUNCTION_NAME"]
        self._log = log
        self._timeout = timeout
        self._concurrency = concurrency
        self._snapstart = snapstart
        self._free = asyncio.Semaphore(size * concurrency)
        self._places: list[Place] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def warm_up(self) -> Outcome:
        """Start one environment, so that mistakes show before the first request."""
        place = self._add()
        outcome = await asyncio.shield(place.started)
        if outcome.failed:
            await self._let_go(place)
        return outcome

    async def invoke(self, event: object, **told: str) -> Outcome:
        """The outcome of `event` in an environment that is free, or in a new one.

        `told` is what a caller can say besides, by the names that Invocation has: `tenant_id`,
        `client_context`, `cognito_identity`, `qualifier`.
        """
        data = json.dumps(event, separators=(",", ":")).encode()
        return await self.begin(data, **told).outcome

    def begin(self, event: bytes, **told: str) -> Invocation:
        """The same with an event as JSON text; the invocation, which is under way now."""
        invocation = Invocation(event, self._timeout, **told)  # type: ignore[arg-type]
        self._spawn(self._carry(invocation))
        return invocation

    async def _carry(self, invocation: Invocation) -> None:
        """Run an invocation, and keep its place until its environment is done with it."""
        async with self._free:
            if self._stopped:
                invocation.end(error_outcome("Runtime.ExitError", "the environments were stopped"))
                invocation.over.set_result(None)
                return
            place = await self._place()
            try:
                await self._run(place, invocation)
            finally:
                place.taken -= 1

    async def _run(self, place: Place, invocation: Invocation) -> None:
        started = await place.started
        if started.failed:
            place.environment.log.begin(invocation)  # what its start said
            invocation.end(started)
            invocation.over.set_result(None)
            await self._let_go(place)
            return
        await place.environment.invoke(invocation)
        place.leaving.add(invocation.over)
        await invocation.over
        place.leaving.discard(invocation.over)

    async def _place(self) -> Place:
        """A place in an environment, taken.

        One that has just answered gets a moment to come back, before another is started.
        """
        place = self._with_room()
        leaving = [future for place in self._places for future in place.leaving]
        if place is None and leaving:
            await asyncio.wait(leaving, timeout=_MOMENT_S, return_when="FIRST_COMPLETED")
            place = self._with_room()
        place = place or self._add()
        place.taken += 1
        return place

    def _with_room(self) -> Place | None:
        for place in list(self._places):
            if not place.usable:
                self._spawn(self._let_go(place))
            elif place.taken < self._concurrency:
                return place
        return None

    def _add(self) -> Place:
        environment = Environment(
            self._command,
            self._variables,
            self._log,
            concurrency=self._concurrency,
            snapstart=self._snapstart,
        )
        self._places.append(Place(environment))
        return self._places[-1]

    async def _let_go(self, place: Place) -> None:
        if place in self._places:
            self._places.remove(place)
            await place.environment.stop()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Wait until every invocation is over: what an app does after its answer, too."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """End every environment."""
        self._stopped = True
        await asyncio.gather(*(self._let_go(place) for place in list(self._places)))
        await asyncio.gather(*self._tasks)


def lambda_variables(handler: str) -> dict[str, str]:
    """The environment variables that Lambda sets, over those of this process.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    name = function_name(Path.cwd())
    return {
        **os.environ,
        "ADAPTER_LOCAL": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": VERSION,
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d')}/[{VERSION}]local",
        "AWS_REGION": os.environ.get("AWS_REGION", "us-east-1"),
        "LAMBDA_TASK_ROOT": str(Path.cwd()),
        "_HANDLER": handler,
    }


def function_name(folder: Path) -> str:
    """The folder's name, as far as a function can have it: letters, digits, - and _, 64 of them."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "-", folder.name)[:64].strip("-") or "function"
