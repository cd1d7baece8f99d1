"""The ASGI runner: a Request into a scope, what the app sends into a Response.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import threading

from .cycle import Cycle
from .deadline import MARGIN_S
from .lifespan import Lifespan
from .loop import Loop
from .percent import unquote_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    from .message import Request, Response

    Message = MutableMapping[str, Any]
    Scope = MutableMapping[str, Any]
    ASGIApp = Callable[
        [Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
        Awaitable[None],
    ]

_VERSIONS = {"version": "3.0", "spec_version": "2.4"}


class ASGI:
    """An App that runs an ASGI 3 application, on one event loop and in one lifespan.

    lifespan=False leaves out the lifespan protocol, for an app that can't take it.
    """

    deadline_margin: float = MARGIN_S

    def __init__(self, app: ASGIApp, *, lifespan: bool = True) -> None:
        self.app = app
        self._wants_lifespan = lifespan
        self._lifespan: Lifespan | None = None
        self._loop: Loop | None = None
        self._starting = threading.RLock()

    def __call__(self, request: Request) -> Response:
        """Raises what the app raises, and AppError where it breaks the protocol."""
        cycle, scope = self._cycle(request)
        cycle.begin(self.app, scope)
        return cycle

    async def respond(self, request: Request) -> Response:
        """The same within the loop: its response is to be read there too."""
        cycle, scope = self._cycle(request)
        await cycle.begin_soon(self.app, scope)
        return cycle

    def _cycle(self, request: Request) -> tuple[Cycle, Scope]:
        if self._loop is None:
            self.start()
        assert self._loop is not None
        scope = scope_of(request)
        if self._lifespan is not None:
            scope["state"] = self._lifespan.state.copy()
        return Cycle(self._loop, request, self.deadline_margin), scope

    @property
    def loop(self) -> Loop | None:
        """The event loop, once started."""
        return self._loop

    def start(self) -> None:
        """Make the loop and run the app's startup, once. Raises AppError if that fails."""
        with self._starting:  # threads may call first at the same time
            if self._loop is None:
                self._start()

    def _start(self) -> None:
        self._loop = Loop()
        if not self._wants_lifespan:
            return
        lifespan = Lifespan(self.app, self._loop)
        try:
            lifespan.start()
        except BaseException:
            self.stop()
            raise
        self._lifespan = lifespan

    def stop(self) -> None:
        """Run the app's shutdown and close the loop; a later call starts anew."""
        lifespan, self._lifespan = self._lifespan, None
        loop, self._loop = self._loop, None
        if lifespan is not None:
            lifespan.stop()
        if loop is not None:
            loop.end()


def scope_of(request: Request) -> dict[str, Any]:
    """The HTTP connection scope; `path` includes `root_path`, as the specification has it."""
    path, root_path = request.path, request.root_path
    host, port = request.server
    client = request.client
    encoded = "%" in path
    return {
        "type": "http",
        "asgi": _VERSIONS.copy(),
        "http_version": request.http_version,
        "method": request.method,
        "scheme": request.scheme,
        "path": unquote_text(path, "utf-8") if encoded else path,
        "raw_path": path.encode(),
        "query_string": request.query.encode(),
        "root_path": unquote_text(root_path, "utf-8") if encoded else root_path,
        "headers": [(_NAMES[name], value.encode("latin-1")) for name, value in request.headers],
        "client": client and (client[0], client[1] or 0),
        "server": (host, port or (443 if request.scheme == "https" else 80)),
        "aws.event": request.event,
        "aws.context": request.context,
    }


class _Names(dict[str, bytes]):
    """'name' → b'name'"""

    def __missing__(self, name: str) -> bytes:
        encoded = name.encode("latin-1")
        if len(self) < 500:  # clients choose the names
            self[name] = encoded
        return encoded


_NAMES = _Names()
