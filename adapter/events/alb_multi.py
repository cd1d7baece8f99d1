"""Application Load Balancers with a Lambda target, multi-value headers on.

The target group's attribute `lambda.multi_value_headers.enabled` decides; the event shows it.
"""

from __future__ import annotations

from . import alb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def matches(event: dict[str, Any]) -> bool:
    return event.get("multiValueHeaders") is not None and alb.matches(event)


decode_request = alb.decode_request
encode_response = alb.encode_response
encode_request = alb.encode_multi_request
decode_response = alb.decode_response
