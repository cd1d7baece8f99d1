"""How large a request may be, and how long its answer may take.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import ConfigError
from ..events.alb import LIMIT as ALB_LIMIT
from .refusals import refuse

if TYPE_CHECKING:
    from ..message import Request, Response
    from .visit import Visit

EVENT = 6 << 20
"""Bytes of an event that Lambda takes."""


@dataclass(frozen=True)
class Limits:
    """Of one kind of front end; 0 is for none.

    body     bytes of a request's body
    headers  bytes of its header values together, with `line` those of the request line too
    header   bytes of one header
    url      bytes of the URL
    seconds  until it answers by itself; of a streamed answer `streamed`
    """

    body: int
    headers: int = 0
    line: bool = False
    header: int = 0
    url: int = 0
    seconds: float = 0
    streamed: float = 0


_ALB = Limits(ALB_LIMIT, headers=64 << 10, header=16 << 10, url=16 << 10)
_HTTP = Limits(10 << 20, headers=10_240, line=True, seconds=30)
LIMITS = {
    "rest_api": Limits(10 << 20, headers=10_240, url=10_240, seconds=29, streamed=900),
    "http_api": _HTTP,
    "http_api_v1": _HTTP,
    "function_url": Limits(EVENT),
    "alb": _ALB,
    "alb_multi": _ALB,
}


def of_kind(kind: str) -> Limits:
    """Raises ConfigError for a front end that is not made here."""
    if kind not in LIMITS:
        raise ConfigError(f"there is no local gateway for {kind}; there is for {', '.join(LIMITS)}")
    return LIMITS[kind]


def refusal(visit: Visit) -> Response | None:
    """The answer to a request that is too large."""
    limits, request = LIMITS[visit.kind], visit.request
    if len(request.body) > limits.body:
        return refuse(visit, "large", f"the body has over {limits.body:,} bytes")
    line = len(request.method) + len(request.path) + len(request.query) + len(" ? HTTP/1.1")
    if limits.url and line > limits.url:
        return refuse(visit, "url", f"the URL has over {limits.url:,} bytes")
    return _of_headers(visit, request, limits, line) if limits.headers else None


def _of_headers(visit: Visit, request: Request, limits: Limits, line: int) -> Response | None:
    size = line if limits.line else 0
    for name, value in request.headers:
        size += len(value)
        if limits.header and len(name) + len(value) > limits.header:
            return refuse(visit, "headers", f"{name} has over {limits.header:,} bytes")
    if size <= limits.headers:
        return None
    what = "request line and header values have" if limits.line else "header values have"
    return refuse(visit, "headers", f"the {what} {size:,} bytes; the limit is {limits.headers:,}")


def of_event(visit: Visit, size: int) -> Response | None:
    """The answer to one whose event is too large for Lambda."""
    if size <= EVENT:
        return None
    reason = (
        f"the event, with the body as text or base64, has {size:,} bytes; Lambda takes {EVENT:,}"
    )
    return refuse(visit, "payload", reason)
