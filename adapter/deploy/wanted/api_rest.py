"""A REST API.

    {"name": "shop-dev", "tags": {…}, "binaryMediaTypes": ["*/*"],
     "endpointConfiguration": {"types": ["REGIONAL"]},
     "authorizers": {"users": {"type": "TOKEN", …}},
     "resources":   ["/", "/{proxy+}"],
     "methods":     {"ANY /": {"authorizationType": "NONE", "methodIntegration": {…}, …}},
     "stages":      {"dev": {"deployment": "adapter 0f3a…", "variables": {}, …}},
     "usagePlans":  {"partner": {"apiKey": "5e88…", "throttle": {…}, "quota": {…}}}}

What has an id on AWS has its name here. `deployment` is the description of the one that the stage
shows: a digest of all that is deployed, so that a new one is made only of something new.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ...config import LambdaAuthorizer
from .. import DeployError, Resource, Sub
from .api_parts import invocation_uri, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...config import API, APIKey, Authorizer, Route, Throttle
    from ..deployment import Deployment

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
BUFFERED_MS = 29_000
STREAM_MS = 900_000
# https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html
_SHORTEST_KEY, _LONGEST_KEY = 20, 128


def of(deployment: Deployment) -> Resource:
    """Raises DeployError for paths and keys that AWS refuses."""
    api = deployment.project.api
    name = f"{deployment.app}-{deployment.stage}"
    resources = _paths(api.routes)
    _check_variables(resources)
    built = _built(deployment)
    settings = {
        "name": name,
        "tags": deployment.stage_tags,
        "endpointConfiguration": {"types": ["REGIONAL"]},
        **built,
        "resources": resources,
        "stages": {api.stage or deployment.stage: _stage(api, built)},
        "usagePlans": {key.name: _plan(key) for key in api.api_keys},
    }
    values = {key.name: key.value for key in api.api_keys}
    given = {"tags": deployment.stage_tags, "apiKeys": values}
    return Resource("rest_api", name, settings, given)


def _built(deployment: Deployment) -> dict[str, Any]:
    """What a deployment is made of."""
    api, stage = deployment.project.api, deployment.stage
    return {
        "binaryMediaTypes": sorted(api.binary_media_types),
        "authorizers": {
            each: _authorizer(one, stage) for each, one in sorted(api.authorizers.items())
        },
        "methods": {route.key: _method(route, deployment) for route in api.routes},
    }


def _stage(api: API, built: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(built, sort_keys=True, default=_plain)
    return {
        "deployment": f"adapter {hashlib.sha256(text.encode()).hexdigest()[:16]}",
        "variables": dict(api.stage_variables),
        "methodSettings": _method_settings(api.throttle),
    }


def _plain(value: Sub) -> str:
    return value.text


def _method_settings(found: Throttle | None) -> dict[str, Any]:
    if found is None:
        return {}
    limits = {"throttlingRateLimit": float(found.rate), "throttlingBurstLimit": found.burst}
    return {"*/*": limits}


def _method(route: Route, deployment: Deployment) -> dict[str, Any]:
    streams = deployment.project.functions[route.function].stream
    told: dict[str, Any] = {
        "authorizationType": "CUSTOM" if route.authorizer else "NONE",
        "apiKeyRequired": route.api_key,
        "methodIntegration": {
            "type": "AWS_PROXY",
            "uri": invocation_uri(route.function, deployment.stage, streams=streams),
            "timeoutInMillis": milliseconds(route.timeout, STREAM_MS if streams else BUFFERED_MS),
            "responseTransferMode": "STREAM" if streams else "BUFFERED",
        },
    }
    return {**told, "authorizerId": route.authorizer} if route.authorizer else told


def _authorizer(one: Authorizer, stage: str) -> dict[str, Any]:
    """Of a Lambda function; other ones `config` refuses for a REST API."""
    assert isinstance(one, LambdaAuthorizer)
    return {
        "type": one.kind.upper(),
        "authorizerUri": invocation_uri(one.function, stage),
        "identitySource": ",".join(sorted(one.identity)),
        "identityValidationExpression": one.pattern,
        "authorizerResultTtlInSeconds": one.ttl,
    }


def _plan(key: APIKey) -> dict[str, Any]:
    """Without the key's value, since plans are shown. Raises DeployError."""
    if not _SHORTEST_KEY <= len(key.value) <= _LONGEST_KEY:
        raise DeployError(
            f"the API key {key.name} has {len(key.value)} characters; AWS takes {_SHORTEST_KEY} "
            f"to {_LONGEST_KEY}: set another value under [tool.adapter.api-keys.{key.name}]"
        )
    limit = key.throttle
    return {
        "apiKey": fingerprint(key.value),
        "throttle": {"rateLimit": float(limit.rate), "burstLimit": limit.burst} if limit else {},
        "quota": {"limit": key.quota, "period": key.period} if key.quota is not None else {},
    }


def fingerprint(value: str) -> str:
    """By which two values of a key are told apart, and neither is read."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def _paths(routes: Iterable[Route]) -> list[str]:
    """All paths that there must be, parents before children."""
    found = {"/"}
    for route in routes:
        segments = route.path[1:].split("/") if route.path != "/" else []
        if "" in segments:
            raise DeployError(
                f"the route {route.key!r} has an empty segment, and a REST API has no such "
                "path: leave out the / at its end, or use kind http_api"
            )
        found |= {"/" + "/".join(segments[:end]) for end in range(len(segments) + 1)}
    return sorted(found, key=lambda path: (path.count("/") if path != "/" else 0, path))


def _check_variables(paths: Iterable[str]) -> None:
    """A resource has one child with a variable: "A sibling of this resource already has …".

    https://github.com/amazon-archives/aws-apigateway-importer/issues/202
    """
    seen: dict[str, str] = {}
    for path in paths:
        parent, _, last = path.rpartition("/")
        if last.startswith("{") and seen.setdefault(parent, last) != last:
            raise DeployError(
                f"below {parent or '/'} there are {seen[parent]} and {last}: a REST API takes one "
                "variable in each place; give them one name, or use kind http_api"
            )
