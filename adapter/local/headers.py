"""Which headers a front end adds, drops and renames, on the way in and on the way out.

REST APIs: LocalStack's snapshot of AWS (tests/aws/services/apigateway/
test_apigateway_integrations.snapshot.json, test_apigateway_header_remapping_aws) and
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..events import _gateway
from ..message import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..message import Headers
    from .visit import Visit

    Pair = tuple[str, str]

# Which headers of the client's an event does not have, besides those of its connection.
_REST_DROPS = frozenset({
    "content-md5", "max-forwards", "proxy-authenticate", "server", "trailer", "www-authenticate",
})  # fmt: skip
_SIGNATURE = "AWS4-HMAC-SHA256 "

# Which headers of the function's reach the client under another name. A function URL's are
# those of which reports were found; see docs/reference/front-ends.md.
_REST_RENAMES = frozenset({
    "authorization", "connection", "content-length", "content-md5", "date", "expect", "host",
    "max-forwards", "proxy-authenticate", "server", "trailer", "upgrade", "user-agent",
    "www-authenticate", "x-amzn-requestid",
})  # fmt: skip
_URL_RENAMES = frozenset({"connection", "date", "server", "www-authenticate", "x-amzn-requestid"})

_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip


def value_of(headers: Headers, name: str) -> str:
    """The first value of a header; '' if it is absent."""
    return next((value for key, value in headers if key == name), "")


def api_key(request: Request) -> str:
    return value_of(request.headers, "x-api-key")


def trace_of(visit: Visit) -> str:
    """A trace header of X-Ray's that belongs to this visit.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    """
    return f"Root=1-{int(visit.arrived):08x}-{visit.id.replace('-', '')[:24]}"


def extended_id(visit: Visit) -> str:
    """A REST API's second name for a request."""
    return visit.id.replace("-", "")[:15] + "="


def arriving(request: Request, visit: Visit) -> Request:
    """The request as the front end takes it on: what it drops is gone, what it adds is there."""
    drops = _REST_DROPS if visit.kind == "rest_api" else frozenset()
    kept = [
        (name, value)
        for name, value in request.headers
        if name not in drops
        and not (name == "authorization" and value.startswith(_SIGNATURE) and drops)
    ]
    if not any(name == "x-amzn-trace-id" for name, _ in kept):
        kept.append(("x-amzn-trace-id", trace_of(visit)))
    # Events of HTTP APIs tell a length of 0: captures in tests/fixtures/events.
    if visit.kind == "http_api" and not any(name == "content-length" for name, _ in kept):
        kept.append(("content-length", str(len(request.body))))
    return _gateway.forwarded(
        Request(
            request.method, request.path, request.query, tuple(kept), request.body,
            root_path=request.root_path, client=request.client, server=request.server,
            scheme=request.scheme, http_version=request.http_version,
        )
    )  # fmt: skip


def leaving(
    response: Response, visit: Visit, *, own: bool = False, framed: bool = False
) -> Response:
    """The response with the headers that the client sees, in place.

    own     it is the front end's, and not the function's
    framed  its Content-Length has to stay: it is streamed, and tells where it ends
    """
    change = _OUT.get(visit.kind)
    if change is not None:
        response.headers = change(response.headers, visit, own, framed)
    return response


def _rest_api(headers: Headers, visit: Visit, own: bool, framed: bool) -> Headers:
    ids = [("x-amzn-requestid", visit.id), ("x-amz-apigw-id", extended_id(visit))]
    if not own:
        # That of an answer to HEAD tells what the client asks; AWS's own is not established.
        told = framed or visit.request.method == "HEAD"
        headers = _renamed(headers, _REST_RENAMES - {"content-length"} if told else _REST_RENAMES)
        ids.append(("x-amzn-trace-id", trace_of(visit)))
    return (*headers, *ids)


def _http_api(headers: Headers, visit: Visit, own: bool, framed: bool) -> Headers:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html"""
    kept = [
        (name, value)
        for name, value in headers
        if name not in _HOP_BY_HOP and name != "date" and not name.startswith("apigw-")
    ]
    return (*kept, ("apigw-requestid", visit.id))


def _function_url(headers: Headers, visit: Visit, own: bool, framed: bool) -> Headers:
    renamed = headers if own else _renamed(headers, _URL_RENAMES)
    ids = (("x-amzn-requestid", visit.id), ("x-amzn-trace-id", trace_of(visit)))
    return (*renamed, *ids)


def _alb(headers: Headers, visit: Visit, own: bool, framed: bool) -> Headers:
    kept = tuple(pair for pair in headers if pair[0] not in _HOP_BY_HOP)
    return kept if value_of(kept, "server") else (("server", "awselb/2.0"), *kept)


_OUT: dict[str, Callable[[Headers, Visit, bool, bool], Headers]] = {
    "rest_api": _rest_api,
    "http_api": _http_api,
    "http_api_v1": _http_api,
    "function_url": _function_url,
    "alb": _alb,
    "alb_multi": _alb,
}


def _renamed(headers: Headers, names: frozenset[str]) -> Headers:
    return tuple(
        (f"x-amzn-remapped-{name}" if name in names else name, value)
        for name, value in headers
        if name != "transfer-encoding"
    )
