"""What `adapter dev` answers with: the front end and all that stands before it.

Invoke API → inspector → page of a broken save → gateway, or WebSocket API
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from ..message import Response
from .asynchronous import DeadLetters, Queue
from .banner import INSPECTOR
from .broken import Broken
from .gateway import Gateway
from .inspector import History, Inspector
from .invoke_api import InvokeAPI
from .schedules import Schedules
from .visit import Visit
from .websocket import WebSockets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

    from ..config import Project
    from ..message import Request
    from .dev import Options
    from .invocation import Outcome
    from .terminal import Terminal
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
        kind = WebSockets if project.api.kind == "websocket" else Gateway
        self._front_end = kind(project.api, pools, terminal.show, watchers)
        apart = options.inspect_port is not None
        address = f"http://{options.host}:{options.inspect_port}" if apart else ""
        self._broken = Broken(self._front_end, address + INSPECTOR)
        self._queue = Queue(
            DeadLetters(options.dead_letters, terminal.show), terminal.show, watchers
        )
        self.schedules = Schedules(project, pools, self._queue, terminal.show)
        behind = self._broken if apart else self._inspector(self._broken)
        self.app = InvokeAPI(behind, pools, self._queue, terminal.show, watchers)

    def _inspector(self, otherwise: ASGIApp, gateway: tuple[str, int] | None = None) -> Inspector:
        send = _not_sent if isinstance(self._front_end, WebSockets) else self._front_end.replay
        return Inspector(
            self._history, otherwise, send, self._project, hosts=self._hosts, gateway=gateway
        )

    def inspector(self, gateway: tuple[str, int]) -> Inspector:
        """On a port of its own, for the gateway at that address."""
        return self._inspector(
            PlainTextResponse(f"the inspector is at {INSPECTOR}\n", 404), gateway
        )

    def problem(self, function: str, outcome: Outcome | None) -> None:
        """A function does not start any more, for this reason; or, with None, it does again."""
        self._broken.tell(function, outcome)
        self._history.problem(self._broken.reasons)

    async def stop(self) -> None:
        """Say goodbye to WebSocket clients, and give up events that are to be tried again."""
        self._history.close()
        if isinstance(self._front_end, WebSockets):
            await self._front_end.stop()
        await self.schedules.stop()
        await self._queue.stop()


async def _not_sent(request: Request) -> Visit:
    """What the inspector gets that wants to send a request to a WebSocket API."""
    visit = Visit(request, "websocket", reason="A WebSocket API takes no HTTP requests.")
    visit.response = Response(426)
    return visit
