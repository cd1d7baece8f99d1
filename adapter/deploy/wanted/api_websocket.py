"""A WebSocket API: as an HTTP API, with what is another in it.

It has a stage with a name, its integrations have the URI of a call in place of a function's ARN,
and only `$connect` can have an authorizer. What is answered to a message goes back to its sender,
as on the laptop, since its route has a route response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...config import LambdaAuthorizer
from .. import DeployError, Resource
from .api_http import integration_name, stages
from .api_parts import invocation_uri, milliseconds

if TYPE_CHECKING:
    from ...config import API, Authorizer, Route
    from ..deployment import Deployment

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
LONGEST_MS = 29_000


def of(deployment: Deployment) -> Resource:
    """Raises DeployError."""
    api, stage = deployment.project.api, deployment.stage
    name = f"{deployment.app}-{stage}"
    settings = {
        "Name": name,
        "ProtocolType": "WEBSOCKET",
        "RouteSelectionExpression": api.route_selection,
        "Tags": deployment.stage_tags,
        "Authorizers": {
            each: _authorizer(one, stage) for each, one in sorted(api.authorizers.items())
        },
        "Integrations": {
            integration_name(route, LONGEST_MS): _integration(route, stage) for route in api.routes
        },
        "Routes": {route.key: _route(route, api) for route in api.routes},
        "Stages": stages(api, api.stage or stage),
    }
    return Resource("websocket_api", name, settings, {"tags": deployment.stage_tags})


def _integration(route: Route, stage: str) -> dict[str, Any]:
    return {
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": invocation_uri(route.function, stage),
        "PayloadFormatVersion": "1.0",
        "TimeoutInMillis": milliseconds(route.timeout, LONGEST_MS),
    }


def _route(route: Route, api: API) -> dict[str, Any]:
    target = f"integrations/{integration_name(route, LONGEST_MS)}"
    if route.key not in ("$connect", "$disconnect"):
        answers = {"RouteResponseSelectionExpression": "$default"}
    else:
        answers = {}
    if not route.authorizer:
        return {"Target": target, "AuthorizationType": "NONE", **answers}
    if route.key != "$connect":
        raise DeployError(
            f"the route {route.key!r} has an authorizer, and of a WebSocket API only $connect "
            "can have one: move it there"
        )
    return {
        "Target": target,
        "AuthorizationType": "CUSTOM",
        "AuthorizerId": route.authorizer,
        "AuthorizationScopes": [],
    }


def _authorizer(one: Authorizer, stage: str) -> dict[str, Any]:
    """Of a Lambda function; other ones `config` refuses for a WebSocket API."""
    assert isinstance(one, LambdaAuthorizer)
    return {
        "AuthorizerType": "REQUEST",
        "IdentitySource": sorted(one.identity),
        "AuthorizerUri": invocation_uri(one.function, stage),
    }
