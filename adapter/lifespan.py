"""The ASGI lifespan protocol: startup once, state for every request, shutdown once.

https://asgi.readthedocs.io/en/latest/specs/lifespan.html
"""

from __future__ import annotations

import asyncio
import atexit
import os

from .errors import AppError, ends_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .asgi import ASGIApp, Message
    from .loop import Loop


class Lifespan:
    """One run of the protocol on `loop`. `state` is what the app put there at startup."""

    def __init__(self, app: ASGIApp, loop: Loop) -> None:
        self.state: dict[str, Any] = {}
        self._process = os.getpid()
        self._app = app
        self._loop = loop
        self._task: asyncio.Task[None] | None = None
        self._asked_startup = False
        self._supported = False
        self._failure: str | None = None
        self._answered = loop.create_future()
        self._shutdown = loop.create_future()

    def start(self) -> None:
        """Startup. Raises AppError with the app's words if it says that it failed.

        An app that raises instead knows nothing of the protocol, and is served without it.
        """
        self._task = self._loop.begin(self._run())
        self._loop.finish(self._answered)
        if self._failure is not None:
            self.stop()  # the app may wait for the shutdown even so
            raise AppError(f"the app failed to start: {self._failure}")
        if self._supported:
            atexit.register(self._stop_at_exit)

    def stop(self) -> None:
        """Shutdown. What goes wrong there is logged."""
        atexit.unregister(self._stop_at_exit)
        if self._task is None or self._task.done():
            return
        if not self._shutdown.done():
            self._shutdown.set_result(None)
        self._loop.finish(self._task)

    def _stop_at_exit(self) -> None:
        """A process that the app has forked off leaves its parent's app alone."""
        if self._process == os.getpid():
            self.stop()

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._receive, self._send)
        except BaseException as error:  # also SystemExit, which ends no process
            if ends_process(error):
                raise
            self._log(error)
        if not self._answered.done():
            self._answered.set_result(None)

    async def _receive(self) -> Message:
        if not self._asked_startup:
            self._asked_startup = True
            return {"type": "lifespan.startup"}
        await asyncio.shield(self._shutdown)
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "lifespan.startup.complete":
            self._supported = True
            self._answered.set_result(None)
        elif kind == "lifespan.startup.failed":
            self._failure = message.get("message") or "it gave no reason"
            self._answered.set_result(None)
        elif kind == "lifespan.shutdown.failed":
            self._log(AppError(f"the app failed to shut down: {message.get('message', '')}"))
        elif kind != "lifespan.shutdown.complete":
            raise AppError(f"the app sent {kind!r} during its lifespan")

    def _log(self, error: BaseException) -> None:
        """A failed startup is raised by `start`; what only means 'unsupported' is for debugging."""
        if self._failure is not None:
            return
        import logging

        level = logging.ERROR if self._supported else logging.DEBUG
        if self._asked_startup and not self._supported and not isinstance(error, AppError):
            level = logging.WARNING
        text = "the app raised in its lifespan" if self._supported else "served without a lifespan"
        logging.getLogger("adapter").log(level, "%s: %r", text, error, exc_info=error)
