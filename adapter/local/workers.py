"""The environments of one function.

Like Lambda, an environment serves one request at a time (or as many as it is made for), and a new
one starts while all are busy.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from .environment import VERSION, Environment
from .invocation import Invocation, Outcome, error_outcome
from .layers import variables as with_layers
from .missing import remedy
from .region import regions
from .runtimes import command_of

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from ..config import Function
    from .process import Log
    from .runtime_api import Progress

_MOMENT_S = 0.1  # a cold start takes longer
_GRAIN_S = 0.02  # by which a file's time may be behind the clock


class Hours:
    """When something was at work: `with hours:`, as often at a time as you like."""

    def __init__(self) -> None:
        self._at_work = 0
        self._since = 0.0
        self._past: deque[tuple[float, float]] = deque(maxlen=1000)

    def __enter__(self) -> None:
        if not self._at_work:
            self._since = time.time()
        self._at_work += 1

    def __exit__(self, *_: object) -> None:
        self._at_work -= 1
        if not self._at_work:
            self._past.append((self._since, time.time()))

    def include(self, moment: float) -> bool:
        """Whether a moment (of time.time) was within them."""
        hours = [*self._past, (self._since, moment)] if self._at_work else self._past
        return any(began - _GRAIN_S <= moment <= ended for began, ended in hours)


class Place:
    """An environment from its start on, and the invocations that it has."""

    def __init__(self, environment: Environment, hours: Hours, replaced: asyncio.Event) -> None:
        self.environment = environment
        self.replaced = replaced  # set when there is a newer version
        self.started = asyncio.create_task(_start(environment, hours))
        self.taken = 0
        self.retired = False  # no more are let in
        self.dropped = False  # and those in it go elsewhere
        self.leaving: set[asyncio.Future[None]] = set()  # answered, and soon over

    @property
    def usable(self) -> bool:
        return not self.started.done() or self.environment.alive


async def _start(environment: Environment, hours: Hours) -> Outcome:
    with hours:
        return await environment.start()


class Pool:
    """At most `size` environments of one function, each with `concurrency` invocations at once.

    Where one did not start, its invocations wait `patience` seconds for `renew`: it may have met a
    file that was half written.

    progress  takes what its environments tell of runs, if somebody wants to know
    """

    def __init__(
        self,
        function: Function,
        *,
        size: int,
        log: Log,
        snapstart: bool = False,
        patience: float = 0.0,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.function = function
        self.progress: Progress | None = None
        self._command = command_of(function)
        self._variables = lambda_variables(function, variables)
        self._log = log
        self._snapstart = snapstart
        self._free = asyncio.Semaphore(size * function.concurrency)
        self._places: list[Place] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._patience = patience
        self._replaced = asyncio.Event()
        self.hours = Hours()

    async def warm_up(self) -> Outcome:
        """Start one environment, so that mistakes show before the first request."""
        place = self._add()
        outcome = await asyncio.shield(place.started)
        if outcome.failed:
            await self._let_go(place)
            if advice := remedy(self.function, outcome):
                self._log(f"adapter: {advice}")
        return outcome

    async def renew(self, variables: Mapping[str, str]) -> Outcome:
        """Start one anew, with these variables, and let the others go when they have done."""
        self._variables = lambda_variables(self.function, variables)
        for place in self._places:
            self._retire(place)
        self._replaced.set()
        self._replaced = asyncio.Event()
        return await self.warm_up()

    def _retire(self, place: Place) -> None:
        """Its invocations no longer count; those that it has not begun go elsewhere."""
        if place.retired:
            return
        place.retired = True
        for _ in range(place.taken):
            self._free.release()
        place.dropped = not place.started.done()
        if place.dropped or not place.taken:
            self._spawn(self._let_go(place))

    async def invoke(self, event: object, **told: str) -> Outcome:
        """The outcome of `event` in an environment that is free, or in a new one.

        `told` is what a caller can say besides, by the names that Invocation has: `tenant_id`,
        `client_context`, `cognito_identity`, `qualifier`.
        """
        data = json.dumps(event, separators=(",", ":")).encode()
        return await self.begin(data, **told).outcome

    def begin(self, event: bytes, **told: str) -> Invocation:
        """The same with an event as JSON text; the invocation, which is under way now."""
        invocation = Invocation(event, self.function.timeout, **told)  # type: ignore[arg-type]
        self._spawn(self._carry(invocation))
        return invocation

    async def _carry(self, invocation: Invocation) -> None:
        """Run an invocation; anew, if its environment went before it had started."""
        while not await self._carried(invocation):
            pass

    async def _carried(self, invocation: Invocation) -> bool:
        """Run it, and keep its place until its environment is done with it."""
        await self._free.acquire()
        if self._stopped:
            self._free.release()
            invocation.end(error_outcome("Runtime.ExitError", "the environments were stopped"))
            invocation.over.set_result(None)
            return True
        place = await self._place()
        try:
            return await self._run(place, invocation)
        finally:
            await self._leave(place)

    async def _leave(self, place: Place) -> None:
        place.taken -= 1
        if not place.retired:
            self._free.release()
        elif not place.taken:
            await self._let_go(place)

    async def _run(self, place: Place, invocation: Invocation) -> bool:
        started = await place.started
        if place.dropped:
            return False
        if started.failed:
            await self._let_go(place)
            if await self._is_replaced(place):
                return False
            place.environment.log.begin(invocation)  # what its start said
            invocation.end(started)
            invocation.over.set_result(None)
            return True
        with self.hours:
            await place.environment.invoke(invocation)
            place.leaving.add(invocation.over)
            await invocation.over
            place.leaving.discard(invocation.over)
        return True

    async def _is_replaced(self, place: Place) -> bool:
        """Whether a newer version came, or comes while we are patient."""
        if self._patience and not self._stopped:
            waiting = asyncio.create_task(place.replaced.wait())
            await asyncio.wait({waiting}, timeout=self._patience)
            waiting.cancel()
        return place.replaced.is_set()

    async def _place(self) -> Place:
        """A place in an environment, taken.

        One that has just answered gets a moment to come back, before another is started.
        """
        place = self._with_room()
        leaving = [future for place in self._current() for future in place.leaving]
        if place is None and leaving:
            await asyncio.wait(leaving, timeout=_MOMENT_S, return_when="FIRST_COMPLETED")
            place = self._with_room()
        place = place or self._add()
        place.taken += 1
        return place

    def _with_room(self) -> Place | None:
        for place in self._current():
            if not place.usable:
                self._spawn(self._let_go(place))
            elif place.taken < self.function.concurrency:
                return place
        return None

    def _current(self) -> list[Place]:
        return [place for place in self._places if not place.retired]

    def _add(self) -> Place:
        environment = Environment(
            self._command,
            {**self._variables, "AWS_LAMBDA_LOG_STREAM_NAME": _log_stream()},
            self._log,
            folder=self.function.folder,
            concurrency=self.function.concurrency,
            snapstart=self._snapstart,
            progress=self.progress,
        )
        self._places.append(Place(environment, self.hours, self._replaced))
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
        while self._places or self._tasks:  # one may be about to start
            await asyncio.gather(*(self._let_go(place) for place in self._places))
            await asyncio.gather(*self._tasks)


def lambda_variables(function: Function, told: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment variables that Lambda sets, over those of this process and of the function.

    `told` wins over them all.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    name = function.name
    told = told or {}
    found = {
        **function.variables,
        **os.environ,
        "ADAPTER_LOCAL": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": VERSION,
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": _log_stream(),
        **regions({**os.environ, **told}),
        "LAMBDA_TASK_ROOT": str(function.folder.absolute()),
        "_HANDLER": function.handler,
        **({"ADAPTER_STREAM": "1"} if function.stream else {}),
        **told,
    }
    return {**found, **with_layers(function, found)}


def _log_stream() -> str:
    """Each environment has one of its own, and is known by it."""
    return f"{time.strftime('%Y/%m/%d')}/[{VERSION}]{os.urandom(16).hex()}"
