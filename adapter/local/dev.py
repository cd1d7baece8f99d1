"""`adapter dev`: the gateway, its environments, and what the terminal shows of them."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from dotenv import dotenv_values

from .asynchronous import FILE, DeadLetters, Queue
from .gateway import Gateway
from .invoke_api import InvokeAPI
from .reload import PATIENCE_S, Reloader
from .server import Server
from .terminal import Terminal
from .workers import RUNTIME, Pool

if TYPE_CHECKING:
    from .process import Log

NAMES = {
    "http_api": "HTTP API (payload 2.0)",
    "rest_api": "REST API",
    "function_url": "Lambda function URL",
    "alb": "Application Load Balancer",
    "alb_multi": "Application Load Balancer (multi-value headers)",
}


@dataclass(frozen=True)
class Options:
    """What `adapter dev` was asked for."""

    target: str
    kind: str = "http_api"
    stage: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 4
    concurrency: int = 1
    stream: bool = False
    dead_letters: Path = FILE
    reload: bool = True
    quiet: bool = False


def run(options: Options) -> int:
    """Serve until Ctrl-C or SIGTERM. Returns the exit status."""
    terminal = Terminal(quiet=options.quiet)
    try:
        return asyncio.run(_serve(options, terminal))
    except KeyboardInterrupt:  # before the signal handler below was set
        return 0
    finally:
        terminal.close()


async def _serve(options: Options, terminal: Terminal) -> int:
    show = terminal.show
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    pool = Pool(
        [*RUNTIME, options.target],
        options.target,
        size=options.workers,
        log=show,
        concurrency=options.concurrency,
        patience=PATIENCE_S if options.reload else 0,
        variables=_variables(options, show),
    )
    gateway = Gateway(pool, options.kind, options.stage, show, stream=options.stream)
    queue = Queue(DeadLetters(options.dead_letters, show), show)
    app = InvokeAPI(gateway, {pool.name: pool}, queue, show)
    try:
        server = Server(app, options.host, options.port)
    except OSError as error:
        show(_cannot_listen(options, error))
        return 1
    await server.start()
    try:
        return await _run(options, pool, stopped, server.port, terminal)
    finally:
        await server.stop()
        await queue.stop()
        await pool.stop()
        await server.finished()


async def _run(
    options: Options, pool: Pool, stopped: asyncio.Event, port: int, terminal: Terminal
) -> int:
    """Warm up, and then wait for the end. The exit status."""
    began = time.perf_counter()
    if not await _warmed_up(pool, stopped):
        return 0 if stopped.is_set() else 1  # the environment has said why
    reloader = Reloader(pool, Path.cwd(), lambda: _variables(options, terminal.show), terminal)
    if options.reload:
        await reloader.start()
    for line in _banner(options, port, time.perf_counter() - began):
        terminal.note(line)
    await stopped.wait()
    await reloader.stop()
    return 0


def _variables(options: Options, show: Log) -> dict[str, str]:
    """What the environments get besides our own variables, which win over those of `.env`."""
    told = {"ADAPTER_STREAM": "1"} if options.stream else {}
    return {**_dotenv(Path.cwd() / ".env", show), **told}


def _dotenv(path: Path, show: Log) -> dict[str, str]:
    try:
        found = dotenv_values(path) if path.is_file() else {}
    except (OSError, ValueError) as error:
        show(f"adapter: can't read {path.name}: {error}")
        return {}
    return {
        name: value for name, value in found.items() if value is not None and name not in os.environ
    }


async def _warmed_up(pool: Pool, stopped: asyncio.Event) -> bool:
    """Whether a first environment has started; not if the user stops us before."""
    warming = asyncio.create_task(pool.warm_up())
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({warming, stopping}, return_when="FIRST_COMPLETED")
    stopping.cancel()
    if not warming.done():
        warming.cancel()
        return False
    return not warming.result().failed


def _cannot_listen(options: Options, error: OSError) -> str:
    advice = ""
    if error.errno == errno.EADDRINUSE:
        other = options.port + 1 if options.port < 65535 else 8000
        advice = f": stop what uses it, or choose another: --port {other}"
    return f"adapter: can't listen on {options.host}:{options.port} ({error.strerror}){advice}"


def _banner(options: Options, port: int, seconds: float) -> list[str]:
    path = f"/{options.stage}/" if options.stage else "/"
    url = click.style(f"http://{options.host}:{port}{path}", fg="green", bold=True)
    environments = f"up to {options.workers} environment{'s' if options.workers > 1 else ''}"
    if options.concurrency > 1:
        environments += f" of {options.concurrency} requests at once"
    streaming = ", streaming" if options.stream else ""
    return [
        f"{url}  {NAMES[options.kind]}{streaming} → {options.target}, {environments}",
        click.style(f"ready in {seconds:.2f} s; Ctrl-C stops it", fg="bright_black"),
    ]
