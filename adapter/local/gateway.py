"""The local front end: HTTP → Request → event → environment → result → Response → HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response as HTTPResponse

from ..errors import ResultError
from ..events import KINDS
from ..events._gateway import forwarded
from ..events.alb import LIMIT as ALB_LIMIT
from ..message import LAMBDA_LIMIT, Headers, Request, Response, starts_with
from ..percent import bytes_to_text, quote_target
from ..requests import HOP_BY_HOP
from .invocation import Stream
from .server import HangUp
from .streaming import KINDS as STREAMING
from .streaming import drain, opening, send_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from .invocation import Outcome
    from .process import Log
    from .workers import Pool

_STREAMED = (
    f"It was streamed: run adapter dev with --stream (behind a {' or '.join(STREAMING)}), "
    "or answer without streaming"
)


@dataclass(frozen=True)
class Refusal:
    """An answer of the front end's own."""

    status: int
    body: bytes
    media_type: str = "application/json"


def _alb_page(status: int, phrase: str) -> Refusal:
    title = f"{status} {phrase}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return Refusal(status, page.encode(), "text/html")


# What each says when the function failed or its result is malformed; when it took too long; when
# the request is too large; when the URL has no such stage; when a streamed answer has no head.
# https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
_REST = {
    "failed": Refusal(502, b'{"message": "Internal server error"}'),
    "late": Refusal(504, b'{"message": "Endpoint request timed out"}'),
    "large": Refusal(413, b'{"message": "Request Too Long"}'),
    "stage": Refusal(403, b'{"message": "Forbidden"}'),
    "head": Refusal(500, b'{"message": "Internal server error"}'),
}
_HTTP = {
    # Not the 502 of the page above: a recorded answer of AWS's is a 500 (aws-sam-cli#2590).
    "failed": Refusal(500, b'{"message":"Internal Server Error"}'),
    "late": Refusal(503, b'{"message":"Service Unavailable"}'),
    "large": Refusal(413, b'{"message":"Request Entity Too Large"}'),
    "stage": Refusal(404, b'{"message":"Not Found"}'),
}
_URL = {
    "failed": Refusal(502, b"Internal Server Error"),
    "late": Refusal(504, b"Gateway Timeout"),
    "large": Refusal(413, b"Request Entity Too Large"),
    "head": Refusal(502, b"Internal Server Error"),
}
_ALB = {
    "failed": _alb_page(502, "Bad Gateway"),
    "late": _alb_page(504, "Gateway Time-out"),
    "large": _alb_page(413, "Request Entity Too Large"),
}
REFUSALS = {
    "rest_api": _REST,
    "http_api": _HTTP,
    "function_url": _URL,
    "alb": _ALB,
    "alb_multi": _ALB,
}


class Gateway:
    """An ASGI app that stands where AWS's front end stands, before the environments of `pool`."""

    def __init__(
        self, pool: Pool, kind: str, stage: str, log: Log, *, stream: bool = False
    ) -> None:
        self._pool = pool
        self._codec = KINDS[kind]
        self._root_path = f"/{stage}" if stage else ""
        self._refusals = REFUSALS[kind]
        self._limit = ALB_LIMIT if self._refusals is _ALB else LAMBDA_LIMIT
        self._log = log
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await _body(HTTPRequest(scope, receive), self._limit)
        except ClientDisconnect:  # in the middle of its upload: there is nobody to answer
            return
        request = request_of(scope, body, self._root_path)

        async def answer(response: Response) -> None:
            await http_response(request, response)(scope, receive, send)

        outcome = await self._outcome(request)
        if isinstance(outcome, Response):
            await answer(outcome)
        elif self._stream:
            await self._send_on(request, outcome, answer, send)
        else:
            await answer(await self._buffered(outcome))

    async def _outcome(self, request: Request) -> Outcome | Response:
        """What the function says; or the front end, if it says no or the function failed."""
        if not starts_with(request.path, self._root_path):
            return self._refuse("stage", f"the stage's URLs begin with {self._root_path}/")
        event = self._codec.encode_request(forwarded(request))
        if len(request.body) > self._limit or len(event.get("body") or "") > LAMBDA_LIMIT:
            reason = f"the body, as text or base64, has over {self._limit:,} bytes"
            return self._refuse("large", reason)
        outcome = await self._pool.invoke(event)
        return self._failed(outcome) if outcome.failed else outcome

    def _failed(self, outcome: Outcome, reason: str = "") -> Response:
        return self._refuse("late" if outcome.late else "failed", reason)

    async def _buffered(self, outcome: Outcome) -> Response:
        """The whole answer of a function."""
        advice = f". {_STREAMED}" if outcome.stream else ""
        outcome = await outcome.whole()
        if outcome.failed:
            return self._failed(outcome, str(outcome))
        try:
            return self._codec.decode_response(_result(outcome.body))
        except ResultError as error:
            return self._refuse("failed", f"{error}{advice}")

    async def _send_on(
        self,
        request: Request,
        outcome: Outcome,
        answer: Callable[[Response], Awaitable[None]],
        send: Send,
    ) -> None:
        """A function's answer as it comes. Raises HangUp where it breaks off."""
        stream = outcome.stream or Stream.of(outcome.body, "application/json")
        chunks = aiter(stream)
        raw = self._refusals is _URL
        try:
            response, first = await opening(stream, chunks, self._codec, raw=raw)
        except ResultError as error:
            await answer(self._no_head(stream, str(error)))
            await drain(chunks)
            return
        try:
            await send_on(request.method, response, first, stream, chunks, send)
        except HangUp as error:
            self._log(f"adapter: broke the answer off as AWS does: {error}")
            raise
        finally:
            await drain(chunks)

    def _no_head(self, stream: Stream, reason: str) -> Response:
        if stream.end.failed:
            return self._failed(stream.end, str(stream.end))
        return self._refuse("head", reason)

    def _refuse(self, case: str, reason: str) -> Response:
        refusal = self._refusals[case]
        if reason:
            self._log(f"adapter: answered {refusal.status} as AWS does: {reason}")
        return Response(refusal.status, (("content-type", refusal.media_type),), [refusal.body])


async def _body(request: HTTPRequest, limit: int) -> bytes:
    """The body; of one that is over the limit only so much that this shows."""
    body = bytearray()
    async for chunk in request.stream():
        if len(body) <= limit:
            body += chunk
    return bytes(body)


def _result(body: bytes) -> Any:
    """Raises ResultError for what is no JSON; an empty answer is null, as Lambda has it."""
    try:
        return json.loads(body) if body else None
    except ValueError as error:
        raise ResultError(f"the function's answer is no JSON: {error}") from None


def request_of(scope: Scope, body: bytes, root_path: str) -> Request:
    """The request that uvicorn read, as a value of ours."""
    headers = [
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in scope["headers"]
    ]
    kept = [pair for pair in headers if pair[0] not in HOP_BY_HOP]
    if body and not any(name == "content-length" for name, _ in kept):
        kept.append(("content-length", str(len(body))))  # it came in chunks
    host, port = scope["server"]
    return Request(
        scope["method"],
        _origin_form(quote_target(bytes_to_text(scope["raw_path"]))),
        quote_target(bytes_to_text(scope["query_string"])),
        tuple(kept),
        body,
        root_path=root_path,
        client=scope["client"],
        server=(host, port),
        scheme=scope["scheme"],
        http_version=scope["http_version"],
    )


def _origin_form(target: str) -> str:
    """'http://host/x' → '/x': a server takes both forms (RFC 9112, 3.2.2)."""
    if target.startswith("/"):
        return target
    _, separator, rest = target.partition("://")
    return "/" + rest.partition("/")[2] if separator else "/" + target


def http_response(request: Request, response: Response) -> HTTPResponse:
    """The response as it goes to the client, with the length and date that HTTP asks for."""
    body = b"".join(response.body)
    bodiless = request.method == "HEAD" or response.status in (204, 304)
    reply = HTTPResponse(b"" if bodiless else body, response.status)
    reply.raw_headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in _completed(response, body, bodiless)
    ]
    return reply


def _completed(response: Response, body: bytes, bodiless: bool) -> Headers:
    names = {name for name, _ in response.headers}
    headers = response.headers
    if not bodiless:
        headers = tuple(pair for pair in headers if pair[0] != "content-length")
        headers += (("content-length", str(len(body))),)
    elif response.status == 204:
        headers = tuple(pair for pair in headers if pair[0] != "content-length")
    return headers if "date" in names else (*headers, ("date", formatdate(usegmt=True)))
