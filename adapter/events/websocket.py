"""WebSocket APIs of API Gateway: each event is a request, `POST /websocket/<route>`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html

- CONNECT has the handshake's headers and query; its status decides whether the client gets in.
- MESSAGE has a text and nothing else of the client; what the app answers goes back to the sender,
  if the route has a route response.
- DISCONNECT comes after the end, if it comes at all: API Gateway tries, and promises nothing.
"""

from __future__ import annotations

import json
import os
from binascii import b2a_base64

from ..errors import AppError, ResponseTooLargeError, ResultError
from ..message import Request, Response
from ..percent import parse_query
from . import _cloudevent, _decode, _encode, _gateway

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..message import Headers

    Connection = dict[str, Any]

LIMIT = 131_072
"""Bytes of a message, either way.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""

_TYPES = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}

# Of the handshake's headers: there is no body, the upgrade is API Gateway's, and what an app finds
# under ce-… it takes for ours, so that nobody else may write there.
_NOT_PASSED = frozenset({
    "connection", "content-length", "content-type", "expect", "keep-alive", "te",
    "transfer-encoding", "upgrade",
})  # fmt: skip
_CLOUD = "ce-"

FIELDS = {
    "requestContext": {
        "routeKey": str, "eventType": str, "connectionId": str, "requestId": str,
        "domainName": str, "stage": str, "identity": dict,
    },
    **_decode.MAPS,
}  # fmt: skip


# In the function


def decode_request(event: dict[str, Any], context: Any = None) -> Request:
    """Raises EventError, and BadRequestError for a body that can't be decoded."""
    try:
        return _request(event, context, event["requestContext"])
    except _decode.WRONG_TYPE as error:
        raise _decode.wrong_field(event, FIELDS, error) from None


def _request(event: dict[str, Any], context: Any, told: dict[str, Any]) -> Request:
    kind, route = kind_of(event), _route_of(event)
    many = event.get("multiValueHeaders")
    single = event.get("headers") or {}
    pairs, found = _decode.multi_headers(many) if many else _decode.single_headers(single)
    identity = told.get("identity") or {}
    domain = told.get("domainName") or ""
    body = _body_of(event, kind)
    return Request(
        "POST",
        _cloudevent.path_of("websocket", route),
        _decode.query_of(
            event.get("multiValueQueryStringParameters") or event.get("queryStringParameters") or {}
        ),
        (
            *_passed(pairs, _decode.native(domain)),
            *_cloudevent.headers_of(_attributes(told, kind, route)),
            *_cloudevent.body_headers(body),
        ),
        body,
        client=_decode.host_client(identity.get("sourceIp")),
        server=_decode.server_of(found, domain),
        scheme=_decode.scheme_of(found.get("x-forwarded-proto"), "https"),
        user=_user(told, identity),
        event=event,
        context=context,
    )


def kind_of(event: Mapping[str, Any]) -> str:
    """CONNECT, MESSAGE or DISCONNECT."""
    told = event["requestContext"]
    kind: str = told.get("eventType") or _TYPES.get(told.get("routeKey"), "MESSAGE")
    return kind


def _route_of(event: dict[str, Any]) -> str:
    """The route's name. A message never becomes a $connect: apps believe who is let in there."""
    kind, route = kind_of(event), event["requestContext"].get("routeKey")
    for name, type_ in _TYPES.items():
        if kind == type_:
            return name
    return route if route and route not in _TYPES else "$default"


def _passed(pairs: Headers, host: str) -> list[tuple[str, str]]:
    """The client's headers, and the host that it called where the event has no headers."""
    passed = [
        (name, value)
        for name, value in pairs
        if value and name not in _NOT_PASSED and not name.startswith(_CLOUD)
    ]
    if host and not any(name == "host" for name, _ in passed):
        passed.append(("host", host))
    return passed


def _attributes(told: dict[str, Any], kind: str, route: str) -> dict[str, object]:
    """What CloudEvents has a name for, and the connection's id.

    An extension's name is lower-case letters and digits (CloudEvents, Naming conventions).
    """
    domain, stage = told.get("domainName"), told.get("stage")
    return {
        "id": told.get("requestId"),
        "source": f"https://{domain}/{stage}" if domain else told.get("apiId"),
        "type": f"com.amazonaws.apigateway.websocket.{kind.lower()}",
        "subject": route,
        "time": _cloudevent.time_of(told.get("requestTimeEpoch")),
        "connectionid": told.get("connectionId"),
    }


def _body_of(event: dict[str, Any], kind: str) -> bytes:
    """The message; of a DISCONNECT why the connection ended, in AWS's names."""
    if kind != "DISCONNECT":
        return _decode.body_in(event, event.get("isBase64Encoded"))
    told = event["requestContext"]
    names = ("disconnectStatusCode", "disconnectReason")
    return json.dumps({name: told[name] for name in names if name in told}).encode()


def _user(told: dict[str, Any], identity: dict[str, Any]) -> str | None:
    """A Lambda authorizer's principal, or the caller of a handshake signed for IAM."""
    authorizer = told.get("authorizer")
    principal = authorizer.get("principalId") if isinstance(authorizer, dict) else None
    return _decode.first_text(principal, identity.get("userArn"))


def tells_status(event: dict[str, Any]) -> bool:
    """Whether the client hears of the app's status: a handshake is answered with it."""
    return kind_of(event) == "CONNECT"


def error_of(status: int) -> str:
    """No words of a failure mean anything to API Gateway."""
    return ""


def encode_response(response: Response, event: dict[str, Any]) -> dict[str, Any]:
    """Raises AppError, or its subclass ResponseTooLargeError.

    A key that API Gateway does not know makes an internal server error of the answer
    (https://github.com/middyjs/middy/issues/1219), so there are few. Of the headers it delivers
    the chosen subprotocol:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html
    """
    status, pairs, body, encoded, _ = _encode.parts_of(response, "POST")
    kind = kind_of(event)
    if kind == "CONNECT":
        protocol = {name: value for name, value in pairs if name == "sec-websocket-protocol"}
        return {"statusCode": status, "headers": protocol} if protocol else {"statusCode": status}
    if kind == "DISCONNECT" or not body or not 200 <= status <= 299:
        return {"statusCode": status}
    if encoded:
        raise AppError(
            "the app answered a WebSocket message with bytes that are no UTF-8; API Gateway "
            "carries text only: answer with base64, for example"
        )
    if (size := len(body.encode())) > LIMIT:
        raise ResponseTooLargeError(
            f"the answer to a WebSocket message has {size:,} bytes; API Gateway delivers at most "
            f"{LIMIT:,}"
        )
    return {"statusCode": status, "body": body}


# At the gateway


def connection_of(request: Request, stage: str) -> Connection:
    """What every event of a connection says of it, for one that `request` asks for."""
    host, port = request.server
    agent = _gateway.text(_gateway.value_of(request, "user-agent"))
    return {
        "stage": stage,
        "connectedAt": _gateway.now()[1],
        "identity": {
            **({"userAgent": agent} if agent else {}),
            "sourceIp": request.client[0] if request.client else None,
        },
        "domainName": _gateway.text(_gateway.value_of(request, "host")) or f"{host}:{port}",
        "connectionId": new_id(),
        "apiId": _gateway.API,
    }


def new_id() -> str:
    """'R1kmxc2VNjMCFIA=': how the ids of connections, messages and requests look."""
    return b2a_base64(os.urandom(11), newline=False).decode().translate(_URL_SAFE)


_URL_SAFE = str.maketrans("+/", "-_")


def connect_event(request: Request, connection: Connection, **more: Any) -> dict[str, Any]:
    """`more` goes into the event: its stageVariables, for example."""
    pairs = [
        (_spelt(name), _gateway.text(value))
        for name, value in request.headers
        if name not in _NOT_PASSED
    ]
    query = parse_query(request.query)
    asked = {
        "queryStringParameters": _gateway.last_values(query),
        "multiValueQueryStringParameters": _gateway.all_values(query),
    }
    return {
        "headers": _gateway.last_values(pairs) or {},
        "multiValueHeaders": _gateway.all_values(pairs) or {},
        **(asked if query else {}),
        **more,
        "requestContext": _context(connection, "CONNECT", "$connect"),
        "isBase64Encoded": False,
    }


def message_event(text: str, route: str, connection: Connection, **more: Any) -> dict[str, Any]:
    told = _context(connection, "MESSAGE", route, messageId=new_id())
    return {**more, "requestContext": told, "body": text, "isBase64Encoded": False}


def disconnect_event(code: int, reason: str, connection: Connection, **more: Any) -> dict[str, Any]:
    headers = {"Host": connection["domainName"], "x-api-key": "", "X-Forwarded-For": ""}
    ended = {"disconnectStatusCode": code, "disconnectReason": reason}
    return {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        **more,
        "requestContext": _context(connection, "DISCONNECT", "$disconnect", **ended),
        "isBase64Encoded": False,
    }


def _context(connection: Connection, kind: str, route: str, **more: Any) -> dict[str, Any]:
    clock, milliseconds = _gateway.now()
    number = new_id()
    return {
        "routeKey": route,
        "eventType": kind,
        "messageDirection": "IN",
        "requestId": number,
        "extendedRequestId": number,
        "requestTime": clock,
        "requestTimeEpoch": milliseconds,
        **connection,
        **more,
    }


def _spelt(name: str) -> str:
    """'sec-websocket-key' → 'Sec-WebSocket-Key', as browsers write it."""
    return name.title().replace("Websocket", "WebSocket")


_RESULT_KEYS = frozenset({
    "statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded",
})  # fmt: skip


def decode_response(result: Any) -> Response:
    """Raises ResultError where API Gateway speaks of an internal server error."""
    fields = _gateway.result_object(result, _RESULT_KEYS)
    pairs = _gateway.result_headers(fields, "headers", "multiValueHeaders")
    body = _gateway.result_body(fields.get("body"), fields.get("isBase64Encoded"))
    try:
        body.decode()
    except UnicodeDecodeError:
        raise ResultError("the result's body is no UTF-8; a WebSocket API carries text") from None
    if len(body) > LIMIT:
        raise ResultError(f"the result's body has over {LIMIT:,} bytes")
    return _gateway.answer(_gateway.result_status(fields.get("statusCode")), pairs, body)
