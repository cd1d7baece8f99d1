"""Lambda function URLs: payload format 2.0, with a path that is still percent-encoded.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

`requestContext.http.path` is decoded, as everywhere; cookies are in the header and in the list.
"""

from __future__ import annotations

from ..percent import quote_path, quote_target
from . import _decode, _encode, http_api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..message import Request, Response


def matches(event: dict[str, Any]) -> bool:
    request_context = event.get("requestContext")
    domain = request_context.get("domainName") if isinstance(request_context, dict) else None
    return isinstance(domain, str) and ".lambda-url." in domain and http_api.matches(event)


def decode_request(event: dict[str, Any], context: Any = None) -> Request:
    """Raises EventError, and BadRequestError for a body that can't be decoded."""
    try:
        path = quote_target(event.get("rawPath") or "")
        path = path or quote_path(event["requestContext"]["http"].get("path") or "")
        return http_api.version_2_request(event, context, _decode.rooted(path), "")
    except _decode.WRONG_TYPE as error:
        raise _decode.wrong_field(event, http_api.FIELDS, error) from None


encode_response = http_api.encode_response
decode_response = http_api.decode_response


def encode_head(response: Response) -> dict[str, Any]:
    """The head of a streamed answer. Raises AppError."""
    status, pairs, _, _ = _encode.head_of(response)
    headers, cookies = _encode.joined(pairs)
    return {"statusCode": status, "headers": headers, "cookies": cookies}


def encode_request(request: Request) -> dict[str, Any]:
    """The event of a request; a function URL has no stage, so `root_path` is not told."""
    event = http_api.version_2_event(request)
    event["requestContext"]["domainName"] = "local.lambda-url.us-east-1.on.aws"
    event["requestContext"]["domainPrefix"] = "local"
    return event
