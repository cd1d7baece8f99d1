"""The events of the local WebSocket API on their way through the functions."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from ..errors import ResultError
from ..events.websocket import decode_response
from ..message import Response
from .visit import tell, tell_at_end

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..config import Route
    from .process import Log
    from .visit import Visit, Watcher
    from .workers import Pool

# What API Gateway says by itself: the status that a visit has then, and the message of a frame.
# https://github.com/aws-samples/simple-websockets-chat-app/issues/42 (and /24) show frames.
FORBIDDEN = (403, "Forbidden")
FAILED = (500, "Internal server error")
LATE = (504, "Endpoint request timed out")


class NoAnswerError(Exception):
    """A function gave no answer that can be used. `case` is FAILED or LATE."""

    def __init__(self, case: tuple[int, str], reason: str) -> None:
        super().__init__(reason)
        self.case = case


class Events:
    """Takes visits to functions, and shows them to watchers.

    seconds  that a function may take, where its route does not say
    """

    def __init__(
        self, functions: Mapping[str, Pool], log: Log, watchers: Sequence[Watcher], seconds: float
    ) -> None:
        self._functions = functions
        self._log = log
        self._watchers = watchers
        self._seconds = seconds

    def tell(self, visit: Visit) -> None:
        tell(visit, self._watchers)

    def begin(self, visit: Visit, route: Route, event: dict[str, Any]) -> None:
        """Hand an event to its function, now."""
        visit.route, visit.function, visit.event = route, route.function, event
        event["requestContext"]["requestId"] = visit.id
        data = json.dumps(event, separators=(",", ":")).encode()
        visit.mark("invoked")
        tell_at_end(visit, self._functions[route.function].begin(data), self._watchers)

    async def result(self, visit: Visit) -> Response:
        """What the function says. Raises NoAnswerError."""
        assert visit.invocation is not None
        assert visit.route is not None
        seconds = visit.route.timeout or self._seconds
        try:
            async with asyncio.timeout(seconds):
                outcome = await visit.invocation.result()
        except TimeoutError:
            raise NoAnswerError(LATE, f"the function took over {seconds:g} seconds") from None
        visit.result = outcome.body
        if outcome.failed:
            raise NoAnswerError(FAILED, "")  # its log says why
        try:
            return decode_response(json.loads(outcome.body or b"null"))
        except (ResultError, ValueError, RecursionError) as error:
            raise NoAnswerError(FAILED, str(error)) from None

    def refuse(self, visit: Visit, reason: str, status: int, body: bytes = b"") -> Response:
        """An answer of the front end's own."""
        visit.reason = reason
        if reason:
            self._log(f"adapter: answered {status} as AWS does: {reason}")
        return Response(status, (), [body])

    def answered(self, visit: Visit, response: Response) -> None:
        visit.response = response
        visit.mark("answered")
        visit.mark("sent")
        self.tell(visit)


def frame(message: str, connection_id: str, visit: Visit) -> bytes:
    """What API Gateway sends by itself, down to the spaces."""
    ids = f'"connectionId":"{connection_id}", "requestId":"{visit.id}"'
    return f'{{"message": "{message}", {ids}}}'.encode()
