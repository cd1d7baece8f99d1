"""HTTP on the client's side of the gateway: requests and responses between uvicorn and us."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.responses import Response as HTTPResponse

from ..message import Headers, Request, Response
from ..percent import bytes_to_text, quote_target
from ..requests import HOP_BY_HOP

if TYPE_CHECKING:
    from starlette.requests import Request as HTTPRequest
    from starlette.types import Scope


async def body_of(request: HTTPRequest, limit: int) -> bytes:
    """The body; of one that is over the limit only so much that this shows."""
    body = bytearray()
    async for chunk in request.stream():
        if len(body) <= limit:
            body += chunk
    return bytes(body)


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
