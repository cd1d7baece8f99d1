"""A function's URL, open to all: the alias's own.

    {"AuthType": "NONE", "InvokeMode": "BUFFERED", "Cors": {}}

The statements come before the URL: by them it is known as one of ours.

https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import DeployError, Resource
from .api_parts import cors, permission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..deployment import Deployment

# Since October 2025 a URL needs both, also for a call without a signature:
# https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
_STATEMENTS: dict[str, dict[str, Any]] = {
    "url": {
        "Action": "lambda:InvokeFunctionUrl",
        "Principal": "*",
        "FunctionUrlAuthType": "NONE",
    },
    "url-invoke": {
        "Action": "lambda:InvokeFunction",
        "Principal": "*",
        "InvokedViaFunctionUrl": True,
    },
}


def of(deployment: Deployment) -> Iterator[Resource]:
    name = deployment.project.api.routes[0].function
    for what, settings in _STATEMENTS.items():
        yield permission(deployment, name, what, settings)
    streams = deployment.project.functions[name].stream
    settings = {
        "AuthType": "NONE",
        "InvokeMode": "RESPONSE_STREAM" if streams else "BUFFERED",
        "Cors": _cors(deployment),
    }
    alias = f"{name}:{deployment.stage}"
    yield Resource("function_url", alias, settings, {"tags": deployment.stage_tags})


def _cors(deployment: Deployment) -> dict[str, Any]:
    """Without OPTIONS, which a URL answers by itself and whose name it refuses: it is too long.

    https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html

    Raises DeployError.
    """
    found = cors(deployment.project.api.cors)
    if found.get("MaxAge", 0) < 0:
        raise DeployError(
            "the max-age of a function URL is 0 to 86400: set another one under [tool.adapter.cors]"
        )
    methods = [each for each in found.get("AllowMethods", ()) if each != "OPTIONS"]
    return {**found, "AllowMethods": methods} if methods else _without(found, "AllowMethods")


def _without(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != name}
