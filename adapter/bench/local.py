"""Starts on this machine: processes of the runtime, behind the Runtime API of `adapter dev`."""

from __future__ import annotations

import asyncio
import json
import platform
import signal
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .. import report
from ..local import dotfile
from ..local.workers import Pool
from ..report import Run
from . import BenchError, Series, billed, event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..config import Function
    from ..local.invocation import Outcome
    from . import Report

_SHOWN = 5


@dataclass(frozen=True)
class Job:
    """A function, and what it is measured with.

    label  what people call it
    event  a JSON value
    path   of the request that the event is of
    times  so many cold starts, and so many warm ones
    """

    label: str
    function: Function
    architecture: str
    event: Any
    path: str
    times: int


def measure(job: Job, tell: Report) -> Series:
    """Raises BenchError, and ConfigError if the function's runtime can't be run here."""
    cold, warm = asyncio.run(_measured(job, tell))
    function = job.function
    return Series(job.label, _runtime(function), job.architecture, function.memory, cold, warm)


async def _measured(job: Job, tell: Report) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """The first start doesn't count: it compiles, and brings files into the system's cache."""
    ourselves = asyncio.current_task()
    assert ourselves is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ourselves.cancel)
    async with _started(job) as pool:
        await _call(pool, job)
    cold: list[Run] = []
    for count in range(job.times):
        tell(f"{job.label}: cold starts", count, job.times)
        async with _started(job) as pool:
            cold.append(await _call(pool, job))
    warm: list[Run] = []
    async with _started(job) as pool:
        await _call(pool, job)
        for count in range(job.times):
            tell(f"{job.label}: warm starts", count, job.times)
            warm.append(await _call(pool, job))
    return tuple(cold), tuple(warm)


@asynccontextmanager
async def _started(job: Job) -> AsyncIterator[Pool]:
    """One environment, at its first poll. Raises BenchError."""
    said: list[str] = []
    pool = Pool(job.function, size=1, log=said.append, variables=dotfile.variables(said.append))
    try:
        await _start(pool, job, said)
        yield pool
    finally:
        await pool.stop()


async def _start(pool: Pool, job: Job, said: list[str]) -> None:
    try:
        outcome = await asyncio.wait_for(pool.warm_up(), job.function.timeout)
    except TimeoutError:
        seconds = f"{job.function.timeout:g}"
        raise BenchError(f"{job.label} did not start within {seconds} seconds") from None
    if outcome.failed:
        raise BenchError(f"{job.label} does not start: {_why(outcome, said)}")


def _why(outcome: Outcome, said: list[str]) -> str:
    """Its own words, and of a process that ended without any the last lines that it wrote."""
    if outcome.error_type != "Runtime.ExitError":
        return str(outcome)
    lines = [line for line in said if not line.startswith("[ERROR] RequestId: ")]
    return "\n  ".join([str(outcome), *lines[-_SHOWN:]])


async def _call(pool: Pool, job: Job) -> Run:
    """Raises BenchError for a failure."""
    invocation = pool.begin(json.dumps(job.event, separators=(",", ":")).encode())
    outcome = await invocation.result()
    await invocation.over
    if outcome.failed:
        raise BenchError(f"{job.label} failed: {outcome}")
    if refusal := event.refusal(outcome.body, job.path):
        raise BenchError(f"{job.label}: {refusal}")
    run, _ = report.run_of(invocation.log)
    return replace(run, billed=billed(run.total))


def _runtime(function: Function) -> str:
    """Of a Python the version that has run, which is this one's, whatever Lambda's would be."""
    if function.command or not function.runtime.startswith("python"):
        return f"{function.runtime}, local"
    major, minor, _ = platform.python_version_tuple()
    return f"python{major}.{minor}, local"
