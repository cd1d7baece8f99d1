"""The events of the front ends: one module per front end, each with both directions.

    decode_request    event    → Request      encode_request    Request → event
    encode_response   Response → result       decode_response   result  → Response

A front end that can stream has `encode_head` besides: Response → status and headers alone.

The left pair runs in the function, the right pair where the gateway stands: in `adapter dev`, in
the test client and in `adapter event`.

Events that are no HTTP requests have modules of their own, by the sources in SOURCES.
"""

from __future__ import annotations

from ..errors import EventError
from . import (
    alb,
    alb_multi,
    function_url,
    http_api,
    http_api_v1,
    lambda_edge,
    rest_api,
    vpc_lattice,
    vpc_lattice_v2,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from ..message import Request, Response

    class Codec(Protocol):
        """What each module of this package offers."""

        @property
        def __name__(self) -> str: ...
        def matches(self, event: dict[str, Any], /) -> bool: ...
        def decode_request(self, event: dict[str, Any], context: Any = None, /) -> Request: ...
        def encode_response(
            self, response: Response, event: dict[str, Any], /
        ) -> dict[str, Any]: ...
        def encode_request(self, request: Request, /) -> dict[str, Any]: ...
        def decode_response(self, result: Any, /) -> Response: ...

    class Source(Protocol):
        """What the module of a source offers the function: an event is a request there, too.

        Its path is `/<source>/<name>`, behind the prefix that the Handler has for events.
        """

        def decode_request(self, event: dict[str, Any], context: Any = None, /) -> Request: ...
        def encode_response(
            self, response: Response, event: dict[str, Any], /
        ) -> dict[str, Any]: ...
        def tells_status(self, event: dict[str, Any], /) -> bool: ...


CODECS: tuple[Codec, ...] = (
    http_api,
    http_api_v1,
    rest_api,
    function_url,
    alb,
    alb_multi,
    vpc_lattice,
    vpc_lattice_v2,
    lambda_edge,
)
KINDS: dict[str, Codec] = {codec.__name__.rpartition(".")[2]: codec for codec in CODECS}

# Who is asked, in which order, for an event of this `version`: a function URL's event is also one
# of an HTTP API, and a load balancer's one of a REST API.
_BY_VERSION: dict[str | None, tuple[Codec, ...]] = {
    None: (alb_multi, alb, rest_api, vpc_lattice, lambda_edge),
    "1.0": (alb_multi, alb, http_api_v1, vpc_lattice, lambda_edge),
    "2.0": (function_url, http_api, vpc_lattice_v2),
}
STAGED = ("http_api", "http_api_v1", "rest_api")
"""The kinds whose URLs can begin with a stage."""

# What else comes to a function, by a field that tells it.
_OTHERS = {
    "detail-type": "an EventBridge event",
    "triggerSource": "a Cognito trigger",
    "methodArn": "a Lambda authorizer's event",
    "routeArn": "a Lambda authorizer's event",
    "awslogs": "a CloudWatch Logs event",
    "messageVersion": "a Bedrock agent's event",
    "clickType": "an IoT button event",
    "deliveryStreamArn": "a Firehose transform",
    "eventSource": "an event of {}",
}


def _is_websocket(event: dict[str, Any]) -> bool:
    told = event.get("requestContext")
    # An authorizer is asked with all of a CONNECT's fields, and wants a policy for an answer.
    return isinstance(told, dict) and bool(told.get("connectionId")) and "methodArn" not in event


SOURCES: dict[str, Callable[[dict[str, Any]], bool]] = {"websocket": _is_websocket}
"""Where events come from that are no HTTP requests, and how such an event is told.

Each has a module of its name in this package, which is imported with its first event: a function
that has none need not pay for it.
"""


def source_of(event: Any) -> Source | None:
    """The module of the source that sent `event`, if there is one."""
    if isinstance(event, dict):
        for name, is_theirs in SOURCES.items():
            if is_theirs(event):
                source: Source = __import__(f"{__name__}.{name}", fromlist=[name])
                return source
    return None


def codec_of(event: Any) -> Codec:
    """The module of the front end that sent `event`. Raises EventError for any other event."""
    if isinstance(event, dict):
        version = event.get("version") or None  # empty means missing, as in every field
        if version is None or isinstance(version, str):
            for codec in _BY_VERSION.get(version, ()):
                if codec.matches(event):
                    return codec
    raise EventError(
        f"this is no HTTP request but {_describe(event)}. A Handler answers the requests of "
        f"{', '.join(KINDS)}; for other events, point the function at one of your own."
    )


def _describe(event: Any) -> str:
    if not isinstance(event, dict):
        return f"a JSON {type(event).__name__}: {event!r:.60}"
    if _is_websocket(event):
        return f"a WebSocket API event (route {event['requestContext'].get('routeKey')!r})"
    for name, words in _OTHERS.items():
        if name in event:
            return words.format(event[name])
    return _describe_records(event) or f"an object with the keys {sorted(map(str, event))!r:.200}"


def _describe_records(event: dict[str, Any]) -> str | None:
    records = event.get("Records")
    record = records[0] if isinstance(records, list) and records else None
    if not isinstance(record, dict):
        return None
    if "cf" in record:
        return "a Lambda@Edge response event"
    source = record.get("eventSource") or record.get("EventSource")
    return f"a batch of {len(event['Records'])} from {source!r}" if source else None
