"""One ASGI request and its response: from the app's first step to what it does after its answer.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

from .deadline import awaiting, deadline_of, where
from .errors import AppError, DeadlineError, ends_process
from .message import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .asgi import ASGIApp, Message, Scope
    from .loop import Loop
    from .message import Request

_HIGH_WATER = 65_536
"""Bytes that may wait for their reader before the app's `send` waits too."""


class Cycle(Response):
    """One request and its response: what `receive` and `send` share with the body's reader.

    The reader either runs the loop itself (`begin`, `close`), or is one of the loop's tasks
    (`begin_soon`, `settle`).
    """

    _complete = False
    _ended = False  # the app returned or raised, or is given up
    _unread = False  # there was news since the reader last waited for it
    _gone = False  # nobody wants the rest of the response
    _waiting = 0  # bytes that the reader has not taken yet
    _error: BaseException | None = None
    _late: str | None = None  # where the app was when its time was over
    _news: asyncio.Future[None] | None = None
    _taken: asyncio.Future[None] | None = None
    _disconnect: asyncio.Future[None] | None = None
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, loop: Loop, request: Request, margin: float) -> None:
        self.status = 0
        self._loop = loop
        self._request_body: bytes | None = request.body
        self._context = request.context
        self._margin = margin
        self._chunks: deque[bytes] = deque()

    # The app's side

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._receive, self._send)
        except BaseException as error:  # SystemExit too: an app's end, not ours
            if ends_process(error):
                raise
            self._error = error
        finally:
            self._ended = True
            if self._timer is not None:
                self._timer.cancel()
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
            else:
                self._tell()
                self._waiting += len(body or b"")
                if self._waiting > _HIGH_WATER:
                    await self._until_taken()

    async def _until_taken(self) -> None:
        """Wait for the reader. Two tasks of the app may send at once."""
        if self._taken is None:
            self._taken = self._loop.create_future()
        await asyncio.shield(self._taken)

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
        _resolve(self._disconnect)

    def _tell(self) -> None:
        self._unread = True
        _resolve(self._news)

    # The reader's side

    def begin(self, app: ASGIApp, scope: Scope) -> None:
        """Run the app until its response has started."""
        self._task = self._loop.begin(self._run(app, scope))
        if not self._ended and self._margin:
            self._loop.in_turn(self._set_timer)
        while not self.status and not self._ended:
            self._await_news()
        self.body = self._started() or self._read()

    async def begin_soon(self, app: ASGIApp, scope: Scope) -> None:
        """The same as one of the loop's tasks."""
        self._task = self._loop.create_task(self._run(app, scope))
        if self._margin:
            self._set_timer()
        while not self.status and not self._ended:
            await self._coming()
        self.body = self._started() or self._read_soon()  # type: ignore[assignment]

    def _started(self) -> deque[bytes] | None:
        """The whole body, if it is there. Raises if there is no response to send."""
        if not self.status:
            raise self._failure("returned without starting a response")
        if self._ended and not (self._complete or self._chunks):
            raise self._failure("returned without completing its response")
        return self._chunks if self._complete else None

    def _await_news(self) -> None:
        """Run the loop until the app has sent something or ended.

        Another thread may be running it: then the news can come before it is awaited.
        """
        self._news = self._loop.create_future()
        if not self._unread:
            self._loop.finish(self._news)
        self._unread = False

    async def _coming(self) -> None:
        self._news = self._loop.create_future()
        if not self._unread:
            await self._news
        self._unread = False

    def _read(self) -> Iterator[bytes]:
        over = False
        while not over:
            over = self._complete or self._ended  # asked before the chunks: no more can come
            yield self._loop.in_turn(self._take)
            if not over:
                self._await_news()
        self._check_complete()

    async def _read_soon(self) -> AsyncIterator[bytes]:
        over = False
        while not over:
            over = self._complete or self._ended
            yield self._take()
            if not over:
                await self._coming()
        self._check_complete()

    def _take(self) -> bytes:
        """What has come so far. In the loop's turn: a chunk that comes meanwhile would be lost."""
        chunks = b"".join(self._chunks)
        self._chunks.clear()
        self._waiting = 0
        if self._taken is not None:
            self._loop.call_soon_threadsafe(_resolve, self._taken)
            self._taken = None
        return chunks

    def _check_complete(self) -> None:
        if not self._complete:
            raise self._failure("returned without completing its response")

    async def buffer(self) -> None:
        """Read the whole body as one of the loop's tasks."""
        if hasattr(self.body, "__aiter__"):
            self.body = [chunk async for chunk in self.body]

    def close(self) -> None:
        """Let the app finish: its background tasks, and all else after the last message.

        Raises what the app raises then.
        """
        self._give_up()
        while not self._ended:
            self._await_news()
        self._raise_left()

    async def settle(self) -> None:
        """Wait for the app to finish, so that `close` need not."""
        self._give_up()
        while not self._ended:
            await self._coming()

    def _give_up(self) -> None:
        """Nobody reads on: an app that still sends is told so."""
        if self._complete:
            return
        self._gone = True
        self.body = ()
        if not self._ended:  # in the loop, which another thread may be running
            self._loop.call_soon_threadsafe(self._end)
            self._loop.call_soon_threadsafe(_resolve, self._taken)

    def _raise_left(self) -> None:
        if self._late is not None and not self._gone:
            raise self._failure("")
        error, self._error = self._error, None
        if error is not None and not self._gone:
            raise error

    @property
    def finished(self) -> bool:
        return self._ended and self._complete and self._error is None

    # Its time

    def _set_timer(self) -> None:
        """Stop the app shortly before Lambda does. In the loop's turn."""
        deadline = deadline_of(self._context)
        if deadline is not None and not self._ended:
            left = max(0.0, deadline - time.time())
            self._margin = min(self._margin, left / 2)
            self._timer = self._loop.call_later(left - self._margin, self._expire)

    def _expire(self) -> None:
        self._late = where(awaiting(self._task.get_coro()))
        self._task.cancel()
        # Half of what is left is for an app that has to tidy up, half for the answer.
        self._timer = self._loop.call_later(self._margin / 2, self._abandon)

    def _abandon(self) -> None:
        """The app does not let itself be cancelled: go on without it, and tell it so."""
        self._ended = True
        self._gone = not self._complete
        _resolve(self._disconnect)
        _resolve(self._taken)
        _ABANDONED.add(self._task)  # the loop alone would let the collector have it
        self._task.add_done_callback(_ABANDONED.discard)
        self._tell()

    def _failure(self, otherwise: str) -> BaseException:
        """Why there is no whole response."""
        error, self._error = self._error, None
        if self._late is not None:
            late, self._late = self._late, None
            return DeadlineError(f"stopped {self._margin:g} s before its deadline, in {late}")
        if isinstance(error, Exception):
            return error
        failure = AppError(f"the app {f'raised {error!r}' if error else otherwise}")
        failure.__cause__ = error
        return failure


_ABANDONED: set[asyncio.Task[None]] = set()


def _resolve(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
