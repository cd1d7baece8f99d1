"""`adapter dev`: the gateway, the functions behind it, and what the terminal shows of them."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import ConfigError
from . import debugger, dotfile
from .asynchronous import FILE
from .banner import banner, cannot_listen
from .front import Front
from .inline import placed
from .project import project_of
from .reload import PATIENCE_S, Reloader
from .server import Server, listen, origin
from .terminal import Terminal
from .workers import Pool

MANAGEMENT_API = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
_OWN = {"0.0.0.0": "127.0.0.1", "::": "::1"}

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
    """Serve until Ctrl-C, SIGTERM or SIGHUP. Returns the exit status. Raises ConfigError."""
    if not options.host:
        raise ConfigError("--host is empty: to listen on all interfaces write 0.0.0.0, or ::")
    with placed(project_of(options)) as project:
        return _run(options, project)


def _run(options: Options, project: Project) -> int:
    terminal = Terminal(quiet=options.quiet, json=options.json)
    try:
        return asyncio.run(_serve(options, project, terminal))
    except KeyboardInterrupt:  # before the signal handler below was set
        return 0
    finally:
        terminal.close()


async def _serve(options: Options, project: Project, terminal: Terminal) -> int:
    stopped = asyncio.Event()
    for number in ends():
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    sockets = _sockets(options, terminal)
    if not sockets:
        return 1
    ports = [one.getsockname()[1] for one in sockets]

    def variables(log: Log) -> dict[str, str]:
        return {**_variables(options, log), **_endpoints(options, project, ports[0])}

    pools = _pools(options, project, terminal, variables(terminal.show))
    front = Front(options, project, pools, terminal)
    apps = [front.app, *([front.inspector((options.host, ports[0]))] if sockets[1:] else [])]
    websockets = project.api.kind == "websocket"
    servers = [
        Server(app, options.host, listening=one, websockets=websockets)
        for app, one in zip(apps, sockets, strict=True)
    ]
    for server in servers:
        await server.start()
    try:
        began = time.perf_counter()
        if not await _warmed_up(pools, stopped):
            return 0 if stopped.is_set() else 1  # the environment has said why
        reloader = Reloader(
            list(pools.values()),
            Path.cwd(),
            variables,
            terminal,
            front.problem,
        )
        if options.reload:
            await reloader.start()
        if front.schedules is not None:
            front.schedules.start()
        for line in banner(options, project, ports, time.perf_counter() - began):
            terminal.note(line)
        await stopped.wait()
        await reloader.stop()
        return 0
    finally:
        await front.stop()
        await asyncio.gather(*(server.stop() for server in servers))
        await asyncio.gather(*(pool.stop() for pool in pools.values()))
        await asyncio.gather(*(server.finished() for server in servers))


def ends() -> list[signal.Signals]:
    """The signals that end us in order, and our environments with us.

    A terminal that is closed sends SIGHUP; under nohup it doesn't count.
    """
    hung_up = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hung_up]


def _sockets(options: Options, terminal: Terminal) -> list[socket.socket]:
    """The gateway's, and the inspector's if it has a port of its own; none if one can't be had."""
    made: list[socket.socket] = []
    for option, port in (("--port", options.port), ("--inspect-port", options.inspect_port)):
        try:
            made += [] if port is None else [listen(options.host, port)]
        except OSError as error:
            terminal.show(cannot_listen(options.host, port or 0, error, option))
            for one in made:
                one.close()
            return []
    return made


def _pools(
    options: Options, project: Project, terminal: Terminal, variables: dict[str, str]
) -> dict[str, Pool]:
    """Raises ConfigError for a function that can't be run here."""
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


def _endpoints(options: Options, project: Project, port: int) -> dict[str, str]:
    """Where boto3 finds what stands here for a service of AWS."""
    if project.api.kind != "websocket":
        return {}
    stage = f"/{project.api.stage}" if project.api.stage else ""
    host = _OWN.get(options.host, options.host)
    return {MANAGEMENT_API: f"http://{origin(host, port)}{stage}"}


def _variables(options: Options, log: Log) -> dict[str, str]:
    """What the environments get besides our own variables and those of their function."""
    debugging = debugger.variables(options.workers)
    # An app that was debugged for long would be stopped at its next await.
    margin = {"ADAPTER_DEADLINE_MARGIN": "0"} if debugger.TTY in debugging else {}
    return {**dotfile.variables(log), **debugging, **margin}


async def _warmed_up(pools: dict[str, Pool], stopped: asyncio.Event) -> bool:
    """Whether an environment of each has started; not if the user stops us before."""
    warming = asyncio.gather(*(pool.warm_up() for pool in pools.values()))
    stopping = asyncio.ensure_future(stopped.wait())
    waiting: set[asyncio.Future[Any]] = {warming, stopping}
    await asyncio.wait(waiting, return_when="FIRST_COMPLETED")
    stopping.cancel()
    if not warming.done():
        warming.cancel()
        await asyncio.gather(warming, return_exceptions=True)
        return False
    return not any(outcome.failed for outcome in warming.result())
