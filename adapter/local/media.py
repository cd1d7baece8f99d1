"""Which bodies of a REST API are bytes: its binary media types.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html

A request's body is base64 in the event if its Content-Type is one of them, and text if not. A
result's base64 is decoded if the first media type of the client's Accept header is one of them;
if not, the client gets the base64 text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..events import _gateway
from .headers import value_of

if TYPE_CHECKING:
    from ..config import API
    from ..message import Request
    from .visit import Visit

ALL = "*/*"
_DEFAULT = "application/json"  # what API Gateway takes for the type of a body without one


def is_binary(api: API, media_type: str) -> bool:
    """Whether a media type is one of the API's binary ones; of several in a list the first."""
    if ALL in api.binary_media_types:
        return True
    first = media_type.partition(",")[0].partition(";")[0].strip().lower()
    whole = first.partition("/")[0] + "/*"
    return any(kind.lower() in (first, whole) for kind in api.binary_media_types)


def body_of(api: API, request: Request) -> tuple[str | None, bool]:
    """A REST API's `body` and `isBase64Encoded`. Bytes that are not text don't survive as text."""
    if not request.body:
        return None, False
    if is_binary(api, value_of(request.headers, "content-type") or _DEFAULT):
        return _gateway.base64_text(request.body), True
    return request.body.decode("utf-8", "replace"), False


def result_of(api: API, visit: Visit, result: Any) -> Any:
    """A function's result, with its base64 as plain text where the client gets it so."""
    if not isinstance(result, dict) or not result.get("isBase64Encoded") or not result.get("body"):
        return result
    accept = value_of(visit.request.headers, "accept") or _DEFAULT
    if is_binary(api, accept):
        return result
    known = ", ".join(api.binary_media_types) or "empty"
    visit.reason = (
        f"the client gets base64 text: {accept.partition(',')[0].strip()}, the first type of its "
        f"Accept header, is none of the API's binary media types ({known}); set them to {ALL}"
    )
    return {**result, "isBase64Encoded": False}
