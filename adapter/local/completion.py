"""What an event says besides the request: the route, the stage's variables, who may pass.

A codec makes the event of a request alone; `complete` adds what the API knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .headers import api_key, extended_id
from .stages import place_of

if TYPE_CHECKING:
    from ..config import API
    from .visit import Visit

USAGE_KEY = "usageIdentifierKey"
"""Under this name an authorizer's answer has the API key that its caller counts as."""


def complete(
    event: dict[str, Any], visit: Visit, api: API, kind: str | None = None
) -> dict[str, Any]:
    """`event`, completed in place: of a kind without routes it stays as it is.

    `kind` is the event's, where it is not the visit's: an HTTP API's authorizer can ask for 1.0.
    """
    fill = _BY_KIND.get(kind or visit.kind)
    if fill is not None:
        event["requestContext"]["requestId"] = visit.id
        fill(event, visit, api)
    return event


def _http_api(event: dict[str, Any], visit: Visit, api: API) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    context = event["requestContext"]
    event["routeKey"] = context["routeKey"] = visit.route.key if visit.route else "$default"
    # A trailing slash is in rawPath alone: captures of Zappa's and Powertools' tests.
    context["http"]["path"] = event["rawPath"].rstrip("/") or "/"
    if visit.parameters:
        event["pathParameters"] = dict(visit.parameters)
    if api.stage_variables:
        event["stageVariables"] = dict(api.stage_variables)
    if visit.authorizer is not None:
        context["authorizer"] = visit.authorizer


def _function_url(event: dict[str, Any], visit: Visit, api: API) -> None:
    pass


# However the client wrote them: of a browser, which writes all in lower case, events have these so
# (tests/fixtures/events).
_SPELLED = {
    name.lower(): name
    for name in (
        "Host",
        "User-Agent",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    )
}


def _spelled(event: dict[str, Any], visit: Visit) -> None:
    """Events of version 1.0 keep the client's spelling of headers; all others are in lower case."""
    spelling = {**visit.spelling, **_SPELLED}
    for key in ("headers", "multiValueHeaders"):
        headers = event[key] or {}
        event[key] = {spelling.get(name, name): value for name, value in headers.items()} or None


def _proxy(event: dict[str, Any], visit: Visit, api: API) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    _spelled(event, visit)
    context = event["requestContext"]
    event["resource"] = context["resourcePath"] = _resource(visit)
    event["pathParameters"] = dict(visit.parameters) or None
    event["stageVariables"] = dict(api.stage_variables) or None
    authorizer = visit.authorizer
    if authorizer is not None:
        context["authorizer"] = {k: v for k, v in authorizer.items() if k != USAGE_KEY}
    if visit.route is not None and visit.route.api_key:
        context["identity"]["apiKey"] = (authorizer or {}).get(USAGE_KEY) or api_key(visit.request)


def _resource(visit: Visit) -> str:
    """A v1 event of the route $default has its key for a resource."""
    return (visit.route.path or visit.route.key) if visit.route else "/{proxy+}"


def _rest_api(event: dict[str, Any], visit: Visit, api: API) -> None:
    _proxy(event, visit, api)
    event["requestContext"]["extendedRequestId"] = extended_id(visit)
    # https://github.com/localstack/localstack/blob/main/tests/aws/services/apigateway/
    # test_apigateway_lambda.snapshot.json: requestContext.path keeps the doubled slash.
    event["path"] = "/" + event["path"].lstrip("/")
    place = place_of(api, visit.request.path)
    if place is not None and place.base is not None:
        event["requestContext"]["stage"] = place.stage or api.stage
        event["requestContext"]["customDomain"] = {"basePathMatched": place.base or "(none)"}


_BY_KIND = {
    "http_api": _http_api,
    "http_api_v1": _proxy,
    "rest_api": _rest_api,
    "function_url": _function_url,
}
