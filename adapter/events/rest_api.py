"""REST APIs: the proxy event of API Gateway's first version.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html

- `path` is percent-encoded and has no stage; `requestContext.path` has it on the default domain.
- Query parameters arrive decoded, so they are encoded again.
- Headers keep the client's spelling, and every value is in `multiValueHeaders`; Content-Length
  is dropped.
"""

from __future__ import annotations

from ..errors import ResultError
from ..message import Request, starts_with
from ..percent import parse_query, quote_target
from . import _decode, _encode, _gateway

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..message import Response

    Pair = tuple[str, str]

_RESULT_KEYS = frozenset({
    "statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded",
})  # fmt: skip


def matches(event: dict[str, Any]) -> bool:
    # An authorizer's event has all of a request's fields and wants a policy, not a response.
    # One of a WebSocket API, written by a library that keeps what is missing, has nulls for them.
    return event.get("httpMethod") is not None and "path" in event and "methodArn" not in event


def decode_request(event: dict[str, Any], context: Any = None) -> Request:
    """Raises EventError, and BadRequestError for a body that can't be decoded."""
    try:
        request_context = event.get("requestContext") or {}
        path = _decode.rooted(quote_target(event.get("path") or "/"))
        full_path = request_context.get("path") or ""
        root = ""
        if full_path != path:  # it equals it on a custom domain
            root = _stage_before(full_path, request_context.get("stage"), event)
        if root:
            return proxy_request(event, context, request_context, root + path, root)
        return proxy_request(
            event, context, request_context, path, base_path(request_context, path)
        )
    except _decode.WRONG_TYPE as error:
        raise _decode.wrong_field(event, FIELDS, error) from None


def _stage_before(full_path: str, stage: object, event: dict[str, Any]) -> str:
    """'/stage' if the client's URL begins with it and `path` does not have it: the default domain.

    A custom domain's `requestContext.path` equals `path`
    (https://github.com/aws-powertools/powertools-lambda-python/pull/579). Where the event has no
    such field, as in older ones, the host tells.
    """
    if not isinstance(stage, str) or not stage:
        return ""
    if full_path:
        on_default = starts_with(full_path, "/" + stage)
    else:
        on_default = ".execute-api." in _host(event)
    return quote_target("/" + stage) if on_default else ""


def _host(event: dict[str, Any]) -> str:
    domain = _decode.object_in(event, "requestContext").get("domainName")
    headers = _decode.object_in(event, "headers")
    return _decode.first_text(domain, headers.get("Host"), headers.get("host")) or ""


def base_path(request_context: dict[str, Any], path: str) -> str:
    """The custom domain's base path, which `path` keeps; '' if the event names none."""
    domain = request_context.get("customDomain")
    if not domain:
        return ""
    matched = domain.get("basePathMatched")
    base = "/" + matched.strip("/") if isinstance(matched, str) else "/"
    return base if base != "/" and starts_with(path, base) else ""


def proxy_request(
    event: dict[str, Any],
    context: Any,
    request_context: dict[str, Any],
    path: str,
    root_path: str,
) -> Request:
    """What the two proxy events of version 1.0 share: all but the path."""
    identity = request_context.get("identity") or {}
    headers, found, body = _decode.proxy_parts(event)
    method, protocol = event.get("httpMethod"), request_context.get("protocol")
    scheme = found.get("x-forwarded-proto")
    return Request(
        method if method in _decode.METHODS else _decode.method_in(event, "httpMethod"),
        path,
        query_in(event),
        headers,
        body,
        root_path,
        _decode.host_client(identity.get("sourceIp")),
        _decode.server_of(found, request_context.get("domainName")),
        scheme if scheme == "https" else _decode.scheme_of(scheme, "https"),
        "1.1" if protocol == "HTTP/1.1" else _decode.version_of(protocol),
        _user(request_context, identity),
        event,
        context,
    )


FIELDS = {
    "path": str,
    "httpMethod": str,
    "requestContext": {
        "path": str, "stage": str, "domainName": str, "identity": dict, "customDomain": dict,
    },
    **_decode.MAPS,
}  # fmt: skip


def query_in(event: dict[str, Any]) -> str:
    """The query, encoded again; the order across names and the client's spelling are lost."""
    query = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters")
    return _decode.query_of(query) if query else ""


def _user(request_context: dict[str, Any], identity: dict[str, Any]) -> str | None:
    """A Lambda authorizer's principal, a Cognito user, or the caller of an IAM-signed request."""
    authorizer = request_context.get("authorizer")
    if authorizer is None and identity.get("userArn") is None:
        return None
    if not isinstance(authorizer, dict):
        authorizer = {}
    claims = authorizer.get("claims")
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return _decode.first_text(authorizer.get("principalId"), subject, identity.get("userArn"))


def encode_response(response: Response, event: dict[str, Any]) -> dict[str, Any]:
    """Raises AppError, or its subclass ResponseTooLargeError.

    `headers` holds the names with one value, `multiValueHeaders` those with more. A key that is
    not in the documented list would be answered with a 502.
    """
    status, pairs, body, encoded, size = _encode.parts_of(response, event["httpMethod"])
    single, many = _encode.by_count(pairs)
    result = {
        "statusCode": status,
        "headers": single,
        "multiValueHeaders": many,
        "body": body,
        "isBase64Encoded": encoded,
    }
    return _encode.within(_encode.LAMBDA_LIMIT, result, size, "API Gateway")


def encode_head(response: Response) -> dict[str, Any]:
    """The head of a streamed answer. Raises AppError."""
    status, pairs, _, _ = _encode.head_of(response)
    single, many = _encode.by_count(pairs)
    return {"statusCode": status, "headers": single, "multiValueHeaders": many}


def encode_request(request: Request) -> dict[str, Any]:
    """The event of a request whose `root_path` is the stage, as on the default domain.

    Without one it is the event of a custom domain.
    """
    root = request.root_path
    path = request.path[len(root) :] or "/"
    event = proxy_event(request, path, request.path)
    event["requestContext"]["stage"] = root[1:] or "local"
    if request.body:
        event["body"], event["isBase64Encoded"] = _gateway.body_by_content(request)
    return event


def proxy_event(request: Request, path: str, full_path: str) -> dict[str, Any]:
    """What the two proxy events of version 1.0 share."""
    pairs = [
        (name, _gateway.text(value)) for name, value in request.headers if name != "content-length"
    ]
    query = parse_query(request.query)
    clock, milliseconds = _gateway.now()
    body, encoded = _gateway.body_by_type(request)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": request.method,
        "headers": _gateway.last_values(pairs),
        "multiValueHeaders": _gateway.all_values(pairs),
        "queryStringParameters": _gateway.last_values(query),
        "multiValueQueryStringParameters": _gateway.all_values(query),
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": _gateway.ACCOUNT,
            "apiId": _gateway.API,
            "domainName": request.server[0],
            "domainPrefix": request.server[0].partition(".")[0],
            "httpMethod": request.method,
            "identity": {
                "sourceIp": request.client[0] if request.client else None,
                "userAgent": _gateway.text(_gateway.value_of(request, "user-agent")) or None,
            },
            "path": full_path,
            "protocol": f"HTTP/{request.http_version}",
            "requestId": _gateway.request_id(),
            "requestTime": clock,
            "requestTimeEpoch": milliseconds,
            "resourceId": "local",
            "resourcePath": "/{proxy+}",
            "stage": "$default",
        },
        "body": body or None,
        "isBase64Encoded": encoded,
    }


def decode_response(result: Any) -> Response:
    """What the client gets of a result. Raises ResultError where API Gateway answers 502.

    A missing statusCode is 200; `headers: null` and a number in text are accepted; a response
    with a body and no content-type becomes application/json.
    """
    fields = _gateway.result_object(result, _RESULT_KEYS)
    if not fields:
        raise ResultError("the function returned {}, not an object with a statusCode")
    pairs = _gateway.result_headers(fields, "headers", "multiValueHeaders")
    body = _gateway.result_body(fields.get("body"), fields.get("isBase64Encoded"))
    if not any(name == "content-type" for name, _ in pairs):
        pairs.append(("content-type", "application/json"))
    return _gateway.answer(_gateway.result_status(fields.get("statusCode", 200)), pairs, body)
