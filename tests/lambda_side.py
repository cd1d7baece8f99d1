"""Lambda's side of the runtime's tests: environments of `adapter.local`, driven from a test."""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from adapter.config import API, Function, function_name
from adapter.local import environment
from adapter.local.gateway import Gateway
from adapter.local.invocation import Outcome
from adapter.local.workers import Pool

ADAPTER = [sys.executable, "-m", "adapter.runtime"]
AWSLAMBDARIC = [sys.executable, "-m", "awslambdaric"]

environment._SHUTDOWN_S = 20.0  # for an app's shutdown: on a busy machine Lambda's 2 s are few


@dataclass
class Run:
    """What came of a series of invocations, in their order.

    outcomes  as a caller without streaming gets them: a stream is collected
    chunks    of a streamed result, one by one; None for a buffered one
    """

    outcomes: list = field(default_factory=list)
    chunks: list = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @property
    def results(self):
        return [json.loads(outcome.body) for outcome in self.outcomes]

    @property
    def text(self):
        return "\n".join(self.log)


def run(
    target,
    *events,
    command=ADAPTER,
    size=1,
    timeout=30.0,
    at_once=False,
    concurrency=1,
    snapstart=False,
    variables=None,
    told=None,
):
    """Send events to `target` in environments of their own; the current folder is the task's.

    `told` is what the caller says besides: tenant_id, client_context, cognito_identity.
    """
    ran = Run()

    async def scenario():
        pool = pool_of(
            [*command, target],
            target,
            size=size,
            log=ran.log.append,
            timeout=timeout,
            concurrency=concurrency,
            snapstart=snapstart,
            variables=variables,
        )
        try:
            if at_once:
                both = await asyncio.gather(*(taken(pool, event, told) for event in events))
            else:
                both = [await taken(pool, event, told) for event in events]
            await pool.idle()
        finally:
            await pool.stop()
        ran.outcomes += [outcome for outcome, _ in both]
        ran.chunks += [chunks for _, chunks in both]

    asyncio.run(scenario())
    return ran


def pool_of(
    command,
    handler,
    *,
    size=1,
    log=print,
    snapstart=False,
    patience=0.0,
    variables=None,
    **settings,
):
    """Environments of a function in the current folder, which `command` serves."""
    folder = Path.cwd()
    function = Function(
        function_name(folder), handler, command=tuple(command), folder=folder, **settings
    )
    return Pool(
        function, size=size, log=log, snapstart=snapstart, patience=patience, variables=variables
    )


def gateway_of(pool, kind, stage="", log=print):
    """The gateway of one function without any settings."""
    return Gateway(API(kind, stage), {pool.function.name: pool}, log)


def own_handler(folder, monkeypatch, app, options):
    """`main.handler` in a folder of its own, for an app of the guests: 'module', 'name'."""
    module, name = app
    (folder / "main.py").write_text(
        f"from adapter import Handler\nfrom {module} import {name}\n"
        f"handler = Handler({name}, {options})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "guests"))
    monkeypatch.chdir(folder)
    return "main.handler"


async def taken(pool, event, told=None):
    """(the outcome of an event as one value, the chunks of a streamed result)"""
    outcome = await pool.invoke(event, **(told or {}))
    if outcome.stream is None:
        return outcome, None
    chunks = [chunk async for chunk in outcome.stream]
    end = outcome.stream.end
    return (end if end.failed else Outcome(b"".join(chunks))), chunks
