"""Lambda's side of the Runtime API, for one environment: queue → /next, /response → queue.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming

Any runtime can be its guest: ours, AWS's own, a shell script with curl. What the pages leave open
is as in the source of AWS's emulator, aws-lambda-runtime-interface-emulator (folder `rapi`).
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import TYPE_CHECKING

from ..events._gateway import ACCOUNT
from ..message import LAMBDA_LIMIT
from .debugger import PAUSE
from .extensions import Extension, Extensions, next_event
from .invocation import Outcome, error_outcome, future, reported
from .responses import accepted, failure, late, refusal, result_by_mode
from .wire import Answer, BrokenOffError, unless_gone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .invocation import Invocation
    from .responses import Taker
    from .wire import Call

    Handler = Callable[["RuntimeAPI", Call, str], Awaitable[Answer]]
    Progress = Callable[[bytes], None]

ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"

_ECHO = "lambda-runtime-invocation-id"
_REMEMBERED = 1000  # timed-out invocations


class RuntimeAPI:
    """The state of one environment as its runtime sees it.

    initialised  done when the runtime is ready for a first invocation, or said why it is not
    restored     the same after a snapshot was restored; None while there is none

    `progress` takes what the runtime tells of runs of `adapter.functions`, as JSON text, and raises
    ValueError for anything else.
    """

    def __init__(
        self,
        function: dict[str, str],
        *,
        concurrency: int = 1,
        snapstart: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.arn = ARN + function["functionName"]
        self.initialised: asyncio.Future[Outcome] = future()
        self.restored: asyncio.Future[Outcome] | None = None
        self.extensions = Extensions(function, invoke_events=concurrency == 1)
        self._parallel = concurrency > 1
        self._snapstart = snapstart
        self._progress = progress
        self._polled = False
        self._restore = asyncio.Event()
        self._queue: asyncio.Queue[Invocation] = asyncio.Queue()
        self._under_way: dict[str, Invocation] = {}
        self._late: deque[str] = deque(maxlen=_REMEMBERED)

    async def respond(self, call: Call) -> Answer:
        """The answer to any request."""
        for method, pattern, handler in _ROUTES:
            match = pattern.fullmatch(call.path)
            if match and method == call.method:
                return await handler(self, call, match[1] if match.re.groups else "")
        return refusal(404, "NotFound", f"there is no {call.method} {call.path}")

    # From the environment

    def put(self, invocation: Invocation) -> None:
        """Hand an invocation to the runtime's next poll."""
        if invocation.id in self._late:  # the same event, once more
            self._late.remove(invocation.id)
        self._queue.put_nowait(invocation)
        self.extensions.tell(invocation, self._invoked(invocation))

    def forget(self, invocation: Invocation) -> None:
        """An invocation that is over. What the runtime still says of a late one is refused."""
        self._under_way.pop(invocation.id, None)
        if not invocation.answered:
            self._late.append(invocation.id)

    def restore(self) -> asyncio.Future[Outcome]:
        """Let the runtime go on that waits to be restored from its snapshot."""
        self.restored = future()
        self._restore.set()
        return self.restored

    @property
    def waits_for_restore(self) -> bool:
        return self._snapstart and self.restored is None and not self._polled

    # Invocations

    async def next(self, call: Call, _: str) -> Answer:
        repeated = self._begin_poll()
        invocation = repeated or await self._one_of_queue(call)
        self._under_way[invocation.id] = invocation
        return Answer(200, invocation.event, self._headers(invocation))

    def _begin_poll(self) -> Invocation | None:
        """The runtime is ready: its init phase and its invocation are over.

        One that has not answered its invocation is given it again, as the emulator does.
        """
        self._polled = self.extensions.closed = True
        self._ready()
        if self._parallel:
            return None
        for invocation in list(self._under_way.values()):
            if invocation.answered:
                invocation.finish()
            elif not invocation.gave_up:
                return invocation
        return None

    def _ready(self) -> None:
        phase = self.restored or self.initialised
        if not phase.done() and self._polled and self.extensions.ready:
            phase.set_result(Outcome(b""))

    async def _one_of_queue(self, call: Call) -> Invocation:
        """Raises BrokenOffError if the runtime hangs up before there is one."""
        while True:
            invocation = await unless_gone(self._queue.get(), call)
            if not invocation.outcome.done():  # it did not wait too long
                return invocation

    def _headers(self, invocation: Invocation) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self._invoked(invocation),
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
            "Lambda-Runtime-Aws-Tenant-Id": invocation.tenant_id,
            "Lambda-Runtime-Client-Context": invocation.client_context,
            "Lambda-Runtime-Cognito-Identity": invocation.cognito_identity,
            "Lambda-Runtime-Invocation-Id": invocation.invocation_id if self._parallel else None,
        }
        return {name: value for name, value in headers.items() if value is not None}

    def _invoked(self, invocation: Invocation) -> str:
        return f"{self.arn}:{invocation.qualifier}" if invocation.qualifier else self.arn

    async def response(self, call: Call, request_id: str) -> Answer:
        return await self._take(call, request_id, result_by_mode)

    async def error(self, call: Call, request_id: str) -> Answer:
        return await self._take(call, request_id, failure)

    async def _take(self, call: Call, request_id: str, take: Taker) -> Answer:
        invocation = self._claim(call, request_id)
        if isinstance(invocation, Answer):
            return invocation
        try:
            return await take(call, invocation)
        except BrokenOffError as error:
            message = f"the runtime's response broke off: {error}"
            invocation.end(error_outcome("Runtime.TruncatedResponse", message))
            raise
        finally:
            self._answered(invocation)

    def _claim(self, call: Call, request_id: str) -> Invocation | Answer:
        """The invocation that is answered now, or why it can't be."""
        invocation = self._under_way.get(request_id)
        if request_id in self._late or (invocation and invocation.gave_up):
            return late()
        if invocation is None or (invocation.answered and self._parallel):
            return refusal(400, "InvalidRequestID", "Invalid request ID")
        if invocation.answered:
            return refusal(403, "InvalidStateTransition", "this invocation was answered already")
        if call.headers.get(_ECHO, invocation.invocation_id) != invocation.invocation_id:
            return refusal(400, "InvalidRequestID", f"{_ECHO} is of another invocation")
        invocation.answered = True
        return invocation

    def _answered(self, invocation: Invocation) -> None:
        """Of several workers nobody can tell which polls again: theirs is over with the answer."""
        if self._parallel:
            self._under_way.pop(invocation.id, None)
            invocation.finish()

    # Init and restore

    async def init_error(self, call: Call, _: str) -> Answer:
        outcome = reported((await call.read(LAMBDA_LIMIT))[0], call.headers)
        phase = self.restored or self.initialised  # AWS's own runtimes report either here
        if phase.done():
            message = "the function was started already"
            return refusal(403, "InvalidStateTransition", message)
        phase.set_result(outcome)
        return accepted()

    async def restore_next(self, call: Call, _: str) -> Answer:
        if not self._snapstart:
            return refusal(404, "NotFound", "this environment is made without a snapshot")
        if self.restored is not None or self._polled:
            return refusal(403, "InvalidStateTransition", "the runtime is no longer in init")
        if not self.initialised.done():
            self.initialised.set_result(Outcome(b""))
        await unless_gone(self._restore.wait(), call)
        return Answer(200)

    async def restore_error(self, call: Call, _: str) -> Answer:
        outcome = reported((await call.read(LAMBDA_LIMIT))[0], call.headers)
        if self.restored is None or self.restored.done():
            return refusal(403, "InvalidStateTransition", "the runtime is not being restored")
        self.restored.set_result(outcome)
        return accepted()

    # Extensions

    async def register(self, call: Call, _: str) -> Answer:
        return await self.extensions.register(call)

    async def extension_next(self, call: Call, _: str) -> Answer:
        extension = self.extensions.of(call)
        if not isinstance(extension, Extension):
            return extension
        extension.ready = True
        self._ready()
        return await unless_gone(next_event(extension), call)

    async def extension_error(self, call: Call, _: str) -> Answer:
        extension = self.extensions.of(call)
        return accepted() if isinstance(extension, Extension) else extension

    # `breakpoint()`, which Lambda does not have

    async def pause(self, call: Call, _: str) -> Answer:
        """Somebody debugs: what is under way has all the time in the world."""
        for invocation in self._under_way.values():
            invocation.paused = True
        return accepted()

    # How far runs are, for the inspector

    async def progress(self, call: Call, _: str) -> Answer:
        told, size = await call.read(LAMBDA_LIMIT)
        if self._progress is not None and size <= LAMBDA_LIMIT:
            try:
                self._progress(told)
            except ValueError as error:
                return refusal(400, "InvalidRequest", str(error))
        return accepted()


def _routes(*routes: tuple[str, str, Handler]) -> list[tuple[str, re.Pattern[str], Handler]]:
    return [(method, re.compile(path), handler) for method, path, handler in routes]


_ROUTES = _routes(
    ("GET", "/2018-06-01/runtime/invocation/next", RuntimeAPI.next),
    ("POST", "/2018-06-01/runtime/invocation/([^/]+)/response", RuntimeAPI.response),
    ("POST", "/2018-06-01/runtime/invocation/([^/]+)/error", RuntimeAPI.error),
    ("POST", "/2018-06-01/runtime/init/error", RuntimeAPI.init_error),
    ("GET", "/2018-06-01/runtime/restore/next", RuntimeAPI.restore_next),
    ("POST", "/2018-06-01/runtime/restore/error", RuntimeAPI.restore_error),
    ("POST", "/2020-01-01/extension/register", RuntimeAPI.register),
    ("GET", "/2020-01-01/extension/event/next", RuntimeAPI.extension_next),
    ("POST", "/2020-01-01/extension/(?:init|exit)/error", RuntimeAPI.extension_error),
    ("POST", PAUSE, RuntimeAPI.pause),
    ("POST", "/adapter/progress", RuntimeAPI.progress),
)
