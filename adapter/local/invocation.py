"""An event on its way through a function, and what comes of it."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..events._gateway import request_id
from ..message import LAMBDA_LIMIT
from .wire import collected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_LINES = 10_000

_ERROR_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")


@dataclass
class Outcome:
    """What came of an invocation.

    body        a result, as JSON; or an error document, if `failed`
    stream      of a streamed result: its chunks, from the first on; `body` is empty then
    late        failed since it took too long
    error_type  `Function.ValueError`, as Lambda's metrics and traces name it
    xray_cause  what the runtime told about an error for X-Ray, as JSON text
    """

    body: bytes
    failed: bool = False
    late: bool = False
    stream: Stream | None = None
    error_type: str | None = None
    xray_cause: str | None = None

    async def whole(self) -> Outcome:
        """What a caller gets that takes no stream: Lambda collects it, up to its limit of 6 MB."""
        if self.stream is None:
            return self
        body, size = await collected(self.stream, LAMBDA_LIMIT)
        if self.stream.end.failed:
            return self.stream.end
        return Outcome(body) if size <= LAMBDA_LIMIT else too_large(size, LAMBDA_LIMIT)

    def __str__(self) -> str:
        """Of a failure: its type and message, in one line."""
        document = _object(self.body)
        kind = self.error_type or document.get("errorType") or "an error"
        return f"{kind}: {document.get('errorMessage') or self.body.decode('utf-8', 'replace')}"


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


class Stream:
    """A streamed result: an async iterable of chunks, which come at the pace they are taken.

    `end` is known when the iteration ends: a failure, if the runtime told one or broke off.
    """

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        self.end: Outcome = Outcome(b"")
        self.over = False
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()

    @classmethod
    def of(cls, body: bytes, content_type: str) -> Stream:
        """A result that is there already."""
        stream = cls(content_type)
        stream._chunks.put_nowait(body)
        stream.finish(Outcome(b""))
        return stream

    async def put(self, chunk: bytes) -> None:
        """Hand a chunk over, and wait until it is used."""
        if not self.over:
            self._chunks.put_nowait(chunk)
            await self._chunks.join()

    def finish(self, end: Outcome) -> None:
        """No more chunks. What is said first counts."""
        if not self.over:
            self.over, self.end = True, end
            self._chunks.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._chunks.get()) is not None:
            try:
                yield chunk
            finally:
                self._chunks.task_done()
        self._chunks.task_done()


@dataclass
class Invocation:
    """One event on its way through a function.

    qualifier  what the caller named besides the function: an alias
    begun      when its environment took it, as time.time() tells it; 0 before
    init_ms    how long that one took to start, if this is the first one in it
    log        the last lines that the environment logged for it, START, END and REPORT among them;
               complete when it is over. Of many at once in one environment it is a guess
    paused     somebody debugs it: no time limit counts
    outcome    done when there is something for the caller: at the first bytes of a streamed result
    finished   done when the runtime has no more to do with it: it asks for another
    over       done when its environment is free for another
    """

    event: bytes
    timeout: float
    id: str = field(default_factory=request_id)
    tenant_id: str | None = None
    client_context: str | None = None  # JSON
    cognito_identity: str | None = None  # JSON
    qualifier: str | None = None
    trace_id: str = field(default_factory=lambda: _trace_id())
    invocation_id: str = field(default_factory=request_id)
    begun: float = 0.0
    deadline: float = 0.0  # as time.time() tells it; when the environment takes it
    init_ms: float | None = None
    answered: bool = False
    paused: bool = False
    log: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES))
    outcome: asyncio.Future[Outcome] = field(default_factory=lambda: future())
    finished: asyncio.Future[None] = field(default_factory=lambda: future())
    over: asyncio.Future[None] = field(default_factory=lambda: future())

    @property
    def gave_up(self) -> bool:
        """Whether the caller was told something before the runtime said anything."""
        return self.outcome.done() and not self.answered

    def begin(self) -> None:
        self.begun = time.time()
        self.deadline = self.begun + self.timeout

    def end(self, outcome: Outcome) -> None:
        """Tell the caller, unless something was told before; of a stream, how it ended."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)
            return
        stream = self.outcome.result().stream
        if stream is not None and stream is not outcome.stream:
            stream.finish(outcome)

    async def result(self) -> Outcome:
        """What a caller gets that takes no stream. Cancelled, the invocation goes on."""
        return await (await asyncio.shield(self.outcome)).whole()

    def finish(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)


def future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def error_outcome(kind: str, message: str, *, late: bool = False) -> Outcome:
    """The failure that Lambda itself reports."""
    document = {"errorType": kind, "errorMessage": message}
    return Outcome(json.dumps(document).encode(), failed=True, late=late, error_type=kind)


def too_large(size: int, limit: int) -> Outcome:
    return error_outcome(
        "Function.ResponseSizeTooLarge",
        f"Response payload size ({size} bytes) exceeded maximum allowed payload size "
        f"({limit} bytes).",
    )


def reported(body: bytes, headers: dict[str, str]) -> Outcome:
    """The failure that a runtime reports, by a body and header fields."""
    kind = known_type(headers.get("lambda-runtime-function-error-type", ""))
    cause = headers.get("lambda-runtime-function-xray-error-cause")
    return replace(Outcome(body), failed=True, error_type=kind, xray_cause=cause)


def known_type(kind: str) -> str:
    """The error type as Lambda takes it: its own emulator's code, fatalerror.go, says which."""
    if _ERROR_TYPE.search(kind):
        return kind
    return "Function.Unknown" if kind.startswith("Function.") else "Runtime.Unknown"


def _trace_id() -> str:
    """https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader"""
    random = request_id().replace("-", "")
    return f"Root=1-{int(time.time()):08x}-{random[:24]};Parent={random[:16]};Sampled=0"
