"""Lambda@Edge, viewer and origin requests: the function answers in CloudFront's place.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-generating-http-responses-in-requests.html
"""

from __future__ import annotations

from ..errors import BodyTruncatedError, EventError, ResultError
from ..message import Request
from ..percent import quote_target
from . import _decode, _encode, _gateway

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..message import Response

    Pair = tuple[str, str]

# The bytes of a generated response, by the trigger's name.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
_LIMITS = {"viewer-request": 40 * 1024}
_ORIGIN_LIMIT = 1024 * 1024

# An answer with one of these is refused with a 502, so they are left out; Content-Length is
# read-only (https://github.com/Kludex/mangum/issues/262), the others are disallowed:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
_REFUSED = frozenset({
    "content-length", "expect", "x-cache", "x-forwarded-proto", "x-real-ip", "via",
})  # fmt: skip
_REFUSED_STARTS = ("proxy-", "x-accel-", "x-amz-cf-", "x-amzn-", "x-edge-")


def matches(event: dict[str, Any]) -> bool:
    return _cf(event) is not None


def _cf(event: dict[str, Any]) -> dict[str, Any] | None:
    """The record's `cf` object, if it is of a request trigger: those of responses have both."""
    records = event.get("Records")
    record = records[0] if isinstance(records, list) and records else None
    cf = record.get("cf") if isinstance(record, dict) else None
    if isinstance(cf, dict) and isinstance(cf.get("request"), dict) and "response" not in cf:
        return cf
    return None


def decode_request(event: dict[str, Any], context: Any = None) -> Request:
    """Raises EventError, and BadRequestError for a body that can't be decoded."""
    cf = _cf(event) or {}
    asked = _decode.object_in(cf, "request")
    headers = tuple(_decode.one_cookie_header(_headers(_decode.object_in(asked, "headers"))))
    found = dict(headers)
    body = _body(_decode.object_in(asked, "body"))
    config = _decode.object_in(cf, "config")
    domain = _decode.first_text(config.get("distributionDomainName")) or ""
    forwarded = found.get("cloudfront-forwarded-proto")
    return Request(
        _decode.method_in(asked, "method"),
        _decode.rooted(quote_target(_decode.text_in(asked, "uri"))),
        quote_target(_decode.text_in(asked, "querystring")),
        _decode.with_length(headers, found, body),
        body,
        client=_decode.host_client(asked.get("clientIp")),
        server=_decode.server_of(found, domain),
        scheme=_decode.scheme_of(forwarded, "https"),
        event=event,
        context=context,
    )


def _headers(headers: dict[str, Any]) -> list[Pair]:
    """{'name': [{'key': 'Name', 'value': 'a'}]} → [('name', 'a')]"""
    pairs = []
    for name, lines in headers.items():
        for line in _decode.in_list(lines):
            if not isinstance(line, dict):
                raise EventError(f"the event's header {name!r} is not a list of key and value")
            if line.get("value") is not None:
                pairs.append((_decode.native(name).lower(), _decode.native(line["value"])))
    return pairs


def _body(body: dict[str, Any]) -> bytes:
    if body.get("inputTruncated") is True:
        raise BodyTruncatedError("CloudFront cut the body off; a trigger gets 40 KB or 1 MB")
    return _decode.body_in({"body": body.get("data")}, body.get("encoding") == "base64")


def encode_response(response: Response, event: dict[str, Any]) -> dict[str, Any]:
    """Raises AppError, or its subclass ResponseTooLargeError."""
    cf = _cf(event) or {}
    method = _decode.object_in(cf, "request").get("method")
    status, pairs, body, encoded, size = _encode.parts_of(response, method)
    pairs = [pair for pair in pairs if not _refused(pair[0])]
    result: dict[str, Any] = {
        "status": str(status),
        "statusDescription": _encode.reason_of(status),
        "headers": {
            name: [{"key": name, "value": value} for value in values]
            for name, values in _encode.listed(pairs).items()
        },
    }
    if body:  # a 204 that has the field, even empty, is answered with a 502
        result |= {"body": body, "bodyEncoding": "base64" if encoded else "text"}
    return _encode.within(_limit(cf), result, size, "CloudFront")


def _refused(name: str) -> bool:
    return name in _REFUSED or name.startswith(_REFUSED_STARTS)


def _limit(cf: dict[str, Any]) -> int:
    return _LIMITS.get(str(_decode.object_in(cf, "config").get("eventType")), _ORIGIN_LIMIT)


def encode_request(request: Request) -> dict[str, Any]:
    """The event of an origin request whose trigger includes the body."""
    values = _gateway.all_values((name, _gateway.text(value)) for name, value in request.headers)
    asked: dict[str, Any] = {
        "clientIp": request.client[0] if request.client else "",
        "headers": {
            name: [{"key": name, "value": value} for value in lines]
            for name, lines in (values or {}).items()
            if name != "content-length"
        },
        "method": request.method,
        "querystring": request.query,
        "uri": request.path,
    }
    if request.body:
        asked["body"] = {
            "action": "read-only",
            "data": _gateway.base64_text(request.body),
            "encoding": "base64",
            "inputTruncated": False,
        }
    config = {
        "distributionDomainName": request.server[0],
        "distributionId": "LOCAL",
        "eventType": "origin-request",
        "requestId": _gateway.request_id(),
    }
    return {"Records": [{"cf": {"config": config, "request": asked}}]}


def decode_response(result: Any) -> Response:
    """What the client gets of a result. Raises ResultError where CloudFront answers 502."""
    fields = _gateway.result_object(result)
    status = _gateway.result_status(fields.get("status"))
    pairs = [
        _gateway.header(name, line.get("value") if isinstance(line, dict) else line)
        for name, lines in _gateway.object_at(fields, "headers").items()
        for line in _decode.in_list(lines)
    ]
    refused = sorted({name for name, _ in pairs if _refused(name)})
    if refused:
        raise ResultError(f"CloudFront refuses these headers: {', '.join(refused)}")
    if status == 204 and "body" in fields:
        raise ResultError("CloudFront refuses a 204 that has a body")
    encoded = fields.get("bodyEncoding") == "base64"
    return _gateway.answer(status, pairs, _gateway.result_body(fields.get("body"), encoded))
