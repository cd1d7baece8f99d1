"""Handler: what Lambda calls."""

from __future__ import annotations

import os
import sys
import time

from .deadline import MARGIN_S, Watch, deadline_of
from .errors import BadRequestError, EventError, ends_process, in_fork
from .events import find_codec, source_of, unknown
from .exchange import BatchExchange, EventExchange, Exchange, RecordExchange, log
from .message import Request, Response, is_async, starts_with
from .percent import quote_path, unquote_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any, Protocol

    class Runner(Protocol):
        """An App that can be started and stopped: ASGI or WSGI."""

        deadline_margin: float

        def __call__(self, request: Request, /) -> Response: ...
        def start(self) -> None: ...
        def stop(self) -> None: ...


class Handler:
    """A Lambda function for an ASGI 3 or WSGI app: `handler(event, context)` → result.

    app        an async callable is ASGI, a sync one is WSGI; `ASGI(app)` and `WSGI(app)` say it
               where that rule can't tell
    base_path  '/v1' if a custom domain maps that path to the app: where a request's path begins
               with it, it becomes the end of `root_path` and `SCRIPT_NAME`
    stream     send bodies as the app makes them, where the front end can: a function URL or REST
               API that is set to stream. It takes our runtime; AWS's own can only buffer
    deadline_margin
               so many seconds before Lambda ends it a request is stopped and answered with a 504;
               0 leaves it to Lambda
    access_log one line for each request: method, path, status, duration, cold or warm
    events     what the paths begin with under which the app gets events that are no HTTP requests:
               `POST /_events/<source>/<name>`. HTTP requests for them get a 404 here. None turns
               it off: such an event is an EventError then
    partial_batch
               the result names the records that failed, as an event source mapping takes it that
               has ReportBatchItemFailures; otherwise one that failed fails the invocation, and all
               come again. ADAPTER_PARTIAL_BATCH=1 says the same, whoever makes the handler: it is
               a matter of how the function is deployed

    Entering a handler (`with handler:`) starts the app, leaving it stops it; otherwise it starts
    at the first call, and under AWS's own runtime here, in Lambda's init phase.

    Raises EventError for an event that is neither an HTTP request of a known front end nor of a
    known source, FailedEventError if the app's answer to one of a source says that it failed, and
    AppError if the app fails to start. Whatever else happens in the app becomes a response with a
    5xx status.
    """

    def __init__(
        self,
        app: Any,
        *,
        base_path: str = "",
        stream: bool = False,
        deadline_margin: float = MARGIN_S,
        access_log: bool = False,
        events: str | None = "/_events",
        partial_batch: bool = False,
    ) -> None:
        if not 0 <= deadline_margin < 1e9:
            raise ValueError(f"deadline_margin is {deadline_margin}; it should be some seconds")
        self._app = runner_of(app)
        self._app.deadline_margin = deadline_margin
        self._respond = self._app.__call__  # as a method, which Python calls sooner
        self._base_path = quote_path("/" + base_path.strip("/")) if base_path.strip("/") else ""
        self._events = _prefix_of(events)
        self._segments = _segments(self._events)
        self._word = self._segments[0] if events else None
        self._partial_batch = partial_batch
        self._stream = stream
        self._margin = deadline_margin
        self._watch = Watch(_report_late) if deadline_margin else None
        self._access_log = access_log
        self._cold = True
        self._started = False
        self._tells = _under_awslambdaric()
        if self._tells:
            if stream:
                _say_how_to_stream()
            self.start()

    def __call__(self, event: Any, context: Any = None) -> Any:
        if self._tells:  # as our own runtime does by itself
            from .context import CURRENT

            CURRENT.set(context)
        exchange = self.answer(event, context, buffered=True)
        exchange.close()
        return exchange.result

    def answer(self, event: Any, context: Any = None, *, buffered: bool = False) -> Exchange:
        """What to post for the event; `close()` it then."""
        exchange = self._opened(event, context, self._stream and not buffered)
        if exchange.request is not None:
            self._answer(exchange, exchange.request)
        elif isinstance(exchange, BatchExchange):
            for record in self._records(exchange):
                self._answer(record, record.request)
                record.close()
            exchange.conclude()
        return exchange

    def _answer(self, exchange: Exchange, request: Request) -> None:
        try:
            exchange.encode(self._respond(request))
        except BaseException as error:  # SystemExit too: it is the app's end, not ours
            if not in_fork():
                exchange.end_response()
            if ends_process(error):
                raise
            exchange.fail(error)

    async def answer_soon(self, event: Any, context: Any = None) -> Exchange:
        """`answer` for an ASGI app within its running loop; `finish()` it then."""
        exchange = self._opened(event, context, self._stream, in_loop=True)
        if exchange.request is not None:
            await self._answer_soon(exchange, exchange.request)
        elif isinstance(exchange, BatchExchange):
            for record in self._records(exchange, in_loop=True):
                await self._answer_soon(record, record.request)
                await record.finish()
            exchange.conclude()
        return exchange

    async def _answer_soon(self, exchange: Exchange, request: Request) -> None:
        try:
            response: Any = await self._app.respond(request)  # type: ignore[attr-defined]
            exchange.response = response
            if not exchange.streams:
                await response.buffer()
            exchange.encode(response)
        except Exception as error:  # the runner makes one of whatever it was
            if in_fork():
                raise
            await exchange.settle()
            exchange.end_response()
            exchange.fail(error)

    def _opened(self, event: Any, context: Any, stream: bool, *, in_loop: bool = False) -> Exchange:
        """The exchange of an event, answered already if it has no request."""
        codec = find_codec(event)
        if codec is None:
            if _is_warming(event):
                return _warmed(event, hold=not in_loop)
            return self._opened_event(event, context, in_loop=in_loop)
        if not self._started:
            self.start()
        exchange = Exchange(codec, event, stream=stream, in_loop=in_loop)
        try:
            request = codec.decode_request(event, context)
        except BadRequestError as error:
            exchange.refuse(error.status, f"Bad Request: {error}")
            return exchange
        if self._base_path:
            request.root_path = _with_base(request, self._base_path)
        if request.path == request.root_path:
            request.path += "/"  # what is left of it is the app's own root
        path = request.path
        if self._word and (self._word in path or "%" in path) and self._is_for_events(request):
            exchange.refuse(404, "Not Found")
            return exchange
        return self._begun(exchange, request, context)

    def _opened_event(self, event: Any, context: Any, *, in_loop: bool) -> Exchange:
        """The exchange of an event that is no HTTP request. Raises EventError."""
        source = source_of(event) if self._events else None
        if source is None:
            raise unknown(event)
        if not self._started:
            self.start()
        if getattr(source, "records", None) is not None:
            return self._opened_batch(source, event, context)
        request = source.decode_request(event, context)
        request.path = self._events + request.path
        return self._begun(EventExchange(source, event, in_loop=in_loop), request, context)

    def _opened_batch(self, source: Any, event: Any, context: Any) -> Exchange:
        from .events.batch import Batch

        told = os.environ.get("ADAPTER_PARTIAL_BATCH", "").lower()
        reports = self._partial_batch or told in ("1", "true", "yes")
        deadline = deadline_of(context)
        return BatchExchange(
            Batch(source, event, context, reports=reports, deadline=deadline), event
        )

    def _records(self, exchange: BatchExchange, *, in_loop: bool = False) -> Iterator[Any]:
        """The records to answer, one after the other; each has to be closed before the next."""
        batch = exchange.batch
        for item in batch.to_do():
            record = RecordExchange(batch, item, in_loop=in_loop)
            try:
                request = batch.source.request_of(item)
            except EventError as error:
                record.refuse_record(error)
                continue
            request.path = self._events + request.path
            yield self._begun(record, request, item.context)

    def _is_for_events(self, request: Request) -> bool:
        """Whether a router may take an HTTP request's path for one that is kept for events.

        Some go by `root_path`, some don't; some resolve dots; Werkzeug joins slashes.
        """
        return any(
            segments[: len(self._segments)] == self._segments
            for path in (request.path, request.path[len(request.root_path) :])
            for segments in (_segments(path), _resolved(_segments(path)))
        )

    def _begun(self, exchange: Exchange, request: Request, context: Any) -> Exchange:
        exchange.request = request
        if self._watch is not None and (deadline := deadline_of(context)) is not None:
            exchange.watch = self._watch
            self._watch.begin(exchange, deadline - self._margin / 4)  # its runner had its chance
        if self._access_log:
            self._begin_line(exchange)
        return exchange

    def _begin_line(self, exchange: Exchange) -> None:
        from .access import AccessLine

        exchange.line = AccessLine(cold=self._cold)
        self._cold = False

    def start(self) -> None:
        """Start the app, once. Raises AppError if it fails to."""
        if not self._started:
            self._app.start()
            self._started = True

    def stop(self) -> None:
        """Stop the app; a later call starts it anew."""
        self._started = False
        self._app.stop()

    @property
    def loop(self) -> Any:
        """The event loop of an ASGI app that has been started; None for a WSGI app."""
        return getattr(self._app, "loop", None)

    def __enter__(self) -> Handler:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def runner_of(app: Any) -> Runner:
    """`app` if it is a runner already, else the runner for it. Raises TypeError."""
    if not callable(app):
        raise TypeError(f"Handler wants an ASGI or WSGI app, which can be called; got {app!r:.80}")
    if isinstance(app, Handler):
        raise TypeError("Handler wants the app itself; this is a Handler already")
    if hasattr(app, "start") and hasattr(app, "stop") and type(app).__module__ in _RUNNERS:
        runner: Runner = app
        return runner
    if is_async(app):
        from .asgi import ASGI

        return ASGI(app)
    from .wsgi import WSGI

    return WSGI(app)


_RUNNERS = ("adapter.asgi", "adapter.wsgi")


def _prefix_of(events: str | None) -> str:
    """The prefix of events' paths, encoded; '' for none. Raises ValueError."""
    if events is None:
        return ""
    if not events.startswith("/") or not _segments(events):
        raise ValueError(f"events is {events!r}; it should be a path such as '/_events', or None")
    return quote_path("/" + "/".join(_segments(events)))


def _segments(path: str) -> list[str]:
    """'/a%20b//c/' → ['a b', 'c']"""
    return [segment for segment in unquote_text(path, "utf-8").split("/") if segment]


def _resolved(segments: list[str]) -> list[str]:
    """['a', '.', 'b', '..', 'c'] → ['a', 'c']"""
    found: list[str] = []
    for segment in segments:
        if segment == "..":
            found[-1:] = []
        elif segment != ".":
            found.append(segment)
    return found


# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
_ON_LAMBDA = ("AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME")


def _under_awslambdaric() -> bool:
    """Whether AWS's Python runtime imports us: on Lambda, and the loop is not ours."""
    return "adapter.runtime" not in sys.modules and any(name in os.environ for name in _ON_LAMBDA)


def _say_how_to_stream() -> None:
    import logging

    wrapper = os.path.join(os.path.dirname(__file__), "runtime", "exec-wrapper")
    logging.getLogger("adapter").warning(
        "stream=True: AWS's own Python runtime can't stream, so answers are buffered. To stream, "
        "set the function's environment variable AWS_LAMBDA_EXEC_WRAPPER to %s",
        wrapper,
    )


def _is_warming(event: Any) -> bool:
    """{"warm": true}, or {"warm": n} to warm n environments at once."""
    return isinstance(event, dict) and len(event) == 1 and type(event.get("warm")) in (bool, int)


def _warmed(event: dict[str, Any], *, hold: bool) -> Exchange:
    """Answer without the app, and name the environment.

    Lambda starts another environment only while this one is busy: of n calls sent at once each
    is held until the others must have arrived too.
    """
    exchange = Exchange(None, event)  # type: ignore[arg-type]  # nothing is left to encode
    environment = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME") or str(os.getpid())
    exchange.result = {"warm": True, "environment": environment}
    if hold and event["warm"] > 1:
        time.sleep(min(0.1 + event["warm"] / 100, 2.0))
    return exchange


def _with_base(request: Request, base: str) -> str:
    """The root path with `base` behind it, if the path goes on with its whole segments."""
    root = request.root_path
    if root.endswith(base):  # the event told it already
        return root
    return root + base if starts_with(request.path[len(root) :], base) else root


def _report_late(exchange: Any, where: str) -> None:
    from .context import CURRENT  # its imports are for the one request that is late

    CURRENT.set(exchange.request.context)  # this thread is nobody's: its record is the request's
    log(
        exchange.request,
        f"still runs{{}} shortly before its deadline and can't be stopped; it is left to Lambda, "
        f"in {where}",
    )
    CURRENT.set(None)
