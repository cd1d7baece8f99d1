"""The events of the front ends: one module per front end, each with both directions.

    decode_request    event    → Request      encode_request    Request → event
    encode_response   Response → result       decode_response   result  → Response

A front end that can stream has `encode_head` besides: Response → status and headers alone.

The left pair runs in the function, the right pair where the gateway stands: in `adapter dev`, in
the test client and in `adapter event`.

Events that are no HTTP requests are a table of their own, `sources`, but for a WebSocket API's,
which have both directions in a module of theirs.
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
        """What a source offers the function: an event is a request there, too.

        Its path is `/<source>/<name>`, behind the prefix that the Handler has for events.
        """

        def decode_request(self, event: Any, context: Any = None, /) -> Request: ...
        def encode_response(self, response: Response, event: Any, /) -> Any: ...
        def tells_status(self, event: Any, /) -> bool: ...
        def error_of(self, status: int, /) -> str: ...


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


def _is_websocket(event: dict[str, Any]) -> bool:
    told = event.get("requestContext")
    # An authorizer is asked with all of a CONNECT's fields, and wants a policy for an answer.
    return isinstance(told, dict) and bool(told.get("connectionId")) and "methodArn" not in event


def source_of(event: Any) -> Source | None:
    """The source that sent `event`, if it is one that is known and no front end.

    What it takes is imported here: a function that has no such events need not pay for it.
    """
    if isinstance(event, dict) and _is_websocket(event):
        from . import websocket

        return websocket
    from . import sources

    return sources.find(event)


def find_codec(event: Any) -> Codec | None:
    """The module of the front end that sent `event`, if it is one's."""
    if isinstance(event, dict):
        version = event.get("version") or None  # empty means missing, as in every field
        if version is None or isinstance(version, str):
            for codec in _BY_VERSION.get(version, ()):
                if codec.matches(event):
                    return codec
    return None


def codec_of(event: Any) -> Codec:
    """The module of the front end that sent `event`. Raises EventError for any other event."""
    codec = find_codec(event)
    if codec is None:
        raise unknown(event)
    return codec


def unknown(event: Any) -> EventError:
    """What to raise for an event that nobody here answers."""
    return EventError(
        f"this is no HTTP request but {_describe(event)}. A Handler answers the requests of "
        f"{', '.join(KINDS)}, and the events of the sources that it knows, if it has a path for "
        "events; for others, point the function at a function(event, context) of your own."
    )


def _describe(event: Any) -> str:
    from . import sources

    if isinstance(event, dict) and _is_websocket(event):
        return f"a WebSocket API event (route {event['requestContext'].get('routeKey')!r})"
    source = sources.find(event)
    if source is not None and source.words:
        return source.words
    if not isinstance(event, dict):
        return f"a JSON {type(event).__name__}: {event!r:.60}"
    if "eventSource" in event:
        return f"an event of {event['eventSource']}"
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
