"""HTTP APIs with payload format 1.0: the REST API's event, but the path arrives decoded.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from ..message import starts_with
from ..percent import bytes_to_text, quote_path, unquote
from . import _decode, _gateway, http_api, rest_api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..message import Request, Response


def matches(event: dict[str, Any]) -> bool:
    return event.get("version") == "1.0" and rest_api.matches(event)


def decode_request(event: dict[str, Any], context: Any = None) -> Request:
    """Raises EventError, and BadRequestError for a body that can't be decoded."""
    try:
        request_context = event.get("requestContext") or {}
        path = _decode.rooted(quote_path(event.get("path") or "/"))
        full_path = quote_path(request_context.get("path") or "")
        stage = "/" + (request_context.get("stage") or "")
        if full_path != path and starts_with(full_path, stage):
            path = stage + path
        root = http_api.named_stage(request_context, path)
        root = root or rest_api.base_path(request_context, path)
        return rest_api.proxy_request(event, context, request_context, path, root)
    except _decode.WRONG_TYPE as error:
        raise _decode.wrong_field(event, rest_api.FIELDS, error) from None


encode_response = rest_api.encode_response


def encode_request(request: Request) -> dict[str, Any]:
    """The event of a request; a `root_path` is the named stage, which stays in the path."""
    path = bytes_to_text(unquote(request.path))
    event = rest_api.proxy_event(request, path, path)
    event["version"] = "1.0"
    event["requestContext"]["stage"] = request.root_path[1:] or "$default"
    # HTTP APIs keep the Content-Length that REST APIs drop.
    for name, value in request.headers:
        if name == "content-length":
            event["headers"] = {**(event["headers"] or {}), name: value}
            event["multiValueHeaders"] = {**(event["multiValueHeaders"] or {}), name: [value]}
    return event


def decode_response(result: Any) -> Response:
    """What the client gets of a result. Raises ResultError where API Gateway answers 502."""
    return _gateway.proxy_response(result)
