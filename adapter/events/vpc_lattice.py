"""VPC Lattice with a Lambda target, event structure V1.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html

Repeated headers arrive joined, of a repeated query parameter the last value; `raw_path` holds the
query in live events (Powertools cuts it off there) and does not in AWS's sample: both are read.
"""

from __future__ import annotations

from ..message import Request
from ..percent import parse_query, quote_target
from . import _decode, _encode, _gateway, alb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..message import Headers, Response


def matches(event: dict[str, Any]) -> bool:
    return "raw_path" in event and "method" in event


def decode_request(event: dict[str, Any], context: Any = None) -> Request:
    """Raises EventError, and BadRequestError for a body that can't be decoded."""
    headers = _decode.single_headers(_decode.object_in(event, "headers"))
    target = _decode.text_in(event, "raw_path")
    query = _decode.object_in(event, "query_string_parameters")
    body = _decode.body_in(event, event.get("is_base64_encoded"))
    return lattice_request(event, context, target, query, headers, body)


def lattice_request(
    event: dict[str, Any],
    context: Any,
    target: str,
    query: dict[str, Any],
    both_headers: tuple[Headers, Mapping[str, str]],
    body: bytes,
    user: str | None = None,
) -> Request:
    """What the two structures share, once their fields have been found."""
    path, _, raw_query = target.partition("?")
    headers, found = both_headers
    return Request(
        _decode.method_in(event, "method"),
        _decode.rooted(quote_target(path)),
        quote_target(raw_query) or _decode.query_of(query),
        _decode.with_length(headers, found, body),
        body,
        client=_decode.last_forwarded(found),
        server=_decode.server_of(found, ""),
        scheme=_decode.scheme_of(found.get("x-forwarded-proto"), "https"),
        user=user,
        event=event,
        context=context,
    )


def encode_response(response: Response, event: dict[str, Any]) -> dict[str, Any]:
    """Raises AppError, or its subclass ResponseTooLargeError."""
    status, pairs, body, encoded, size = _encode.parts_of(response, event.get("method"))
    result = {
        "statusCode": status,
        "statusDescription": f"{status} {_encode.reason_of(status)}",
        "headers": alb.single_values(pairs),
        "body": body,
        "isBase64Encoded": encoded,
    }
    return _encode.within(_encode.LAMBDA_LIMIT, result, size, "VPC Lattice")


def encode_request(request: Request) -> dict[str, Any]:
    body, encoded = _gateway.body_by_type(request)
    values = _gateway.all_values((name, _gateway.text(value)) for name, value in request.headers)
    return {
        "raw_path": f"{request.path}?{request.query}" if request.query else request.path,
        "method": request.method,
        "headers": {name: ", ".join(value) for name, value in (values or {}).items()},
        "query_string_parameters": dict(parse_query(request.query)),
        "body": body,
        "is_base64_encoded": encoded,
    }


decode_response = alb.decode_response
