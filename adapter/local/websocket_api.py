"""The management API of the local WebSocket API: `@connections`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html

Signatures are not checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.requests import Request as HTTPRequest
from starlette.responses import Response as HTTPResponse

from ..events._gateway import request_id
from ..events.websocket import LIMIT
from .http_leg import body_of
from .websocket_client import NORMAL, SlowError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .process import Log
    from .websocket_client import Client

    Operation = Callable[[HTTPRequest, Client], Awaitable[HTTPResponse]]

PATH = re.compile(r"(/.+)?/@connections/([^/]+)")
"""Of a URL that is decoded: its stage, and a connection's id."""


async def managed(
    request: HTTPRequest, identity: str, clients: Mapping[str, Client], log: Log
) -> HTTPResponse:
    """The answer to a call for a connection. Raises ClientDisconnect."""
    operation = _OPERATIONS.get(request.method)
    if operation is None:
        return refusal(403, "ForbiddenException", "Missing Authentication Token")
    client = clients.get(identity)
    if client is None or client.ended is not None:
        log(f"adapter: there is no connection {identity}, or its $connect is not answered yet")
        return refusal(410, "GoneException")
    return await operation(request, client)


async def _post(request: HTTPRequest, client: Client) -> HTTPResponse:
    data = await body_of(request, LIMIT)
    if len(data) > LIMIT:
        return refusal(413, "PayloadTooLargeException", "Message payload too large")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        message = "a WebSocket API sends text, and this is no UTF-8"
        return refusal(400, "BadRequestException", message)
    try:
        await client.post(text)
    except SlowError:
        return refusal(429, "LimitExceededException", "the client does not read")
    return _answer(200)


async def _get(request: HTTPRequest, client: Client) -> HTTPResponse:
    identity = client.told["identity"]
    document = {
        "connectedAt": _time(client.told["connectedAt"] / 1000),
        "identity": {
            "sourceIp": identity.get("sourceIp") or "",
            "userAgent": identity.get("userAgent", ""),
        },
        "lastActiveAt": _time(client.last_active),
    }
    return _answer(200, json.dumps(document))


async def _delete(request: HTTPRequest, client: Client) -> HTTPResponse:
    await client.close(*NORMAL)
    return _answer(204)


_OPERATIONS: dict[str, Operation] = {"POST": _post, "GET": _get, "DELETE": _delete}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _answer(status: int, body: str = "") -> HTTPResponse:
    headers = {"x-amzn-RequestId": request_id()}
    if status == 204:
        return HTTPResponse(None, status, headers)
    return HTTPResponse(body, status, headers, "application/json")


def refusal(status: int, kind: str, message: str = "") -> HTTPResponse:
    """An error as the REST protocol with JSON has it.

    https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
    """
    answer = _answer(status, json.dumps({"message": message} if message else {}))
    answer.headers["x-amzn-ErrorType"] = kind
    return answer
