"""CORS as an HTTP API or a function URL does it, if it is configured.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors

The front end answers preflights by itself, puts its own headers on every answer, and drops those
that the function sends. A route with an authorizer that takes OPTIONS, as `$default` and ANY do,
asks it for preflights too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .headers import value_of
from .refusals import Refused

if TYPE_CHECKING:
    from ..config import API, CORS
    from ..message import Headers, Request
    from .visit import Visit

KINDS = ("http_api", "http_api_v1", "function_url")
"""The front ends that have it."""

_PREFIX = "access-control-"


def of(api: API) -> CORS | None:
    """The CORS configuration, if the front end has one."""
    return api.cors if api.kind in KINDS else None


def is_preflight(request: Request) -> bool:
    """https://fetch.spec.whatwg.org/#cors-preflight-request"""
    names = {name for name, _ in request.headers}
    return request.method == "OPTIONS" and {"origin", "access-control-request-method"} <= names


def preflight(cors: CORS, visit: Visit) -> Refused | None:
    """The answer to a preflight, which says which origins, methods and headers are allowed."""
    if not is_preflight(visit.request):
        return None
    visit.reason = "the CORS configuration answers preflights; the function is not asked"
    origin = allowed_origin(cors, value_of(visit.request.headers, "origin"))
    if not origin:
        visit.reason = f"{visit.reason}. It does not allow this origin"
    status = 200 if visit.kind == "function_url" else 204
    return Refused(status, _allowed(cors) if origin else (), [])


def _allowed(cors: CORS) -> Headers:
    told = (
        (_PREFIX + "allow-methods", ",".join(cors.allow_methods)),
        (_PREFIX + "allow-headers", ",".join(cors.allow_headers).lower()),
        (_PREFIX + "max-age", "" if cors.max_age is None else str(cors.max_age)),
    )
    return tuple(pair for pair in told if pair[1])


def allowed_origin(cors: CORS, origin: str) -> str:
    """What Access-Control-Allow-Origin says: the origin, '*', or '' for nothing.

    The wildcards are '*', 'https://*' and 'http://*'; in other places a '*' is none.
    """
    if not origin:
        return ""
    if "*" in cors.allow_origins and not cors.allow_credentials:
        return "*"
    scheme = f"{origin.partition('://')[0]}://*"
    return origin if {origin, scheme, "*"} & set(cors.allow_origins) else ""


def configured(cors: CORS, visit: Visit, headers: Headers) -> Headers:
    """The headers of an answer, with the configuration's in place of the function's."""
    preflight = is_preflight(visit.request)
    kept = tuple(pair for pair in headers if preflight or not pair[0].startswith(_PREFIX))
    origin = allowed_origin(cors, value_of(visit.request.headers, "origin"))
    if not origin:
        return kept
    told = (
        (_PREFIX + "allow-origin", origin),
        (_PREFIX + "allow-credentials", "true" if cors.allow_credentials else ""),
        (_PREFIX + "expose-headers", ",".join(cors.expose_headers).lower()),
        ("vary", "Origin" if visit.kind == "function_url" else ""),
    )
    return (*kept, *(pair for pair in told if pair[1]))
