"""One request at the local gateway, from its arrival to its answer: what is shown of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..events._gateway import request_id
from ..message import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..config import Route
    from ..message import Request
    from .invocation import Invocation

    Watcher = Callable[["Visit"], None]

KEPT = 1 << 20
"""Bytes of a streamed result, and of a streamed response's body, that are kept."""


@dataclass(eq=False)
class Visit:
    """A request, and what became of it so far.

    request     as the client sent it
    kind        the front end that took it, "invoke" for Lambda's Invoke API, or "schedule"
    spelling    how the client wrote the names of its headers, by the lower case
    id          the request id in its event
    arrived     when, as time.time() tells it
    route       that it matched
    parameters  of the route's path; an HTTP API decodes them, a REST API does not
    authorizer  what the event's requestContext.authorizer is to hold
    function    the name of the one that is asked; "" while none is
    event       that the front end made of it
    invocation  which carries the event: its log lines, whether it was a cold start, its result
    result      what the function returned, as JSON text; of a streamed one its first bytes
    response    what the client got; of a streamed one the body holds its first bytes
    reason      why the front end answered by itself, in words for the developer; "" if it did not
    marks       what happened, and how many seconds after the arrival
    """

    request: Request
    kind: str
    spelling: Mapping[str, str] = field(default_factory=dict)
    id: str = field(default_factory=request_id)
    arrived: float = field(default_factory=time.time)
    route: Route | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    authorizer: Any = None
    function: str = ""
    event: Any = None
    invocation: Invocation | None = None
    result: bytes = b""
    response: Response | None = None
    reason: str = ""
    marks: dict[str, float] = field(default_factory=dict)
    _clock: float = field(default_factory=time.perf_counter)

    def mark(self, name: str) -> None:
        """Note that this happened now; the first time counts."""
        self.marks.setdefault(name, time.perf_counter() - self._clock)

    @property
    def seconds(self) -> float:
        """From the arrival to the answer, or until now."""
        return self.marks.get("answered", time.perf_counter() - self._clock)


def tell(visit: Visit, watchers: Sequence[Watcher]) -> None:
    """There is news of it."""
    for watch in watchers:
        watch(visit)


def tell_at_end(visit: Visit, invocation: Invocation, watchers: Sequence[Watcher]) -> None:
    """Tell them once more when its environment has done with the invocation that carries it."""

    def over(_: object) -> None:
        visit.mark("over")
        tell(visit, watchers)

    visit.invocation = invocation
    invocation.over.add_done_callback(over)


def follow(visit: Visit, invocation: Invocation, watchers: Sequence[Watcher]) -> None:
    """Tell of an invocation that no front end waits for: of the Invoke API, of a schedule."""

    def answered(_: object) -> None:
        outcome = invocation.outcome.result()
        visit.mark("answered")
        visit.mark("sent")
        visit.result = outcome.body
        visit.response = Response(200, (("content-type", "application/json"),), [outcome.body])
        visit.reason = str(outcome) if outcome.failed else ""
        tell(visit, watchers)

    visit.mark("invoked")
    tell_at_end(visit, invocation, watchers)
    tell(visit, watchers)
    invocation.outcome.add_done_callback(answered)
