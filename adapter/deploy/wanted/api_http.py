"""An HTTP API.

    {"Name": "shop-dev", "ProtocolType": "HTTP", "Tags": {…},
     "CorsConfiguration": {"AllowOrigins": ["*"]},
     "Authorizers":  {"users": {"AuthorizerType": "JWT", …}},
     "Integrations": {"shop": {"IntegrationType": "AWS_PROXY", …}},
     "Routes":       {"GET /": {"Target": "integrations/shop", "AuthorizerId": "users", …}},
     "Stages":       {"$default": {"AutoDeploy": True, …}}}

What has an id on AWS has its name here, also where a route refers to it.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...config import JWTAuthorizer
from .. import DeployError, Resource
from .api_parts import alias_arn, cors, invocation_uri, milliseconds, throttling

if TYPE_CHECKING:
    from ...config import API, Authorizer, Route
    from ..deployment import Deployment

DEFAULT_STAGE = "$default"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
LONGEST_MS = 30_000


def of(deployment: Deployment) -> Resource:
    api, stage = deployment.project.api, deployment.stage
    name = f"{deployment.app}-{stage}"
    settings = {
        "Name": name,
        "ProtocolType": "HTTP",
        "Tags": deployment.stage_tags,
        "CorsConfiguration": _cors(api),
        "Authorizers": {
            each: _authorizer(one, stage) for each, one in sorted(api.authorizers.items())
        },
        "Integrations": {
            integration_name(route, LONGEST_MS): _integration(route, api, stage)
            for route in api.routes
        },
        "Routes": {route.key: _route(route, api) for route in api.routes},
        "Stages": stages(api, api.stage or DEFAULT_STAGE),
    }
    return Resource("http_api", name, settings, {"tags": deployment.stage_tags})


def _cors(api: API) -> dict[str, Any]:
    """Raises DeployError for what AWS refuses: https://github.com/aws/aws-cdk/issues/9076"""
    found = cors(api.cors)
    if found.get("AllowCredentials") and "*" in found.get("AllowOrigins", ()):
        raise DeployError(
            "an HTTP API takes no allow-credentials if its allow-origins are *: name the origins "
            "under [tool.adapter.cors], or leave allow-credentials out"
        )
    return found


def integration_name(route: Route, longest: int) -> str:
    """Routes to one function share an integration, unless they wait for another time."""
    wait = milliseconds(route.timeout, longest)
    return route.function if wait == longest else f"{route.function} {wait} ms"


def _integration(route: Route, api: API, stage: str) -> dict[str, Any]:
    return {
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": alias_arn(route.function, stage),
        "PayloadFormatVersion": "1.0" if api.kind == "http_api_v1" else "2.0",
        "TimeoutInMillis": milliseconds(route.timeout, LONGEST_MS),
    }


def _route(route: Route, api: API) -> dict[str, Any]:
    target = f"integrations/{integration_name(route, LONGEST_MS)}"
    if not route.authorizer:
        return {"Target": target, "AuthorizationType": "NONE"}
    jwt = isinstance(api.authorizers[route.authorizer], JWTAuthorizer)
    return {
        "Target": target,
        "AuthorizationType": "JWT" if jwt else "CUSTOM",
        "AuthorizerId": route.authorizer,
        "AuthorizationScopes": sorted(route.scopes),
    }


def _authorizer(one: Authorizer, stage: str) -> dict[str, Any]:
    if isinstance(one, JWTAuthorizer):
        return {
            "AuthorizerType": "JWT",
            "IdentitySource": [one.identity],
            "JwtConfiguration": {"Audience": sorted(one.audience), "Issuer": one.issuer},
        }
    return {
        "AuthorizerType": "REQUEST",
        "IdentitySource": sorted(one.identity),
        "AuthorizerUri": invocation_uri(one.function, stage),
        "AuthorizerPayloadFormatVersion": one.payload,
        "AuthorizerResultTtlInSeconds": one.ttl,
        "EnableSimpleResponses": one.simple,
    }


def stages(api: API, name: str) -> dict[str, Any]:
    """The one stage that there is. An empty variable is none, as on AWS."""
    return {
        name: {
            "AutoDeploy": True,
            "StageVariables": {key: value for key, value in api.stage_variables.items() if value},
            "DefaultRouteSettings": throttling(api.throttle),
        }
    }
