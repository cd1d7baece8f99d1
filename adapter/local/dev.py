"""`adapter dev`: the gateway, its environments, and what the terminal shows of them."""

from __future__ import annotations

import asyncio
import errno
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from .asynchronous import FILE, DeadLetters, Queue
from .gateway import Gateway
from .invoke_api import InvokeAPI
from .server import Server
from .terminal import Terminal
from .workers import Pool

if TYPE_CHECKING:
    from pathlib import Path

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


def run(options: Options) -> int:
    """Serve until Ctrl-C or SIGTERM. Returns the exit status."""
    terminal = Terminal()
    try:
        return asyncio.run(_serve(options, terminal.show))
    except KeyboardInterrupt:  # before the signal handler below was set
        return 0
    finally:
        terminal.close()


async def _serve(options: Options, show: Log) -> int:
    began = time.perf_counter()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    command = [sys.executable, "-m", "adapter.runtime", options.target]
    pool = Pool(
        command,
        options.target,
        size=options.workers,
        log=show,
        concurrency=options.concurrency,
        variables={"ADAPTER_STREAM": "1"} if options.stream else {},
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
        if not await _warmed_up(pool, stopped):
            return 0 if stopped.is_set() else 1  # the environment has said why
        seconds = time.perf_counter() - began
        for line in _banner(options, server.port, seconds):
            show(line)
        await stopped.wait()
        return 0
    finally:
        await server.stop()
        await queue.stop()
        await pool.stop()
        await server.finished()


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
