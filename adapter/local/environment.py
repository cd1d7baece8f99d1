"""An environment: a process that runs a runtime, and the Runtime API it talks to.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any

from .invocation import Outcome, error_outcome
from .journal import Journal
from .process import Process
from .runtime_api import RuntimeAPI
from .wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    from .invocation import Invocation
    from .process import Log
    from .runtime_api import Progress

VERSION = "$LATEST"

# Between SIGTERM and SIGKILL, for a runtime that registered as an extension; the others get none.
_SHUTDOWN_S = 2.0
_TIMEOUT_S = 0.5
_SAMPLE_S = 0.2
_INIT_S = 10.0  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
_RESTORE_S = 10.0  # https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks.html
_SLOW_START = (
    "adapter: {} has not started after {:g} s, and Lambda gives an init phase no more. Does it "
    'call app.run() or uvicorn.run()? Write that below if __name__ == "__main__":'
)


class Environment:
    """A process that runs `command` in `folder`, and the Runtime API it talks to.

    With `concurrency` over 1 it is one of Lambda Managed Instances, with `snapstart` one that is
    made from a snapshot.
    """

    def __init__(
        self,
        command: list[str],
        variables: dict[str, str],
        log: Log,
        *,
        folder: Path,
        concurrency: int = 1,
        snapstart: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._command = command
        self._folder = folder
        self._variables = {**variables, **_kind(concurrency, snapstart)}
        self.log = Journal(log)
        self._parallel = concurrency > 1
        function = {
            "functionName": variables["AWS_LAMBDA_FUNCTION_NAME"],
            "functionVersion": VERSION,
            "handler": variables["_HANDLER"],
        }
        self._api = RuntimeAPI(
            function, concurrency=concurrency, snapstart=snapstart, progress=progress
        )
        self._wire = Wire(self._api.respond)
        self._process = Process(self.log)
        self._init_ms: float | None = None
        self._peak_mb = 0
        self._sampled = 0.0
        self._stopping = False
        self._changing = asyncio.Lock()  # one thing after the other: its start, its end
        self._watching: set[asyncio.Task[None]] = set()

    @property
    def alive(self) -> bool:
        return self._process.alive and not self._stopping

    async def start(self) -> Outcome:
        """Start the process and wait until it polls. The outcome failed if it does not."""
        began = time.perf_counter()
        if not await self._started():
            return error_outcome("Runtime.InvalidEntrypoint", "the runtime could not be started")
        await self._until(self._api.initialised, _INIT_S)
        if self.alive and not self._api.initialised.done():
            self.log(_SLOW_START.format(self._variables["_HANDLER"], _INIT_S))
            await self._until(self._api.initialised)
        self._init_ms = (time.perf_counter() - began) * 1000
        if self._api.initialised.done():
            return self._api.initialised.result()
        return self._exit_outcome("INIT")

    async def _started(self) -> bool:
        async with self._changing:
            if self._stopping:
                return False
            await self._wire.start()
            variables = {**self._variables, "AWS_LAMBDA_RUNTIME_API": self._wire.address}
            try:
                await self._process.start(self._command, variables, self._folder)
            except OSError as error:
                # Of a working folder that is gone the error's filename is the folder.
                self.log(f"[ERROR] {error.filename or self._command[0]}: {error.strerror}")
                return False
            return True

    async def _until(self, future: asyncio.Future[Any], seconds: float | None = None) -> None:
        """Wait for `future`, for the end of the process, or for the time to be over."""
        waiting: set[asyncio.Future[Any]] = {self._process.exited, future}
        await asyncio.wait(waiting, timeout=seconds, return_when="FIRST_COMPLETED")

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation. It is answered before it is over: see `Invocation.over`."""
        self.log.begin(invocation)
        if self._api.waits_for_restore:
            restored = await self._restore()
            if restored.failed:
                invocation.end(restored)
                self._leave(invocation)
                return restored
        invocation.begin()
        invocation.init_ms, self._init_ms = self._init_ms, None
        self.log(f"START RequestId: {invocation.id} Version: {VERSION}")
        self._api.put(invocation)
        watching = asyncio.create_task(self._watch(invocation))
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)
        return await invocation.outcome

    async def _restore(self) -> Outcome:
        """Let the runtime go on from its snapshot."""
        restored = self._api.restore()
        await self._until(restored, _RESTORE_S)
        if restored.done():
            outcome = restored.result()
        elif self._process.alive:
            outcome = error_outcome("Sandbox.Timedout", "the restore hooks took too long")
        else:
            outcome = self._exit_outcome("RESTORE")
        if outcome.failed:
            self.log(f"[ERROR] RESTORE {outcome}")
            await self._end_process(_TIMEOUT_S)
        return outcome

    async def _watch(self, invocation: Invocation) -> None:
        """Until the runtime asks for more, its process ends, or the time is over."""
        began = time.perf_counter()
        await self._until(invocation.finished, invocation.timeout)
        if invocation.paused:
            await self._until(invocation.finished)
        if not invocation.finished.done():
            await self._cut_short(invocation)
        duration = (time.perf_counter() - began) * 1000
        self._api.forget(invocation)
        self._report(invocation, duration)
        self._leave(invocation)

    def _leave(self, invocation: Invocation) -> None:
        self.log.end(invocation)
        invocation.over.set_result(None)

    async def _cut_short(self, invocation: Invocation) -> None:
        if self._process.exited.done() or self._stopping:
            invocation.end(self._exit_outcome(invocation.id))
            return
        late = f"Task timed out after {invocation.timeout:.2f} seconds"
        self.log(f"[ERROR] {invocation.id} {late}")
        message = f"RequestId: {invocation.id} Error: {late}"
        invocation.end(error_outcome("Sandbox.Timedout", message, late=True))
        if not self._parallel:  # where others run in it the process is left alone
            await self._end_process(_TIMEOUT_S)

    async def _end_process(self, grace: float) -> None:
        """With SIGTERM before SIGKILL only if the runtime registered as an extension."""
        await self._process.end(grace if self._api.extensions.registered else 0)

    def _exit_outcome(self, request_id: str) -> Outcome:
        """Lambda's own failure for a process that ended by itself."""
        message = f"Runtime exited with error: {self._process.status()}"
        if not self._stopping:
            self.log(f"[ERROR] RequestId: {request_id} {message} Runtime.ExitError")
        return error_outcome("Runtime.ExitError", f"RequestId: {request_id} Error: {message}")

    def _report(self, invocation: Invocation, duration: float) -> None:
        self._process.read()  # what the app printed is in the pipe by now
        self.log(f"END RequestId: {invocation.id}")
        self.log("\t".join(self._figures(invocation, duration)))

    def _figures(self, invocation: Invocation, duration: float) -> list[str]:
        self._sample_memory()
        # Init is billed too:
        # https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
        billed = math.ceil(duration + (invocation.init_ms or 0))
        figures = [
            f"REPORT RequestId: {invocation.id}",
            f"Duration: {duration:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {self._variables['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']} MB",
            f"Max Memory Used: {self._peak_mb} MB",
        ]
        if invocation.init_ms is not None:
            figures.append(f"Init Duration: {invocation.init_ms:.2f} ms")
        return figures

    def _sample_memory(self) -> None:
        """Not for each of many requests: it takes half a millisecond."""
        now = time.monotonic()
        if now - self._sampled >= _SAMPLE_S:
            self._sampled = now
            self._peak_mb = max(self._peak_mb, self._process.memory_mb())

    async def stop(self) -> None:
        """End the process and its Runtime API."""
        self._stopping = True
        async with self._changing:
            await self._process.stop(_SHUTDOWN_S if self._api.extensions.registered else 0)
            await self._wire.stop()
        await asyncio.gather(*self._watching)


def _kind(concurrency: int, snapstart: bool) -> dict[str, str]:
    if concurrency > 1:
        return {
            "AWS_LAMBDA_INITIALIZATION_TYPE": "lambda-managed-instances",
            "AWS_LAMBDA_MAX_CONCURRENCY": str(concurrency),
        }
    return {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start" if snapstart else "on-demand"}
