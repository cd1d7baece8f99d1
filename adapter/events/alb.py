"""Application Load Balancers with a Lambda target, multi-value headers off.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html

- Path and query arrive as the client sent them: the load balancer does not decode.
- Of a repeated header or query parameter only the last value arrives; `alb_multi` has them all.
- The peer is the last entry of X-Forwarded-For; a health check has neither Host nor X-Forwarded-*.
"""

from __future__ import annotations

from itertools import product

from ..message import Request
from ..percent import quote_target
from . import _decode, _encode, _gateway

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from ..message import Response

    Pair = tuple[str, str]

LIMIT = 1024 * 1024
_TARGET_GROUP = f"arn:aws:elasticloadbalancing:us-east-1:{_gateway.ACCOUNT}:targetgroup/local/0"


def matches(event: dict[str, Any]) -> bool:
    request_context = event.get("requestContext")
    return isinstance(request_context, dict) and isinstance(request_context.get("elb"), dict)


def decode_request(event: dict[str, Any], context: Any = None) -> Request:
    """Raises EventError, and BadRequestError for a body that can't be decoded."""
    try:
        return _request(event, context)
    except _decode.WRONG_TYPE as error:
        raise _decode.wrong_field(event, _FIELDS, error) from None


def _request(event: dict[str, Any], context: Any) -> Request:
    headers, found, body = _decode.proxy_parts(event)
    method = event.get("httpMethod")
    scheme = found.get("x-forwarded-proto")
    return Request(
        method if method in _decode.METHODS else _decode.method_in(event, "httpMethod"),
        _decode.rooted(quote_target(event.get("path") or "/")),
        _query(event),
        headers,
        body,
        "",
        _decode.last_forwarded(found),
        _decode.server_of(found, ""),
        scheme if scheme == "https" else _decode.scheme_of(scheme, "http"),
        "1.1",
        None,
        event,
        context,
    )


_FIELDS = {"path": str, "httpMethod": str, **_decode.MAPS}


def _query(event: dict[str, Any]) -> str:
    """The raw keys and values, put together again as they were."""
    query = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters")
    if not query:
        return ""
    return quote_target("&".join([
        f"{key}={value}"
        for key, values in query.items()
        for value in (values if type(values) is list else (values,))
        if value is not None
    ]))  # fmt: skip


def encode_response(response: Response, event: dict[str, Any]) -> dict[str, Any]:
    """Raises AppError, or its subclass ResponseTooLargeError.

    The load balancer reads the map of the form in which it asked: `multiValueHeaders` if the
    event has it, else `headers`.
    """
    status, pairs, body, encoded, size = _encode.parts_of(response, event.get("httpMethod"))
    many = event.get("multiValueHeaders") is not None
    result = {
        "statusCode": status,
        "statusDescription": f"{status} {_encode.reason_of(status)}",
        "multiValueHeaders" if many else "headers": (_encode.listed if many else single_values)(
            pairs
        ),
        "body": body,
        "isBase64Encoded": encoded,
    }
    return _encode.within(LIMIT, result, size, "an Application Load Balancer")


def single_values(pairs: Sequence[Pair]) -> dict[str, str]:
    """One value per name. Cookies can't be joined, so each gets its own spelling of Set-Cookie:
    names are compared without case on the wire, and the map's keys are not.

    https://github.com/Kludex/mangum/pull/185
    """
    headers, cookies = _encode.joined(pairs)
    if cookies:
        headers.update(zip(_spellings("set-cookie"), cookies, strict=False))
    return headers


def _spellings(name: str) -> Iterator[str]:
    """The 512 ways to write `name` with capitals; more cookies than that no browser keeps."""
    forms = [dict.fromkeys((character, character.upper())) for character in reversed(name)]
    return ("".join(reversed(spelling)) for spelling in product(*forms))


def encode_request(request: Request) -> dict[str, Any]:
    event = target_event(request)
    event["headers"] = dict(_texts(request))
    event["queryStringParameters"] = dict(_raw_query(request))
    return event


def target_event(request: Request) -> dict[str, Any]:
    """The event without its headers and query, which come in two forms."""
    body, encoded = _gateway.body_by_type(request)
    return {
        "requestContext": {"elb": {"targetGroupArn": _TARGET_GROUP}},
        "httpMethod": request.method,
        "path": request.path,
        "body": body,
        "isBase64Encoded": encoded,
    }


def _texts(request: Request) -> list[Pair]:
    return [(name, _gateway.text(value)) for name, value in request.headers]


def _raw_query(request: Request) -> list[Pair]:
    pieces = [piece.partition("=") for piece in request.query.split("&") if piece]
    return [(key, value) for key, _, value in pieces]


def encode_multi_request(request: Request) -> dict[str, Any]:
    event = target_event(request)
    event["multiValueHeaders"] = _gateway.all_values(_texts(request)) or {}
    event["multiValueQueryStringParameters"] = _gateway.all_values(_raw_query(request)) or {}
    return event


def decode_response(result: Any) -> Response:
    """What the client gets of a result. Raises ResultError where the load balancer answers 502."""
    return _gateway.proxy_response(result)
