"""HTTP APIs with payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html

- `rawPath` arrives decoded and begins with a named stage; `rawQueryString` is as it was sent.
- Repeated headers are joined with ',', cookies are only in the list `cookies`.
"""

from __future__ import annotations

from ..errors import ResultError
from ..message import Request, starts_with
from ..percent import bytes_to_text, parse_query, quote_path, quote_target, unquote
from . import _decode, _encode, _gateway

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..message import Response


def matches(event: dict[str, Any]) -> bool:
    if event.get("version") != "2.0" or "routeArn" in event:  # routeArn: an authorizer's event
        return False
    request_context = event.get("requestContext")
    return isinstance(request_context, dict) and isinstance(request_context.get("http"), dict)


def decode_request(event: dict[str, Any], context: Any = None) -> Request:
    """Raises EventError, and BadRequestError for a body that can't be decoded."""
    try:
        request_context = event["requestContext"]
        raw_path = event.get("rawPath") or request_context["http"].get("path") or "/"
        path = _decode.rooted(quote_path(raw_path))
        stage = request_context.get("stage")
        root = "" if stage == "$default" else named_stage(request_context, path)
        return version_2_request(event, context, path, root)
    except _decode.WRONG_TYPE as error:
        raise _decode.wrong_field(event, FIELDS, error) from None


def named_stage(request_context: dict[str, Any], path: str) -> str:
    """'/stage' if `path` begins with it; the stage `$default` is in no path, whatever that says."""
    stage = request_context.get("stage")
    if not stage or stage == "$default":
        return ""
    return "/" + stage if starts_with(path, "/" + stage) else ""


def version_2_request(event: dict[str, Any], context: Any, path: str, root_path: str) -> Request:
    """What HTTP APIs and function URLs share: all but the path."""
    request_context = event["requestContext"]
    http = request_context["http"]
    headers, found = _decode.single_headers(event.get("headers") or {})
    cookies = event.get("cookies")
    if cookies:  # function URLs send them in the header as well; they reach the app once
        if "cookie" in found:
            headers = tuple([pair for pair in headers if pair[0] != "cookie"])
        headers = (*headers, ("cookie", _decode.joined_cookies(cookies)))
    headers, body = _decode.with_body(event, headers, found)
    method, protocol = http.get("method"), http.get("protocol")
    query = event.get("rawQueryString")
    scheme = found.get("x-forwarded-proto")
    return Request(
        method if method in _decode.METHODS else _decode.method_in(http, "method"),
        path,
        quote_target(query) if query else "",
        headers,
        body,
        root_path,
        _decode.host_client(http.get("sourceIp")),
        _decode.server_of(found, request_context.get("domainName")),
        scheme if scheme == "https" else _decode.scheme_of(scheme, "https"),
        "1.1" if protocol == "HTTP/1.1" else _decode.version_of(protocol),
        _user(request_context) if "authorizer" in request_context else None,
        event,
        context,
    )


FIELDS = {
    "rawPath": str,
    "rawQueryString": str,
    "headers": dict,
    "requestContext": {"stage": str, "domainName": str, "http": {"method": str, "path": str}},
}


def _user(request_context: dict[str, Any]) -> str | None:
    """A JWT's subject, the caller of an IAM-signed request, a Lambda authorizer's principal."""
    authorizer = request_context.get("authorizer")
    if not isinstance(authorizer, dict):
        return None
    jwt, iam, own = (authorizer.get(name) for name in ("jwt", "iam", "lambda"))
    claims = jwt.get("claims") if isinstance(jwt, dict) else None
    return _decode.first_text(
        claims.get("sub") if isinstance(claims, dict) else None,
        iam.get("userArn") if isinstance(iam, dict) else None,
        own.get("principalId") if isinstance(own, dict) else None,
    )


def encode_response(response: Response, event: dict[str, Any]) -> dict[str, Any]:
    """Raises AppError, or its subclass ResponseTooLargeError."""
    method = event["requestContext"]["http"].get("method")
    status, pairs, body, encoded, size = _encode.parts_of(response, method)
    headers, cookies = _encode.joined(pairs)
    result = {
        "statusCode": status,
        "headers": headers,
        "cookies": cookies,
        "body": body,
        "isBase64Encoded": encoded,
    }
    return _encode.within(_encode.LAMBDA_LIMIT, result, size, "API Gateway")


def encode_request(request: Request) -> dict[str, Any]:
    """The event of a request; a `root_path` is the named stage, which stays in the path."""
    event = version_2_event(request)
    path = bytes_to_text(unquote(request.path))
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["stage"] = request.root_path[1:] or "$default"
    # HTTP APIs hand the Cookie header over in the list alone.
    event["headers"].pop("cookie", None)
    return event


def version_2_event(request: Request) -> dict[str, Any]:
    """What HTTP APIs and function URLs share."""
    pairs = [(name, _gateway.text(value)) for name, value in request.headers]
    cookies = [piece for name, value in pairs if name == "cookie" for piece in value.split("; ")]
    clock, milliseconds = _gateway.now()
    body, encoded = _gateway.body_by_type(request)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": _gateway.comma_values(pairs),
        "requestContext": {
            "accountId": _gateway.ACCOUNT,
            "apiId": _gateway.API,
            "domainName": request.server[0],
            "domainPrefix": request.server[0].partition(".")[0],
            "http": {
                "method": request.method,
                "path": bytes_to_text(unquote(request.path)),
                "protocol": f"HTTP/{request.http_version}",
                "sourceIp": request.client[0] if request.client else "",
                "userAgent": _gateway.text(_gateway.value_of(request, "user-agent")),
            },
            "requestId": _gateway.request_id(),
            "routeKey": "$default",
            "stage": "$default",
            "time": clock,
            "timeEpoch": milliseconds,
        },
        "isBase64Encoded": encoded if request.body else False,
    }
    if cookies:
        event["cookies"] = cookies
    if request.query:
        event["queryStringParameters"] = _gateway.comma_values(parse_query(request.query))
    if request.body:
        event["body"] = body
    return event


def decode_response(result: Any) -> Response:
    """What the client gets of a result. Raises ResultError where API Gateway answers 502.

    A result without a statusCode is the body itself: 200, application/json.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        return _inferred(result)
    pairs = _gateway.result_headers(result, "headers", "multiValueHeaders")
    cookies = result.get("cookies") or []
    if not isinstance(cookies, list):
        raise ResultError(f"the result's cookies are {cookies!r:.80}, not a list")
    pairs += [_gateway.header("set-cookie", cookie) for cookie in cookies]
    body = _gateway.result_body(result.get("body"), result.get("isBase64Encoded"))
    return _gateway.answer(_gateway.result_status(result["statusCode"]), pairs, body)


def _inferred(result: Any) -> Response:
    from json import dumps

    text = result if isinstance(result, str) else dumps(result, separators=(",", ":"))
    body = text.encode("utf-8", "replace")
    return _gateway.answer(200, [("content-type", "application/json")], body)
