"""The local front end: HTTP → Request → event → environment → result → Response → HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest

from ..errors import ResultError
from ..events import KINDS
from ..message import Request, Response
from . import cors, limits, media
from .checks import checks_of
from .completion import complete
from .headers import arriving, leaving
from .http_leg import body_of, http_response, request_of
from .invocation import Stream
from .refusals import REFUSALS as REFUSALS
from .refusals import Refused, refuse
from .server import HangUp, spelling_of
from .stages import at_place, root_path
from .streaming import KINDS as STREAMING
from .streaming import Streamed, drain, send_on
from .visit import Visit, tell, tell_at_end

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from ..config import API
    from .checks import Check
    from .invocation import Outcome
    from .process import Log
    from .visit import Watcher
    from .workers import Pool

_STREAMED = (
    f"It was streamed: run adapter dev with --stream (behind a {' or '.join(STREAMING)}), "
    "or answer without streaming"
)


class Gateway:
    """An ASGI app that stands where AWS's front end stands, before the functions of a project.

    Raises ConfigError for an API that can't be.

    checks    what is asked before a function is, in this order; the first Response that one of
              them gives is the front end's own answer
    watchers  told of each request when it arrives, when it is answered, and when its function has
              done with it
    """

    def __init__(
        self, api: API, functions: Mapping[str, Pool], log: Log, watchers: Sequence[Watcher] = ()
    ) -> None:
        self._api = api
        self._functions = functions
        self._limits = limits.of_kind(api.kind)
        self._codec = KINDS[api.kind]
        self._root_path = root_path(api)
        self._cors = cors.of(api)
        self._log = log
        self._watchers = watchers
        self.checks: tuple[Check, ...] = checks_of(api, functions)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await body_of(HTTPRequest(scope, receive), self._limits.body)
        except ClientDisconnect:  # in the middle of its upload: there is nobody to answer
            return
        request = request_of(scope, body, self._root_path)
        visit = Visit(request, self._api.kind, spelling_of(scope))
        answer = await self.answer(visit)
        try:
            if isinstance(answer, Response):
                await http_response(visit.request, answer)(scope, receive, send)
            else:
                await send_on(visit.request.method, answer, send)
        except HangUp as error:
            visit.reason = str(error)
            self._log(f"adapter: broke the answer off as AWS does: {error}")
            raise
        finally:
            self._sent(visit, answer)

    async def replay(self, request: Request, spelling: Mapping[str, str]) -> Visit:
        """Send a request that did not come over HTTP; the visit is over but for its function."""
        visit = Visit(request, self._api.kind, spelling)
        answer = await self.answer(visit)
        if isinstance(answer, Streamed):
            await drain(answer)
        self._sent(visit, answer)
        return visit

    async def answer(self, visit: Visit) -> Response | Streamed:
        """What the client gets."""
        tell(visit, self._watchers)
        refused = await self._checked(visit)
        answer = await self._asked(visit) if refused is None else refused
        visit.mark("answered")
        visit.response = self._left(visit, answer)
        if visit.reason and (visit.response.status >= 400 or visit.result):
            self._log(f"adapter: answered {visit.response.status} as AWS does: {visit.reason}")
        tell(visit, self._watchers)
        return answer

    def _left(self, visit: Visit, answer: Response | Streamed) -> Response:
        """The answer, or its head, with the headers that the client sees."""
        framed = isinstance(answer, Streamed)
        response = answer.head if isinstance(answer, Streamed) else answer
        leaving(response, visit, own=isinstance(response, Refused), framed=framed)
        if self._cors is not None:
            response.headers = cors.configured(self._cors, visit, response.headers)
        return response

    def _sent(self, visit: Visit, answer: Response | Streamed) -> None:
        visit.mark("sent")
        if isinstance(answer, Streamed):
            visit.result, visit.response = answer.kept()
        tell(visit, self._watchers)

    async def _checked(self, visit: Visit) -> Response | None:
        for check in self.checks:
            refusal = await check(visit)
            if refusal is not None:
                return refusal
        visit.mark("authorized")
        return None

    async def _asked(self, visit: Visit) -> Response | Streamed:
        """What the function says; or the front end, if the function failed."""
        visit.event = self._event(visit)
        data = json.dumps(visit.event, separators=(",", ":")).encode()
        refused = limits.of_event(visit, len(data))
        if refused is not None:
            return refused
        streams = self._functions[visit.function].function.stream and self._api.kind in STREAMING
        outcome = await self._outcome(visit, data, streams)
        if outcome is None:
            told = f"{self._patience(visit, streams):g} s have passed; the function goes on"
            return refuse(visit, "late", told)
        if outcome.failed:
            return self._failed(visit, outcome)
        return await (self._streamed if streams else self._buffered)(visit, outcome)

    def _event(self, visit: Visit) -> dict[str, Any]:
        request = arriving(at_place(self._api, visit.request), visit)
        if visit.kind != "rest_api":
            return complete(self._codec.encode_request(request), visit, self._api)
        request.body = b""  # which is written below, once
        event = complete(self._codec.encode_request(request), visit, self._api)
        event["body"], event["isBase64Encoded"] = media.body_of(self._api, visit.request)
        return event

    async def _outcome(self, visit: Visit, data: bytes, streams: bool) -> Outcome | None:
        """None if the front end does not wait for it; the function goes on."""
        visit.mark("invoked")
        invocation = self._functions[visit.function].begin(data)
        tell_at_end(visit, invocation, self._watchers)
        await asyncio.wait({invocation.outcome}, timeout=self._patience(visit, streams) or None)
        if invocation.paused:
            await asyncio.wait({invocation.outcome})
        return invocation.outcome.result() if invocation.outcome.done() else None

    def _patience(self, visit: Visit, streams: bool) -> float:
        """Seconds; 0 for as long as the function may take."""
        told = visit.route.timeout if visit.route else None
        return told or (self._limits.streamed if streams else self._limits.seconds)

    def _failed(self, visit: Visit, outcome: Outcome, reason: str = "") -> Response:
        """A function that Lambda ended, too: the front end can't tell that from another failure."""
        visit.result = outcome.body
        return refuse(visit, "failed", reason)

    async def _buffered(self, visit: Visit, outcome: Outcome) -> Response:
        """The whole answer of a function."""
        advice = f". {_STREAMED}" if outcome.stream else ""
        outcome = await outcome.whole()
        if outcome.failed:
            return self._failed(visit, outcome, str(outcome))
        visit.result = outcome.body
        try:
            return self._codec.decode_response(self._read(visit, outcome.body))
        except ResultError as error:
            return refuse(visit, "failed", f"{error}{advice}")
        except RecursionError:
            return refuse(visit, "failed", "the result is nested too deep to be read here")

    def _read(self, visit: Visit, body: bytes) -> Any:
        """Raises ResultError."""
        result = _result(body)
        return media.result_of(self._api, visit, result) if visit.kind == "rest_api" else result

    async def _streamed(self, visit: Visit, outcome: Outcome) -> Response | Streamed:
        """A function's answer as it comes."""
        stream = outcome.stream or Stream.of(outcome.body, "application/json")
        streamed = Streamed(stream)
        try:
            await streamed.open(self._codec, raw=visit.kind == "function_url")
        except (ResultError, RecursionError) as error:
            await drain(streamed)
            if stream.end.failed:
                return self._failed(visit, stream.end, str(stream.end))
            return refuse(visit, "head", str(error))
        return streamed


def _result(body: bytes) -> Any:
    """Raises ResultError for what is no JSON; an empty answer is null, as Lambda has it."""
    try:
        return json.loads(body) if body else None
    except ValueError as error:
        raise ResultError(f"the function's answer is no JSON: {error}") from None
