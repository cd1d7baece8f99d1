"""All items of a list that AWS gives page by page."""

from __future__ import annotations

from typing import Any

# The most that API Gateway gives at once; without a word it gives 25.
# https://docs.aws.amazon.com/apigateway/latest/api/API_GetRestApis.html
_MOST = 500


def items(client: Any, operation: str, **arguments: Any) -> list[dict[str, Any]]:
    """Of API Gateway, REST APIs and their parts."""
    pages = client.get_paginator(operation).paginate(
        **arguments, PaginationConfig={"PageSize": _MOST}
    )
    return [one for page in pages for one in page.get("items", ())]


def items_v2(client: Any, operation: str, **arguments: Any) -> list[dict[str, Any]]:
    """Of API Gateway, HTTP and WebSocket APIs and their parts."""
    pages = client.get_paginator(operation).paginate(**arguments)
    return [one for page in pages for one in page.get("Items", ())]
