"""The management API of a WebSocket API: to write to clients, ask about them and cut them off.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html

The function's role needs `execute-api:ManageConnections`. boto3 is imported with the first call;
AWS's managed runtimes for Python have it.
"""

from __future__ import annotations

import json
import os
from _thread import allocate_lock
from functools import lru_cache

from .errors import AdapterError, EventError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

ENDPOINT = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
"""The variable with which boto3 is told another endpoint; `adapter dev` sets it.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html"""


class Gone(AdapterError):  # noqa: N818  # the name that AWS gives it
    """The client is not there: it has left, or is not let in yet while its $connect runs.

    https://repost.aws/knowledge-center/410-gone-api-gateway
    """


class Connections:
    """The clients of the WebSocket API that sent `event`: `scope["aws.event"]` for example.

    client  a client of boto3's for `apigatewaymanagementapi`, instead of the one that all
            Connections of an API share

    Each method takes a connection's id (the header `ce-connectionid`, or `connectionId` in an
    event's requestContext) and raises Gone if there is no such client any more; what else boto3
    raises comes as it is.
    """

    def __init__(self, event: dict[str, Any], *, client: Any = None) -> None:
        self._event = event
        self._client = client

    def post(self, connection_id: str, data: Any) -> None:
        """Send text, UTF-8 bytes, or any other value as JSON: at most 128 KB."""
        self._call("post_to_connection", connection_id, Data=_data(data))

    def get(self, connection_id: str) -> dict[str, Any]:
        """When it connected, when something went over it last, and who it is.

        {"ConnectedAt": datetime, "LastActiveAt": datetime,
        "Identity": {"SourceIp": …, "UserAgent": …}}
        """
        answer: dict[str, Any] = self._call("get_connection", connection_id)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def close(self, connection_id: str) -> None:
        """Cut the client off; it sees the code 1000."""
        self._call("delete_connection", connection_id)

    def _call(self, operation: str, connection_id: str, **arguments: Any) -> Any:
        if self._client is None:
            self._client = _client_of(self._event)
        try:
            return getattr(self._client, operation)(ConnectionId=connection_id, **arguments)
        except self._client.exceptions.GoneException:
            _raise_gone(connection_id)


def _raise_gone(connection_id: str) -> NoReturn:
    raise Gone(
        f"there is no connection {connection_id!r}: the client has left, or its $connect is not "
        "answered yet"
    ) from None


def _data(data: Any) -> bytes:
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    return (data if isinstance(data, str) else json.dumps(data)).encode()


def endpoint_of(event: dict[str, Any]) -> str:
    """Where the management API of the API that sent `event` is. Raises EventError.

    The stage belongs to the URL on API Gateway's own domain. A custom domain stands for a stage;
    where it does so with an API mapping key, that is not in the event: set the variable
    AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI, or bring a client.
    """
    told = event.get("requestContext") if isinstance(event, dict) else None
    domain = told.get("domainName") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(domain, str) or not domain:
        raise EventError(
            "this event is none of a WebSocket API: its requestContext names no domain. From any "
            f"other event, set {ENDPOINT}, or pass client="
        )
    return (
        f"https://{domain}/{told.get('stage')}"
        if ".execute-api." in domain
        else f"https://{domain}"
    )


def _client_of(event: dict[str, Any]) -> Any:
    told = os.environ.get(ENDPOINT)
    # `adapter dev` checks no signatures, so that it takes no credentials, and gets none.
    local = bool(told and os.environ.get("ADAPTER_LOCAL"))
    with _LOCK:  # a session of boto3's is not for several threads
        return _client_at(told or endpoint_of(event), os.environ.get("AWS_REGION"), local)


_LOCK = allocate_lock()


@lru_cache(maxsize=8)  # each has a connection, which is kept for the next message
def _client_at(endpoint: str, region: str | None, local: bool) -> Any:
    try:
        import boto3
        from botocore import UNSIGNED
        from botocore.config import Config
    except ImportError as error:
        raise AdapterError(
            f"Connections needs boto3 ({error}): add it to the requirements; only AWS's managed "
            "runtimes for Python have it"
        ) from error
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=endpoint,
        region_name=region or None,
        config=Config(signature_version=UNSIGNED) if local else None,
    )
