"""Which front end delivered a request: each one's event has a shape of its own."""

from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


def context(event: Event) -> dict[str, Any]:
    return event.get("requestContext") or {}


def from_edge(event: Event) -> bool:
    records = event.get("Records") or [{}]
    return "cf" in records[0]


def from_function_url(event: Event) -> bool:
    return "http" in context(event) and ".lambda-url." in (context(event).get("domainName") or "")


# The first match names the front end, so the narrower rows stand above the wider ones.
FRONT_ENDS: tuple[tuple[str, Callable[[Event], bool]], ...] = (
    ("Lambda@Edge", from_edge),
    ("VPC Lattice, event 1.0", lambda event: "raw_path" in event),
    ("VPC Lattice, event 2.0", lambda event: "serviceNetworkArn" in context(event)),
    (
        "ALB, multi-value headers",
        lambda event: "elb" in context(event) and "multiValueHeaders" in event,
    ),
    ("ALB", lambda event: "elb" in context(event)),
    ("function URL", from_function_url),
    ("HTTP API 2.0", lambda event: "http" in context(event)),
    ("HTTP API 1.0", lambda event: "httpMethod" in event and event.get("version") == "1.0"),
    ("REST API", lambda event: "httpMethod" in event),
)


def front_end(event: Event | None) -> str:
    if event is None:
        return "uvicorn, no gateway"
    return next((name for name, matches in FRONT_ENDS if matches(event)), "unknown front end")
