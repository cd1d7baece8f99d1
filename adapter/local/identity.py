"""Identity sources: what a caller has to send so that an authorizer is asked at all.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html#http-api-lambda-authorizer.identity-sources
https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html

    HTTP API    $request.header.Name   $request.querystring.name   $stageVariables.x   $context.x
    REST API    method.request.header.Name   …querystring.name      stageVariables.x    context.x
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config import ConfigError
from ..events._gateway import text
from ..percent import parse_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..config import API
    from ..message import Request
    from .visit import Visit

    Source = Callable[[Visit, API], str]


def source_of(expression: str) -> Source:
    """What reads the value of an identity source. Raises ConfigError."""
    plain = expression.strip().removeprefix("$").removeprefix("method.")
    place, _, name = plain.removeprefix("request.").partition(".")
    make = _PLACES.get(place.lower())
    if make is None or not name:
        raise ConfigError(
            f"the identity source {expression!r} is none: write $request.header.Authorization, or "
            "querystring, stageVariables or context in place of request.header"
        )
    return make(name)


def _header(name: str) -> Source:
    return lambda visit, api: _joined(visit.request, name.lower())


def _query(name: str) -> Source:
    return lambda visit, api: next(
        (value for key, value in parse_query(visit.request.query) if key == name), ""
    )


def _variable(name: str) -> Source:
    return lambda visit, api: api.stage_variables.get(name, "")


def _context(name: str) -> Source:
    read = _CONTEXT.get(name)
    if read is None:
        raise ConfigError(
            f"the identity source $context.{name} is not supported here: {', '.join(_CONTEXT)} are"
        )
    return read


_PLACES = {
    "header": _header,
    "querystring": _query,
    "stagevariables": _variable,
    "context": _context,
}
_CONTEXT: dict[str, Source] = {
    "routeKey": lambda visit, api: visit.route.key if visit.route else "",
    "httpMethod": lambda visit, api: visit.request.method,
    "path": lambda visit, api: visit.request.path,
    "stage": lambda visit, api: api.stage or "$default",
    "identity.sourceIp": lambda visit, api: visit.request.client[0] if visit.request.client else "",
    "identity.userAgent": lambda visit, api: _joined(visit.request, "user-agent"),
}


def _joined(request: Request, name: str) -> str:
    return text(",".join([value for key, value in request.headers if key == name]))


def values(sources: Iterable[Source], visit: Visit, api: API) -> tuple[str, ...] | None:
    """The value of each source, or None if one is missing or empty."""
    found = tuple(source(visit, api) for source in sources)
    return found if all(found) else None
