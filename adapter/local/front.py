"""What `adapter dev` answers with: the front end and all that stands before it.

Invoke API → inspector → page of a broken save → gateway, or WebSocket API
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from ..message import Response
from .asynchronous import DeadLetters, Queue
from .broken import Broken
from .gateway import Gateway
from .inspector import PATH, is_below
from .inspector.history import History
from .invoke_api import InvokeAPI
from .server import origin
from .visit import Visit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from ..config import Project
    from ..message import Request
    from .dev import Options
    from .inspector import Inspector
    from .invocation import Outcome
    from .schedules import Schedules
    from .terminal import Terminal
    from .visit import Watcher
    from .websocket import WebSockets
    from .workers import Pool


class Front:
    """The ASGI apps of one project: `app`, and `inspector` if that has a port of its own.

    `schedules` wait for their start, and are stopped with the rest.

    Raises ConfigError.
    """

    def __init__(
        self, options: Options, project: Project, pools: Mapping[str, Pool], terminal: Terminal
    ) -> None:
        self._history = History()
        self._project = project
        self._hosts = [options.host]
        for pool in pools.values():
            pool.progress = self._history.progress
        watchers = [terminal.visit, self._history.watch]
        self._websockets = _websockets(project, pools, terminal, watchers)
        self._gateway = (
            None if self._websockets else Gateway(project.api, pools, terminal.show, watchers)
        )
        front_end = self._websockets or self._gateway
        assert front_end is not None
        apart = options.inspect_port is not None
        address = f"http://{origin(options.host, options.inspect_port or 0)}" if apart else ""
        self._broken = Broken(front_end, address + PATH)
        self._queue = Queue(
            DeadLetters(options.dead_letters, terminal.show), terminal.show, watchers
        )
        self.schedules = _schedules(project, pools, self._queue, terminal)
        behind = self._broken if apart else self._inspector(self._broken)
        self.app = InvokeAPI(behind, pools, self._queue, terminal.show, watchers)

    def _inspector(self, otherwise: ASGIApp, gateway: tuple[str, int] | None = None) -> ASGIApp:
        """Made when somebody opens it: most starts of the command are without."""
        send = self._gateway.replay if self._gateway else _not_sent

        @cache
        def made() -> Inspector:
            from .inspector import Inspector

            return Inspector(
                self._history, otherwise, send, self._project, hosts=self._hosts, gateway=gateway
            )

        async def app(scope: Scope, receive: Receive, out: Send) -> None:
            wanted = scope["type"] == "http" and is_below(scope["path"])
            await (made() if wanted else otherwise)(scope, receive, out)

        return app

    def inspector(self, gateway: tuple[str, int]) -> ASGIApp:
        """On a port of its own, for the gateway at that address."""
        return self._inspector(PlainTextResponse(f"the inspector is at {PATH}\n", 404), gateway)

    def problem(self, function: str, outcome: Outcome | None) -> None:
        """A function does not start any more, for this reason; or, with None, it does again."""
        self._broken.tell(function, outcome)
        self._history.problem(self._broken.reasons)

    async def stop(self) -> None:
        """Say goodbye to WebSocket clients, and give up events that are to be tried again."""
        self._history.close()
        if self._websockets is not None:
            await self._websockets.stop()
        if self.schedules is not None:
            await self.schedules.stop()
        await self._queue.stop()


# What few projects have is imported for them alone: a start of the command waits for each import.


def _websockets(
    project: Project, pools: Mapping[str, Pool], terminal: Terminal, watchers: Sequence[Watcher]
) -> WebSockets | None:
    if project.api.kind != "websocket":
        return None
    from .websocket import WebSockets

    return WebSockets(project.api, pools, terminal.show, watchers)


def _schedules(
    project: Project, pools: Mapping[str, Pool], queue: Queue, terminal: Terminal
) -> Schedules | None:
    if not project.schedules:
        return None
    from .schedules import Schedules

    return Schedules(project, pools, queue, terminal.show)


async def _not_sent(request: Request, spelling: Mapping[str, str]) -> Visit:
    """What the inspector gets that wants to send a request to a WebSocket API."""
    visit = Visit(request, "websocket", spelling, reason="A WebSocket API takes no HTTP requests.")
    visit.response = Response(426)
    return visit
