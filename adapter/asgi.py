"""The ASGI runner: a Request into a scope, what the app sends into a Response.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from .errors import AppError
from .lifespan import Lifespan
from .loop import Loop
from .message import Response
from .percent import unquote_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping
    from typing import Any

    from .message import Request

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

    def __init__(self, app: ASGIApp, *, lifespan: bool = True) -> None:
        self.app = app
        self._wants_lifespan = lifespan
        self._lifespan: Lifespan | None = None
        self._loop: Loop | None = None
        self._starting = threading.RLock()

    def __call__(self, request: Request) -> Response:
        """Raises what the app raises, and AppError where it breaks the protocol."""
        if self._loop is None:
            self.start()
        assert self._loop is not None
        scope = scope_of(request)
        if self._lifespan is not None:
            scope["state"] = self._lifespan.state.copy()
        cycle = _Cycle(self._loop, request.body)
        cycle.begin(self.app, scope)
        return cycle

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


class _Cycle(Response):
    """One request and its response: what `receive` and `send` share with the body's reader."""

    _complete = False
    _ended = False  # the app returned or raised
    _unread = False  # there was news since the reader last waited for it
    _gone = False  # nobody wants the rest of the response
    _error: BaseException | None = None
    _news: asyncio.Future[None] | None = None
    _disconnect: asyncio.Future[None] | None = None

    def __init__(self, loop: Loop, body: bytes) -> None:
        self.status = 0
        self._loop = loop
        self._request_body: bytes | None = body
        self._chunks: deque[bytes] = deque()

    def begin(self, app: ASGIApp, scope: Scope) -> None:
        """Run the app until its response has started."""
        self._task = self._loop.begin(self._run(app, scope))
        while not self.status and not self._ended:
            self._await_news()
        if not self.status:
            raise self._failure("returned without starting a response")
        self.body = self._chunks if self._complete else self._read()

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._receive, self._send)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # SystemExit too: an app's end, not ours
            self._error = error
        finally:
            self._ended = True
            self._tell()

    async def _receive(self) -> Message:
        body, self._request_body = self._request_body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        if not (self._complete or self._gone):
            if self._disconnect is None:
                self._disconnect = self._loop.create_future()
            await asyncio.shield(self._disconnect)
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if self._gone:
            raise OSError("the response was given up")
        if self._complete:
            return  # "messages after the last are ignored", says the specification
        if kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.body":
            if not self.status:
                raise AppError("the app sent http.response.body before http.response.start")
            body = message.get("body")
            if body:
                self._chunks.append(bytes(body))  # the app may use a buffer of its own again
            if not message.get("more_body"):
                self._end()
            self._tell()

    def _start(self, message: Message) -> None:
        if self.status:
            raise AppError("the app sent http.response.start twice")
        status = message.get("status")
        if not isinstance(status, int):
            raise AppError(f"the app sent the status {status!r}; ASGI wants a number")
        if 100 <= status < 200:
            return  # informational: the final status is still to come
        self.headers = tuple([
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in message.get("headers") or ()
        ])  # fmt: skip
        self.status = status
        self._tell()

    def _end(self) -> None:
        self._complete = True
        if self._disconnect is not None and not self._disconnect.done():
            self._disconnect.set_result(None)

    def _tell(self) -> None:
        self._unread = True
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _await_news(self) -> None:
        """Run the loop until the app has sent something or ended.

        Another thread may be running it: then the news can come before it is awaited.
        """
        self._news = self._loop.create_future()
        if not self._unread:
            self._loop.finish(self._news)
        self._unread = False

    def _read(self) -> Iterator[bytes]:
        over = False
        while not over:
            over = self._complete or self._ended  # asked before the chunks: no more can come
            while self._chunks:
                yield self._chunks.popleft()
            if not over:
                self._await_news()
        if not self._complete:
            raise self._failure("returned without completing its response")

    def close(self) -> None:
        """Let the app finish: its background tasks, and all else after the last message.

        Raises what the app raises then.
        """
        if not self._complete:
            self._gone = True
            self.body = ()
        if not self._task.done():
            if self._gone:  # in the loop, which another thread may be running
                self._loop.call_soon_threadsafe(self._end)
            self._loop.finish(self._task)
        error, self._error = self._error, None
        if error is not None and not self._gone:
            raise error

    def _failure(self, otherwise: str) -> BaseException:
        """Why there is no whole response."""
        error, self._error = self._error, None
        if isinstance(error, Exception):
            return error
        failure = AppError(f"the app {f'raised {error!r}' if error else otherwise}")
        failure.__cause__ = error
        return failure
