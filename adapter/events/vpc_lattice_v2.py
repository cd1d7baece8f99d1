"""VPC Lattice with a Lambda target, event structure V2: lists of values, and who is calling.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
"""

from __future__ import annotations

from ..percent import parse_query
from . import _decode, _gateway, vpc_lattice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..message import Request


def matches(event: dict[str, Any]) -> bool:
    return event.get("version") == "2.0" and "method" in event and "path" in event


def decode_request(event: dict[str, Any], context: Any = None) -> Request:
    """Raises EventError, and BadRequestError for a body that can't be decoded."""
    identity = _decode.object_in(_decode.object_in(event, "requestContext"), "identity")
    return vpc_lattice.lattice_request(
        event,
        context,
        _decode.text_in(event, "path"),
        _decode.object_in(event, "queryStringParameters"),
        _decode.multi_headers(_decode.object_in(event, "headers")),
        _decode.body_in(event, event.get("isBase64Encoded")),
        _decode.first_text(identity.get("principal")),
    )


encode_response = vpc_lattice.encode_response
decode_response = vpc_lattice.decode_response


def encode_request(request: Request) -> dict[str, Any]:
    body, encoded = _gateway.body_by_type(request)
    pairs = [(name, _gateway.text(value)) for name, value in request.headers]
    arn = f"arn:aws:vpc-lattice:us-east-1:{_gateway.ACCOUNT}"
    return {
        "version": "2.0",
        "path": f"{request.path}?{request.query}" if request.query else request.path,
        "method": request.method,
        "headers": _gateway.all_values(pairs) or {},
        "queryStringParameters": _gateway.all_values(parse_query(request.query)) or {},
        "body": body,
        "isBase64Encoded": encoded,
        "requestContext": {
            "serviceNetworkArn": f"{arn}:servicenetwork/sn-local",
            "serviceArn": f"{arn}:service/svc-local",
            "targetGroupArn": f"{arn}:targetgroup/tg-local",
            "identity": {},
            "region": "us-east-1",
            "timeEpoch": str(_gateway.now()[1] * 1000),
        },
    }
