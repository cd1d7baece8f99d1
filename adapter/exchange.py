"""One event on its way: the request in it, the app's response, and what Lambda gets for it."""

from __future__ import annotations

from .errors import (
    AppError,
    DeadlineError,
    FailedEventError,
    ResponseTooLargeError,
    ends_process,
    outside,
    told,
)
from .events._encode import bodiless, parts_of
from .message import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any

    from .access import AccessLine
    from .deadline import Watch
    from .errors import EventError
    from .events import Codec, Source
    from .events._item import Item
    from .events.batch import Batch
    from .message import Request, Response


class Exchange:
    """What an event came to. `result` is the answer, or `head` and `chunks()` if it is streamed.

    Then `close()` lets the app finish; or `finish()`, which waits for it if the loop is running.
    """

    __slots__ = (
        "_codec", "_event", "head", "in_loop", "line", "request", "response", "result",
        "streams", "watch",
    )  # fmt: skip

    def __init__(
        self,
        codec: Codec | Source,
        event: dict[str, Any],
        *,
        stream: bool = False,
        in_loop: bool = False,
    ) -> None:
        self._codec = codec
        self._event = event
        self.in_loop = in_loop
        self.streams = stream and hasattr(codec, "encode_head")
        self.request: Request | None = None
        self.response: Response | None = None
        self.result: Any = None
        self.head = b""
        self.watch: Watch | None = None
        self.line: AccessLine | None = None

    def encode(self, response: Response) -> None:
        """Take the app's response. Raises AppError, and what the app raises in its body."""
        self.response = response
        if self.streams:
            from .events.stream import encode_head

            self.head = encode_head(self._codec.encode_head(response))  # type: ignore[union-attr]
        else:
            self.result = self._codec.encode_response(response, self._event)

    def refuse(self, status: int, text: str) -> None:
        """Answer in the adapter's own words."""
        self.encode(plain(status, text))

    def fail(self, error: BaseException) -> None:
        """Answer for an app that raised before its response was under way."""
        self.log(error)
        if isinstance(error, DeadlineError):
            self.refuse(504, "Gateway Timeout")
        elif isinstance(error, ResponseTooLargeError):
            self.refuse(500, f"Internal Server Error: {error}")
        else:
            self.refuse(500, "Internal Server Error")

    async def replace(self, error: BaseException | None) -> None:
        """The same for one whose response has begun, but of which nothing was sent."""
        await self.settle()
        self.end_response()
        self.fail(error or AppError("the response can't be sent"))

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body of a streamed answer, as the app makes it; b'' where it has none for now.

        Raises what the app raises there.
        """
        assert self.response is not None
        silent = bodiless(self.response.status, self.request and self.request.method)
        body: Any = self.response.body
        if hasattr(body, "__aiter__"):
            async for chunk in body:
                yield b"" if silent else chunk
        else:
            for chunk in body:
                if not isinstance(chunk, bytes | bytearray | memoryview):
                    raise AppError(f"the app's body holds {type(chunk).__name__}, not bytes")
                yield b"" if silent else bytes(chunk)

    @property
    def finished(self) -> bool:
        """Whether the app has nothing left to do."""
        return self.response is None or self.response.finished

    def close(self) -> None:
        """Let the app finish; the client has, or will have, its answer whatever happens here."""
        if self.line is not None:
            self.line.write(self)
        try:
            if not self.finished:
                self.end_response()
        finally:
            if self.watch is not None:
                self.watch.end(self)

    async def finish(self) -> None:
        """`close()` within a running loop, which goes on meanwhile."""
        if self.line is not None:
            self.line.write(self)
            self.line = None
        await self.settle()
        self.close()

    def end_response(self) -> None:
        """The end of the app's response alone. What goes wrong there is logged."""
        try:
            if self.response is not None:
                self.response.close()
        except BaseException as error:  # SystemExit too
            if ends_process(error):
                raise
            self.log(error)

    async def settle(self) -> None:
        """Within a running loop: wait for the app to end, so that `close` need not."""
        settle = getattr(self.response, "settle", None)
        if self.in_loop and settle is not None:
            await settle()

    def log(self, error: BaseException) -> None:
        """One record with the request id and, unless the message says it all, the traceback."""
        if self.request is not None:
            log(self.request, f"failed{{}}: {told(error)}", error)


class EventExchange(Exchange):
    """The same for an event that is no HTTP request: any status but 2xx is its failure.

    The invocation fails then, unless whoever sent the event is told the status.
    """

    __slots__ = ()
    _codec: Source

    def encode(self, response: Response) -> None:
        """Raises FailedEventError besides."""
        super().encode(response)
        status, request = response.status, self.request
        if 200 <= status <= 299 or request is None:
            return
        answered = _answered(status)
        if self._codec.tells_status(self._event):
            if status in _REASONS:
                log(request, f"{answered}{{}}")
            return
        words = self._codec.error_of(status)
        if words:
            log(request, f"{answered}{{}}")
        raise FailedEventError(words or f"{self._asked()} {answered}") from None

    def fail(self, error: BaseException) -> None:
        """Raises FailedEventError. There will be no `close()` then: it is done."""
        try:
            if isinstance(error, FailedEventError):
                raise error
            if type(error) in _IN_OUR_WORDS and not self._codec.tells_status(self._event):
                self.log(error)
                self.response = None  # it has ended
                raise FailedEventError(f"{self._asked()} failed: {error}") from None
            super().fail(error)
        except FailedEventError:
            self.close()
            raise

    def _asked(self) -> str:
        return f"{self.request.method} {self.request.path}" if self.request else "the event"


_IN_OUR_WORDS = (AppError, ResponseTooLargeError)  # whoever waits may read them


class BatchExchange(Exchange):
    """An event with records: each gets an exchange of its own, one after the other.

    `conclude()` makes the result when all have come to their end.
    """

    __slots__ = ("batch",)

    def __init__(self, batch: Batch, event: Any) -> None:
        super().__init__(batch.source, event)
        self.batch = batch

    def conclude(self) -> None:
        """Raises FailedEventError where a record that was not done fails the invocation."""
        items = self.batch.items
        left = [item.reason for item in items if not item.tried]
        for reason in dict.fromkeys(left):
            text = f"{left.count(reason)} of {len(items)} records: {reason}"
            log_event(self.batch.source.name, text, items[0].context)
        self.result = self.batch.result()


class RecordExchange(Exchange):
    """The same for one record: the status tells whether it is done, and nothing is raised."""

    __slots__ = ("_source", "item")

    def __init__(self, batch: Batch, item: Item, *, in_loop: bool = False) -> None:
        super().__init__(batch.source, item.event, in_loop=in_loop)
        self._source = batch.source.name
        self.item = item
        item.tried = True

    def encode(self, response: Response) -> None:
        """Raises AppError, and what the app raises in its body."""
        self.response = response
        status, *_ = parts_of(response, "POST")  # the whole body is read
        self.item.done = 200 <= status <= 299
        if not self.item.done and self.request is not None:
            self._note(answered := _answered(status))
            log(self.request, f"{answered}{{}}")

    def fail(self, error: BaseException) -> None:
        self.response = None
        self.log(error)
        self._note(f"failed: {told(error)}")

    def refuse_record(self, error: EventError) -> None:
        """There is no request in this record."""
        self.item.reason = f"can't be read: {error}"
        text = f"record {self.item.number} {self.item.reason}"
        log_event(self._source, text, self.item.context)

    def _note(self, reason: str) -> None:
        request = self.request
        self.item.reason = f"{request.method} {request.path} {reason}" if request else reason


def _answered(status: int) -> str:
    return f"was answered with {status}{_REASONS.get(status, '')}"


_REASONS = {
    404: ": the app has no such route",
    405: ": the app's route takes no POST",
}


def log(request: Request, text: str, error: BaseException | None = None) -> None:
    """'GET /path' and `text`, with the request id for its {}."""
    import logging  # 5 ms that only a failing request pays

    logging.getLogger("adapter").error(
        "%s %s %s",
        request.method,
        request.path,
        text.replace("{}", _number_of(request.context), 1),
        exc_info=_shown(error),
    )


def _shown(error: BaseException | None) -> Any:
    """What the app raised, from its own first frame on; None if the message says it all."""
    raised = error.__cause__ if isinstance(error, AppError) else error
    if raised is None:
        return None
    trace = raised.__traceback__
    return type(raised), raised, outside(trace) or trace


def log_event(source: str, text: str, context: Any) -> None:
    """'sqs: ' and `text`, with the request id."""
    import logging

    logging.getLogger("adapter").error("%s: %s%s", source, text, _number_of(context))


def _number_of(context: Any) -> str:
    request_id = getattr(context, "aws_request_id", None)
    return f" (RequestId: {request_id})" if request_id else ""
