"""Functions: to call them, to send them work, and to be them."""

from __future__ import annotations

import contextvars
import json
import logging
import os
from contextlib import contextmanager
from functools import cached_property, partial, wraps

from ..errors import told
from ..message import is_async
from . import log
from .alias import environment, is_on_aws
from .aws import AT_ONCE, AWS, ENDPOINT
from .channel import LocalChannel, NoChannel
from .envelope import HERE, opened, payload_of, result_of
from .here import NAME, at_work, here, run_id
from .inside import Inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import ThreadPoolExecutor
    from typing import Any, TypeVar

    from .channel import Channel
    from .envelope import Envelope
    from .run import Run
    from .state import Record

    Message = dict[str, Any]
    Handler = Callable[..., Any]
    Result = TypeVar("Result")

_VALUE_LIMIT = 16 << 10  # bytes of a chunk's result that a run keeps
_log = logging.getLogger("adapter.functions")


class Functions:
    """The functions of a project.

    pattern  how they are called on Lambda: of "insight-{name}" the function `price` is
             insight-price. {env} is the environment, for names that differ by it. Raises
             ValueError for one without {name}, and for one with anything else in braces
    redis    the URL of the Redis through which runs are watched: redis://host:6379/0. Without it
             they can be within a process, in development, and not on AWS

    On Lambda, and where AWS_ENDPOINT_URL_LAMBDA is set, calls go through boto3; elsewhere, and in
    `adapter dev` without that, to the functions of this process. Either way a message and a result
    are JSON, with Lambda's limits, and a function is called with the alias of its caller.

    `acall`, `asend` and `amap` are for async code: the same, without blocking the event loop.
    """

    def __init__(self, pattern: str = "{name}", *, redis: str | None = None) -> None:
        self._pattern = _checked(pattern)
        self._functions: dict[str, Handler] = {}
        self._inside = Inside(self._functions)
        self._aws = AWS(self._named)
        self._local: Channel = LocalChannel()
        self._redis = redis
        log.install()

    def function(self, function: Callable[[Any], Any]) -> Handler:
        """A decorator: `function(message)` becomes one of these functions, under its own name.

        The result is its Lambda handler, function(event, context), under any runtime. Called with a
        message alone it is the function itself.
        """
        name = getattr(function, "__name__", "")
        if not name:
            raise TypeError(
                f"{function!r:.80} has no name; a function of Functions is one of `def`"
            )
        if is_async(function):
            raise TypeError(f"{name} is async; a function of Functions is a plain one")

        @wraps(function)
        def handler(event: Any, context: Any = None) -> Any:
            message, envelope = opened(event)
            if envelope is None and context is None:
                return function(message)
            log.install()
            with at_work(name, envelope, context):
                if envelope is None or envelope.chunk is None:
                    return function(message)
                return self._joined(name, function, message, envelope)

        self._functions[name] = handler
        return handler

    def _joined(
        self, name: str, function: Callable[[Any], Any], message: Any, envelope: Envelope
    ) -> Any:
        """The function's result, which the run is told of, as it is of a failure."""
        part = {"chunk": envelope.chunk, "of": envelope.of}
        try:
            value = function(message)
            text = result_of(value, name)
        except (Exception, SystemExit) as error:
            kind, _, said = told(error).partition(": ")
            failure = {"kind": "error", **part, "name": name, "type": kind, "message": said[:2000]}
            self._record(envelope.id, name, failure)
            raise
        if len(text) > _VALUE_LIMIT:
            _log.warning(
                "%s: the result of chunk %s has %s bytes; a run keeps %s: return a reference",
                name, envelope.chunk, f"{len(text):,}", f"{_VALUE_LIMIT:,}",
            )  # fmt: skip
        kept = json.loads(text) if len(text) <= _VALUE_LIMIT else None
        self._record(envelope.id, name, {"kind": "done", **part, "value": kept})
        return value

    def _record(self, id: str, name: str, record: Record) -> None:  # noqa: A002
        joined = self._channel.put(id, name, record)
        if os.environ.get("ADAPTER_LOCAL") and os.environ.get("AWS_LAMBDA_RUNTIME_API"):
            from .inspector import note

            note(id, name, record, joined)

    # Calls

    def call(self, name: str, message: Message | None = None, *, client: str | None = None) -> Any:
        """Call a function and wait for its result, for 15 minutes at the most; it is not repeated.

        client  for whom, in the logs; the caller's own if not given

        Raises FunctionError if the function fails, PayloadTooLarge over 6 MB, CallDepthError,
        FunctionNotFoundError, TypeError for a message that is no JSON object, and what boto3 raises
        where Lambda does not take the call.
        """
        log.install()
        envelope = here(client).deeper().but(chunk=None, of=0)
        payload = payload_of(
            {} if message is None else message, envelope, name=name, is_event=False
        )
        return json.loads(self._through.call(name, payload))

    def send(
        self,
        name: str,
        message: Message | None = None,
        *,
        client: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Run:
        """Send a function work, and don't wait. What it raises is in the Run.

        id  of the run, if you have one: letters, digits and . _ -, at most 64; it is made otherwise

        A function may get it more than once. Raises what `call` raises for a message, of which one
        that is sent has 1 MB at the most, and ValueError for an id.
        """
        return self.map(name, [{} if message is None else message], client=client, id=id)

    def map(
        self,
        name: str,
        chunks: Iterable[Message],
        *,
        client: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Run:
        """Send a function each of the chunks, as one run.

        Sent again with the same id, those that are done are left out: so a coordinator that was cut
        short goes on where it was, if its chunks are the same. Raises what `send` raises, before
        anything is sent; and what boto3 raises, with a note, when some are.
        """
        from .run import Run

        log.install()
        messages = list(chunks)
        whole = here(client).deeper().but(id=run_id(id), of=len(messages))
        payloads = [
            payload_of(message, whole.but(chunk=number), name=name, is_event=True)
            for number, message in enumerate(messages)
        ]
        channel, through = self._channel, self._through
        self._record(whole.id, name, {"kind": "begin", "of": whole.of})
        done = channel.joined(whole.id) if id else ()
        through.send(name, [each for number, each in enumerate(payloads) if number not in done])
        return Run(channel, whole.id, name, whole.of, lent=through.lent)

    def run(self, id: str, name: str = "") -> Run:  # noqa: A002
        """A run that was sent from anywhere, by its id; its function's name, if you have it, helps.

        Raises ValueError for an id that is none.
        """
        from .run import Run

        return Run(self._channel, run_id(id), name, lent=self._through.lent)

    def tell(self, done: int, of: int, **more: Any) -> None:
        """Within a function: how far it is, for those who watch its run. Nothing elsewhere.

        It never fails for what is between here and them: then a warning is logged. Raises TypeError
        for what is no JSON.
        """
        envelope = HERE.get()
        if envelope is None or envelope.chunk is None:
            return
        progress = {"done": done, "of": of, **more}
        result_of(progress, "tell")
        record = {"kind": "told", "chunk": envelope.chunk, "of": envelope.of, "told": progress}
        try:
            self._record(envelope.id, NAME.get(), record)
        except Exception as error:  # noqa: BLE001  # whatever redis-py raises
            _log.warning("how far %s is could not be told: %s", envelope.id, told(error))

    @contextmanager
    def for_client(self, client: str) -> Iterator[None]:
        """Log lines, calls and runs inside are for this client: `with fns.for_client("acme"):`."""
        token = HERE.set(here(client))
        try:
            yield
        finally:
            HERE.reset(token)

    # The same for async code

    async def acall(
        self, name: str, message: Message | None = None, *, client: str | None = None
    ) -> Any:
        """`call`, for async code. If it is cancelled, the function goes on."""
        return await self._in_thread(partial(self.call, name, message, client=client))

    async def asend(
        self,
        name: str,
        message: Message | None = None,
        *,
        client: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Run:
        """`send`, for async code."""
        return await self._in_thread(partial(self.send, name, message, client=client, id=id))

    async def amap(
        self,
        name: str,
        chunks: Iterable[Message],
        *,
        client: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Run:
        """`map`, for async code."""
        return await self._in_thread(partial(self.map, name, chunks, client=client, id=id))

    async def _in_thread(self, job: Callable[[], Result]) -> Result:
        import asyncio

        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._executor, run, job)

    @cached_property
    def _executor(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="adapter-functions")

    # Where they go

    @property
    def _through(self) -> Inside | AWS:
        return self._aws if is_on_aws() or os.environ.get(ENDPOINT) else self._inside

    @property
    def _channel(self) -> Channel:
        if self._redis:
            return self._shared
        return self._local if self._through is self._inside else NoChannel()

    @cached_property
    def _shared(self) -> Channel:
        from .channel_redis import RedisChannel

        return RedisChannel(self._redis or "")

    def _named(self, name: str) -> str:
        return self._pattern.format(name=name, env=environment())


def _checked(pattern: str) -> str:
    """Raises ValueError."""
    try:
        named = "\0" in pattern.format(name="\0", env="")
    except (LookupError, ValueError, AttributeError):
        named = False
    if not named:
        raise ValueError(
            f"the pattern of Functions is {pattern!r}; it should have {{name}} in it, and may have "
            "{env}: 'shop-{name}'"
        )
    return pattern
