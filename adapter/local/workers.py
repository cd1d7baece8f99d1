"""Environments: bootstrap processes, each behind a Runtime API of its own, and the pool of them.

Like Lambda, an environment serves one request at a time, and a new one starts while all are busy.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .process import Process
from .runtime_api import Invocation, Outcome, RuntimeAPI, error_outcome
from .server import Server

if TYPE_CHECKING:
    from .process import Log

MEMORY_MB = 1024
VERSION = "$LATEST"


class Environment:
    """A process that runs `command`, and the Runtime API it talks to."""

    def __init__(self, command: list[str], variables: dict[str, str], log: Log) -> None:
        self._command = command
        self._variables = variables
        self._log = log
        self._api = RuntimeAPI(variables["AWS_LAMBDA_FUNCTION_NAME"])
        self._server = Server(self._api.app)
        self._process = Process(log)
        self._init_ms: float | None = None
        self._peak_mb = 0
        self._reports: set[asyncio.Task[None]] = set()

    @property
    def alive(self) -> bool:
        return self._process.alive

    async def start(self) -> Outcome:
        """Start the process and wait until it polls. The outcome failed if it does not."""
        began = time.perf_counter()
        await self._server.start()
        variables = {**self._variables, "AWS_LAMBDA_RUNTIME_API": self._server.address}
        await self._process.start(self._command, variables)
        await self._until(self._api.initialised)
        self._init_ms = (time.perf_counter() - began) * 1000
        if self._api.initialised.done():
            return self._api.initialised.result()
        return self._exit_outcome("INIT")

    async def _until(self, future: asyncio.Future[Outcome], seconds: float | None = None) -> None:
        """Wait for `future`, for the end of the process, or for the time to be over."""
        waiting: set[asyncio.Future[Any]] = {self._process.exited, future}
        await asyncio.wait(waiting, timeout=seconds, return_when="FIRST_COMPLETED")

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation; its log lines come between START and REPORT."""
        self._log(f"START RequestId: {invocation.id} Version: {VERSION}")
        began = time.perf_counter()
        self._api.put(invocation)
        await self._until(invocation.outcome, invocation.timeout)
        duration = (time.perf_counter() - began) * 1000
        if not invocation.outcome.done():
            late = self.alive
            invocation.end(
                self._time_out(invocation) if late else self._exit_outcome(invocation.id)
            )
        report = asyncio.create_task(self._report(invocation, duration))
        self._reports.add(report)
        report.add_done_callback(self._reports.discard)
        return invocation.outcome.result()

    def _exit_outcome(self, request_id: str) -> Outcome:
        """Lambda's own failure for a process that ended by itself."""
        message = f"Runtime exited with error: {self._process.status()}"
        self._log(f"[ERROR] RequestId: {request_id} {message} Runtime.ExitError")
        return error_outcome("Runtime.ExitError", f"RequestId: {request_id} Error: {message}")

    def _time_out(self, invocation: Invocation) -> Outcome:
        """Lambda ends the process of an invocation that takes too long."""
        self._process.kill()
        message = f"{invocation.id} Task timed out after {invocation.timeout:.2f} seconds"
        self._log(f"[ERROR] {message}")
        return error_outcome("Sandbox.Timedout", message, late=True)

    async def _report(self, invocation: Invocation, duration: float) -> None:
        # What the app printed is in the pipe by now; the loop reads it before it comes back here.
        for _ in range(3):
            await asyncio.sleep(0)
        self._log(f"END RequestId: {invocation.id}")
        self._log("\t".join(self._figures(invocation, duration)))

    def _figures(self, invocation: Invocation, duration: float) -> list[str]:
        self._peak_mb = max(self._peak_mb, self._process.memory_mb())
        figures = [
            f"REPORT RequestId: {invocation.id}",
            f"Duration: {duration:.2f} ms",
            f"Billed Duration: {int(duration) + 1} ms",
            f"Memory Size: {MEMORY_MB} MB",
            f"Max Memory Used: {self._peak_mb} MB",
        ]
        init, self._init_ms = self._init_ms, None
        if init is not None:
            figures.append(f"Init Duration: {init:.2f} ms")
        return figures

    async def stop(self) -> None:
        """End the process and its Runtime API."""
        await self._process.stop()
        self._api.close()
        await self._server.stop()
        await asyncio.gather(*self._reports)


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
        self._ending: set[asyncio.Task[None]] = set()

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
                self._give_back(environment)

    def _take(self) -> Environment | None:
        while self._idle:
            environment = self._idle.pop()
            if environment.alive:
                return environment
            self._let_go(environment)
        return None

    def _let_go(self, environment: Environment) -> None:
        """End an environment while the request goes on with another."""
        ending = asyncio.create_task(self._end(environment))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _start(self) -> tuple[Environment | None, Outcome]:
        environment = Environment(self._command, self._variables, self._log)
        self._all.add(environment)
        outcome = await environment.start()
        if outcome.failed:
            await self._end(environment)
            return None, outcome
        return environment, outcome

    def _give_back(self, environment: Environment) -> None:
        if environment.alive:
            self._idle.append(environment)
        else:
            self._let_go(environment)

    async def _end(self, environment: Environment) -> None:
        await environment.stop()
        self._all.discard(environment)

    async def stop(self) -> None:
        """End every environment."""
        await asyncio.gather(*(self._end(environment) for environment in list(self._all)))
        await asyncio.gather(*self._ending)


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
