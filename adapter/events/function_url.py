"""Lambda function URLs: payload format 2.0, with a path that is still percent-encoded.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

`requestContext.http.path` is decoded, as everywhere; cookies are in the header and in the list.
"""

from __future__ import annotations

from ..percent import quote_path, quote_target
from . import _decode, http_api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..message import Request


def matches(event: dict[str, Any]) -> bool:
    if not http_api.matches(event):
        return False
    domain = event["requestContext"].get("domainName")
    return isinstance(domain, str) and ".lambda-url." in domain


def decode_request(event: dict[str, Any], context: Any = None) -> Request:
    """Raises EventError, and BadRequestError for a body that can't be decoded."""
    decoded = _decode.text_in(event["requestContext"]["http"], "path")
    path = _decode.rooted(quote_target(_decode.text_in(event, "rawPath")) or quote_path(decoded))
    return http_api.version_2_request(event, context, path, "")


encode_response = http_api.encode_response
decode_response = http_api.decode_response


def encode_request(request: Request) -> dict[str, Any]:
    """The event of a request; a function URL has no stage, so `root_path` is not told."""
    event = http_api.version_2_event(request)
    event["requestContext"]["domainName"] = "local.lambda-url.us-east-1.on.aws"
    event["requestContext"]["domainPrefix"] = "local"
    return event
