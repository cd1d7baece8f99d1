"""`adapter dev`: the gateway, the functions behind it, and what the terminal shows of them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values

from . import debugger
from .asynchronous import FILE, DeadLetters, Queue
from .banner import INSPECTOR, banner, cannot_listen
from .broken import Broken
from .gateway import Gateway
from .invoke_api import InvokeAPI
from .project import project_of
from .reload import PATIENCE_S, Reloader
from .server import Server
from .terminal import Terminal
from .workers import Pool

if TYPE_CHECKING:
    from ..config import Project
    from .process import Log


@dataclass(frozen=True)
class Options:
    """What `adapter dev` was asked for; what is empty or 0 is as the files have it."""

    target: str = ""
    template: Path | None = None
    api: str = ""
    kind: str = ""
    stage: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    inspect_port: int | None = None
    workers: int = 4
    concurrency: int = 0
    timeout: float = 0
    stream: bool = False
    dead_letters: Path = FILE
    reload: bool = True
    quiet: bool = False
    json: bool = False


def run(options: Options) -> int:
    """Serve until Ctrl-C or SIGTERM. Returns the exit status. Raises ConfigError."""
    project = project_of(options)
    terminal = Terminal(quiet=options.quiet, json=options.json)
    try:
        return asyncio.run(_serve(options, project, terminal))
    except KeyboardInterrupt:  # before the signal handler below was set
        return 0
    finally:
        terminal.close()


async def _serve(options: Options, project: Project, terminal: Terminal) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    pools = _pools(options, project, terminal)
    watchers = [terminal.visit]
    gateway = Gateway(project.api, pools, terminal.show, watchers)
    broken = Broken(gateway, INSPECTOR)
    queue = Queue(DeadLetters(options.dead_letters, terminal.show), terminal.show, watchers)
    app = InvokeAPI(broken, pools, queue, terminal.show, watchers)
    try:
        server = Server(app, options.host, options.port)
    except OSError as error:
        terminal.show(cannot_listen(options.host, options.port, error))
        return 1
    await server.start()
    try:
        began = time.perf_counter()
        if not await _warmed_up(pools, stopped):
            return 0 if stopped.is_set() else 1  # the environment has said why
        reloader = Reloader(
            list(pools.values()),
            Path.cwd(),
            lambda log: _variables(options, log),
            terminal,
            broken.tell,
        )
        if options.reload:
            await reloader.start()
        for line in banner(options, project, server.port, time.perf_counter() - began):
            terminal.note(line)
        await stopped.wait()
        await reloader.stop()
        return 0
    finally:
        await server.stop()
        await queue.stop()
        await asyncio.gather(*(pool.stop() for pool in pools.values()))
        await server.finished()


def _pools(options: Options, project: Project, terminal: Terminal) -> dict[str, Pool]:
    """Raises ConfigError for a function that can't be run here."""
    variables = _variables(options, terminal.show)
    several = len(project.functions) > 1
    return {
        name: Pool(
            function,
            size=options.workers,
            log=terminal.of(name) if several else terminal.show,
            patience=PATIENCE_S if options.reload else 0,
            variables=variables,
        )
        for name, function in project.functions.items()
    }


def _variables(options: Options, log: Log) -> dict[str, str]:
    """What the environments get besides our own variables and those of their function."""
    debugging = debugger.variables(options.workers)
    # An app that was debugged for long would be stopped at its next await.
    margin = {"ADAPTER_DEADLINE_MARGIN": "0"} if debugger.TTY in debugging else {}
    return {**_dotenv(log), **debugging, **margin}


def _dotenv(log: Log) -> dict[str, str]:
    """What `.env` says of variables that we don't have ourselves."""
    path = Path.cwd() / ".env"
    try:
        found = dotenv_values(path) if path.is_file() else {}
    except (OSError, ValueError) as error:
        log(f"adapter: can't read {path.name}: {error}")
        return {}
    return {
        name: value for name, value in found.items() if value is not None and name not in os.environ
    }


async def _warmed_up(pools: dict[str, Pool], stopped: asyncio.Event) -> bool:
    """Whether an environment of each has started; not if the user stops us before."""
    warming = asyncio.gather(*(pool.warm_up() for pool in pools.values()))
    stopping = asyncio.ensure_future(stopped.wait())
    waiting: set[asyncio.Future[Any]] = {warming, stopping}
    await asyncio.wait(waiting, return_when="FIRST_COMPLETED")
    stopping.cancel()
    if not warming.done():
        warming.cancel()
        return False
    return not any(outcome.failed for outcome in warming.result())
