"""Calls within the process, for development: through JSON both ways, with Lambda's limits.

So that what would fail on Lambda fails here. An event that fails is tried twice more, as there:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import contextvars
import json
import logging
import threading
from collections import deque
from contextlib import contextmanager
from functools import partial

from ..errors import told
from .envelope import HERE, opened, result_of
from .errors import FunctionError, FunctionNotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Handler = Callable[[Any, Any], Any]

PAUSES = (1.0, 2.0)
"""Seconds before the second try and the third. Lambda waits for a minute, and then for two."""

_MOST, _LEAST = 4, 2  # the most are as many as `adapter dev` has environments of a function
_log = logging.getLogger("adapter.functions")


class Inside:
    """Calls of the functions that are registered here: {name: function(event, context)}."""

    def __init__(
        self,
        functions: Mapping[str, Handler],
        *,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self._functions = functions
        self._pauses = pauses
        self._threads = _Threads()

    def lent(self) -> Any:
        return self._threads.lent()

    def call(self, name: str, payload: bytes) -> bytes:
        """The result. Raises FunctionError, PayloadTooLarge."""
        function = self._function(name)
        try:
            found = function(json.loads(payload), None)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever the function raises
            from ..runtime.faults import document

            raise FunctionError.of(name, document(error)) from None  # as from another process
        try:
            return result_of(found, name)
        except TypeError as error:  # as our runtime and AWS's report it
            raise FunctionError(name, "Runtime.MarshalError", str(error), []) from None

    def send(self, name: str, payloads: list[bytes]) -> None:
        function = self._function(name)
        for payload in payloads:
            self._put(partial(self._try, name, function, payload, 0))

    def _put(self, job: Callable[[], None]) -> None:
        self._threads.put(partial(contextvars.copy_context().run, job))

    def _try(self, name: str, function: Handler, payload: bytes, tries: int) -> None:
        event = json.loads(payload)
        HERE.set(opened(event)[1])  # this context is the event's own
        try:
            function(event, None)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever the function raises
            last = tries == len(self._pauses)
            then = "for the last time" if last else f"again in {self._pauses[tries]:g} s"
            _log.error("an event for %s failed (%s), %s", name, told(error), then, exc_info=True)
            if not last:
                again = partial(self._put, partial(self._try, name, function, payload, tries + 1))
                context = contextvars.copy_context()
                threading.Timer(self._pauses[tries], partial(context.run, again)).start()

    def _function(self, name: str) -> Handler:
        if name not in self._functions:
            there = ", ".join(self._functions) or "none"
            raise FunctionNotFoundError(
                f"there is no function {name} in this process; there are: {there}. Import the "
                "module in which it has @fns.function, or set AWS_ENDPOINT_URL_LAMBDA to where it "
                "runs"
            )
        return self._functions[name]


class _Threads:
    """At most `_MOST` threads at work; none when there is no job, so that a process may end.

    A process that ends first does what was sent, as Lambda would. On Lambda a function that waits
    for others does not keep them from work, so that here more threads begin while some wait. Not
    for each that waits: they share one processor, and whoever shows progress is to have its turn.
    """

    def __init__(self) -> None:
        self._jobs: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._there = 0
        self._waiting = 0
        self._mine = threading.local()

    def put(self, job: Callable[[], None]) -> None:
        with self._lock:
            self._jobs.append(job)
        self._start_below(_MOST)

    def _start_below(self, wanted: int) -> None:
        with self._lock:
            if not self._jobs or self._there - self._waiting >= wanted:
                return
            self._there += 1
        threading.Thread(target=self._work, name="adapter-functions").start()

    def _work(self) -> None:
        self._mine.working = True
        while (job := self._next()) is not None:
            job()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            if self._jobs and self._there - self._waiting <= _MOST:
                return self._jobs.popleft()
            self._there -= 1
            return None

    @contextmanager
    def lent(self) -> Iterator[None]:
        """While a job waits for others."""
        if not getattr(self._mine, "working", False):
            yield
            return
        with self._lock:
            self._waiting += 1
        self._start_below(_LEAST)
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
