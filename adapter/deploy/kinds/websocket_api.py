"""A WebSocket API, which API Gateway has among its HTTP APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import http_api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .. import Found, Resource
    from ..aws import AWS

PROTOCOL = "WEBSOCKET"

create, change, delete = http_api.create, http_api.change, http_api.delete


def read(aws: AWS, wanted: Resource) -> Found | None:
    return http_api.read(aws, wanted, PROTOCOL)


def listed(aws: AWS, app: str) -> Iterator[Found]:
    return http_api.listed(aws, app, "websocket_api", PROTOCOL)
