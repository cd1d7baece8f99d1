"""`adapter dev`: the gateway, its environments, and what the terminal shows of them."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from dataclasses import dataclass

import click

from .gateway import Gateway
from .server import Server
from .workers import Pool

NAMES = {
    "http_api": "HTTP API (payload 2.0)",
    "rest_api": "REST API",
    "function_url": "Lambda function URL",
    "alb": "Application Load Balancer",
    "alb_multi": "Application Load Balancer (multi-value headers)",
}
_COLOURS = {
    "START": "bright_black",
    "END": "bright_black",
    "REPORT": "cyan",
    "[ERROR]": "red",
    "adapter:": "yellow",
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


def run(options: Options) -> int:
    """Serve until Ctrl-C or SIGTERM. Returns the exit status."""
    try:
        return asyncio.run(_serve(options))
    except KeyboardInterrupt:  # between two awaits, before the handler below was set
        return 0


async def _serve(options: Options) -> int:
    began = time.perf_counter()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    command = [sys.executable, "-m", "adapter.runtime", options.target]
    pool = Pool(command, options.target, size=options.workers, log=show)
    gateway = Gateway(pool, options.kind, options.stage, show)
    try:
        server = Server(gateway, options.host, options.port)
    except OSError as error:
        return _cannot_listen(options, error)
    await server.start()
    try:
        return await _until_stopped(pool, options, server.port, stopped, began)
    finally:
        await server.stop()
        await pool.stop()


async def _until_stopped(
    pool: Pool, options: Options, port: int, stopped: asyncio.Event, began: float
) -> int:
    warming = asyncio.create_task(pool.warm_up())
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({warming, stopping}, return_when="FIRST_COMPLETED")
    if not warming.done():
        warming.cancel()
        return 0
    if warming.result().failed:
        return 1  # the environment has said why
    _show_banner(options, port, time.perf_counter() - began)
    await stopping
    return 0


def _cannot_listen(options: Options, error: OSError) -> int:
    advice = f"stop what uses it, or choose another: --port {options.port + 1}"
    show(f"adapter: can't listen on {options.host}:{options.port} ({error.strerror}): {advice}")
    return 1


def _show_banner(options: Options, port: int, seconds: float) -> None:
    path = f"/{options.stage}/" if options.stage else "/"
    url = click.style(f"http://{options.host}:{port}{path}", fg="green", bold=True)
    environments = f"up to {options.workers} environment{'s' if options.workers > 1 else ''}"
    click.echo(f"{url}  {NAMES[options.kind]} → {options.target}, {environments}")
    click.echo(click.style(f"ready in {seconds:.2f} s; Ctrl-C stops it", fg="bright_black"))


def show(line: str) -> None:
    """One line of the log, in colour on a terminal."""
    colour = _COLOURS.get(line.partition(" ")[0])
    click.echo(click.style(line, fg=colour) if colour else line)
