"""Environments: bootstrap processes, each behind a Runtime API of its own, and the pool of them.

Like Lambda, an environment serves one request at a time, and a new one starts while all are busy.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from .runtime_api import Invocation, Outcome, RuntimeAPI, error_outcome
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    Log = Callable[[str], None]

MEMORY_MB = 1024
VERSION = "$LATEST"
_GRACE_S = 2.0  # between SIGTERM and SIGKILL


class Environment:
    """A process that runs `command`, and the Runtime API it talks to."""

    def __init__(self, command: list[str], variables: dict[str, str], log: Log) -> None:
        self._command = command
        self._variables = variables
        self._log = log
        self._api = RuntimeAPI(variables["AWS_LAMBDA_FUNCTION_NAME"])
        self._server = Server(self._api.app)
        self._init_ms: float | None = None
        self._peak = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._process: asyncio.subprocess.Process | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> Outcome:
        """Start the process and wait until it polls. The outcome failed if it does not."""
        began = time.perf_counter()
        await self._server.start()
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command,
            env={**self._variables, "AWS_LAMBDA_RUNTIME_API": self._server.address},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches only us; we stop them in order
        )
        self._tasks = [asyncio.create_task(self._forward_output(process))]
        await self._until(self._api.initialised)
        self._init_ms = (time.perf_counter() - began) * 1000
        if self._api.initialised.done():
            return self._api.initialised.result()
        return self._exit_outcome()

    async def _until(self, future: asyncio.Future[Outcome], seconds: float | None = None) -> None:
        """Wait for `future`, for the end of the process, or for the time to be over."""
        assert self._process is not None
        exited = asyncio.ensure_future(self._process.wait())
        waiting: set[asyncio.Future[Any]] = {exited, future}
        await asyncio.wait(waiting, timeout=seconds, return_when="FIRST_COMPLETED")
        exited.cancel()

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation; its log lines come between START and REPORT."""
        self._log(f"START RequestId: {invocation.id} Version: {VERSION}")
        began = time.perf_counter()
        self._api.put(invocation)
        await self._until(invocation.outcome, invocation.timeout)
        duration = (time.perf_counter() - began) * 1000
        if not invocation.outcome.done():
            invocation.end(self._time_out(invocation) if self.alive else self._exit_outcome())
        self._tasks.append(asyncio.create_task(self._report(invocation, duration)))
        return invocation.outcome.result()

    def _exit_outcome(self) -> Outcome:
        status = self._process.returncode if self._process else None
        return error_outcome("Runtime.ExitError", f"Runtime exited with status {status}")

    def _time_out(self, invocation: Invocation) -> Outcome:
        """Lambda ends the process of an invocation that takes too long."""
        self._kill()
        message = f"{invocation.id} Task timed out after {invocation.timeout:.2f} seconds"
        self._log(message)
        return error_outcome("Sandbox.Timedout", message)

    async def _forward_output(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await _line(process.stdout):
            self._log(line.decode("utf-8", "replace").rstrip("\n"))

    async def _report(self, invocation: Invocation, duration: float) -> None:
        # What the app printed is in the pipe by now; the loop reads it before it comes back here.
        for _ in range(3):
            await asyncio.sleep(0)
        self._tasks = [task for task in self._tasks if not task.done()]
        self._log(f"END RequestId: {invocation.id}")
        self._log("\t".join(self._figures(invocation, duration)))

    def _figures(self, invocation: Invocation, duration: float) -> list[str]:
        figures = [
            f"REPORT RequestId: {invocation.id}",
            f"Duration: {duration:.2f} ms",
            f"Billed Duration: {int(duration) + 1} ms",
            f"Memory Size: {MEMORY_MB} MB",
            f"Max Memory Used: {self._peak_mb()} MB",
        ]
        init, self._init_ms = self._init_ms, None
        if init is not None:
            figures.append(f"Init Duration: {init:.2f} ms")
        return figures

    def _peak_mb(self) -> int:
        if self.alive and self._process is not None:
            try:
                rss = psutil.Process(self._process.pid).memory_info().rss
            except psutil.Error:  # it ended this moment
                rss = 0
            self._peak = max(self._peak, rss >> 20)
        return self._peak

    def _kill(self, number: int = signal.SIGKILL) -> None:
        """Signal the process and whatever it started."""
        if self.alive and self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                pass

    async def stop(self) -> None:
        """End the process: SIGTERM, and SIGKILL if it stays."""
        if self._process is not None:
            self._kill(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), _GRACE_S)
            except TimeoutError:
                self._kill()
                await self._process.wait()
        self._api.close()
        await self._server.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE_S)
        for task in self._tasks:
            task.cancel()


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; a part of one that is longer than the buffer."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    except asyncio.LimitOverrunError as error:
        return await stream.readexactly(error.consumed)


class Pool:
    """At most `size` environments of one function."""

    def __init__(
        self, command: list[str], handler: str, *, size: int, log: Log, timeout: float = 30.0
    ) -> None:
        self._command = command
        self._variables = lambda_variables(handler)
        self._log = log
        self._timeout = timeout
        self._free = asyncio.Semaphore(size)
        self._idle: list[Environment] = []
        self._all: set[Environment] = set()

    async def warm_up(self) -> Outcome:
        """Start one environment, so that mistakes show before the first request."""
        async with self._free:
            environment, outcome = await self._start()
            if environment is not None:
                self._idle.append(environment)
            return outcome

    async def invoke(self, event: object) -> Outcome:
        """The outcome of `event` in an environment that is free, or in a new one."""
        data = json.dumps(event, separators=(",", ":")).encode()
        async with self._free:
            environment = self._take()
            if environment is None:
                environment, outcome = await self._start()
            if environment is None:
                return outcome
            try:
                return await environment.invoke(Invocation(data, self._timeout))
            finally:
                await self._give_back(environment)

    def _take(self) -> Environment | None:
        while self._idle:
            environment = self._idle.pop()
            if environment.alive:
                return environment
            self._all.discard(environment)
        return None

    async def _start(self) -> tuple[Environment | None, Outcome]:
        environment = Environment(self._command, self._variables, self._log)
        self._all.add(environment)
        outcome = await environment.start()
        if outcome.failed:
            await self._end(environment)
            return None, outcome
        return environment, outcome

    async def _give_back(self, environment: Environment) -> None:
        if environment.alive:
            self._idle.append(environment)
        else:
            await self._end(environment)

    async def _end(self, environment: Environment) -> None:
        self._all.discard(environment)
        await environment.stop()

    async def stop(self) -> None:
        """End every environment."""
        await asyncio.gather(*(self._end(environment) for environment in list(self._all)))


def lambda_variables(handler: str) -> dict[str, str]:
    """The environment variables that Lambda sets, over those of this process.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    name = Path.cwd().name or "function"
    return {
        **os.environ,
        "ADAPTER_LOCAL": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": VERSION,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d')}/[{VERSION}]local",
        "AWS_REGION": os.environ.get("AWS_REGION", "us-east-1"),
        "LAMBDA_TASK_ROOT": str(Path.cwd()),
        "_HANDLER": handler,
    }
