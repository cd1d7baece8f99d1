"""An API as an OpenAPI 3.0 document with API Gateway's extensions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html

Account and region stay variables, which API Gateway fills in at the import:
https://docs.aws.amazon.com/apigateway/latest/developerguide/import-api-aws-variables.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .. import DeployError
from . import mapped, yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .. import Resource
    from . import Plan

_KINDS = ("http_api", "rest_api")
_X = "x-amazon-apigateway-"
_KEY = "api_key"
_PARAMETER = re.compile(r"\{([^}]+)\}")
_ANSWER = {"default": {"description": "What the function answers"}}


def text(plan: Plan) -> str:
    """The file. Raises DeployError if the plan has no such API."""
    found = [one for one in plan.resources if one.kind in _KINDS]
    if not found:
        raise DeployError(
            "OpenAPI describes an http_api and a rest_api, and this stage has neither: export it "
            "as sam or as terraform"
        )
    return yaml.text(mapped(of(found[0]), lambda sub: sub.text))


def of(api: Resource) -> dict[str, Any]:
    """Of an API: with a Sub for each ARN."""
    whole, operations, schemes = (_http if api.kind == "http_api" else _rest)(api.settings)
    paths: dict[str, dict[str, Any]] = {}
    for key, operation in operations.items():
        path, method = _place(key)
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.0.1",
        "info": {"title": api.name, "version": "1.0"},
        **whole,
        "paths": paths,
        **({"components": {"securitySchemes": schemes}} if schemes else {}),
    }


_Parts = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
"""What is of the API as a whole; operations by route key; security schemes by name."""


def _place(key: str) -> tuple[str, str]:
    """Path and method of "GET /users" or of "$default"."""
    method, _, path = key.rpartition(" ")
    if not method:
        return f"/{key}", f"{_X}any-method"
    return path, f"{_X}any-method" if method == "ANY" else method.lower()


def _http(settings: Mapping[str, Any]) -> _Parts:
    cors = {_lower(name): value for name, value in settings["CorsConfiguration"].items()}
    operations = {
        key: _http_operation(key, route, settings["Integrations"])
        for key, route in settings["Routes"].items()
    }
    schemes = {name: _http_scheme(one) for name, one in settings["Authorizers"].items()}
    return {f"{_X}cors": cors} if cors else {}, operations, schemes


def _http_operation(
    key: str, route: Mapping[str, Any], integrations: Mapping[str, Any]
) -> dict[str, Any]:
    to = integrations[route["Target"].removeprefix("integrations/")]
    asked = route.get("AuthorizerId")
    return {
        **({"isDefaultRoute": True} if key == "$default" else {}),
        # Its name has the plus in what API Gateway exports of an HTTP API.
        **_parameters(_PARAMETER.findall(key)),
        "responses": _ANSWER,
        **({"security": [{asked: list(route["AuthorizationScopes"])}]} if asked else {}),
        f"{_X}integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": to["IntegrationUri"],
            "connectionType": "INTERNET",
            "payloadFormatVersion": to["PayloadFormatVersion"],
            "timeoutInMillis": to["TimeoutInMillis"],
        },
    }


def _http_scheme(one: Mapping[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html"""
    identity = {"identitySource": ", ".join(one["IdentitySource"])} if one["IdentitySource"] else {}
    if one["AuthorizerType"] == "JWT":
        jwt = {_lower(name): value for name, value in one["JwtConfiguration"].items()}
        asked = {"type": "jwt", **identity, "jwtConfiguration": jwt}
        return {"type": "oauth2", "flows": {}, f"{_X}authorizer": asked}
    return {
        **_sent(one["IdentitySource"]),
        f"{_X}authorizer": {
            "type": "request",
            **identity,
            "authorizerUri": one["AuthorizerUri"],
            "authorizerPayloadFormatVersion": one["AuthorizerPayloadFormatVersion"],
            "authorizerResultTtlInSeconds": one["AuthorizerResultTtlInSeconds"],
            "enableSimpleResponses": one["EnableSimpleResponses"],
        },
    }


def _rest(settings: Mapping[str, Any]) -> _Parts:
    methods = settings["methods"]
    whole: dict[str, Any] = {f"{_X}binary-media-types": settings["binaryMediaTypes"]}
    schemes = {name: _rest_scheme(one) for name, one in settings["authorizers"].items()}
    if any(method["apiKeyRequired"] for method in methods.values()):
        whole[f"{_X}api-key-source"] = "HEADER"
        schemes[_KEY] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    return whole, {key: _rest_operation(key, one) for key, one in methods.items()}, schemes


def _rest_operation(key: str, method: Mapping[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {method["authorizerId"]: []} if "authorizerId" in method else {}
    security = {**asked, **({_KEY: []} if method["apiKeyRequired"] else {})}
    integration = {**method["methodIntegration"], "type": "aws_proxy", "httpMethod": "POST"}
    return {
        **_parameters(name.rstrip("+") for name in _PARAMETER.findall(key)),
        "responses": _ANSWER,
        **({"security": [security]} if security else {}),
        f"{_X}integration": integration,
    }


def _rest_scheme(one: Mapping[str, Any]) -> dict[str, Any]:
    sources = [part for part in one["identitySource"].split(",") if part]
    asked = {**one, "type": one["type"].lower()}
    if one["type"] == "TOKEN" or not sources:  # a token is in the header that the scheme names
        del asked["identitySource"]
    if not one["identityValidationExpression"]:
        del asked["identityValidationExpression"]
    return {**_sent(sources), f"{_X}authtype": "custom", f"{_X}authorizer": asked}


def _sent(sources: Iterable[str]) -> dict[str, Any]:
    """A scheme of what a client sends: the first header that an authorizer looks at."""
    names = [text.rpartition(".")[2] for text in sources if ".header." in text]
    return {"type": "apiKey", "name": names[0] if names else "Unused", "in": "header"}


def _parameters(names: Iterable[str]) -> dict[str, Any]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    return {"parameters": found} if found else {}


def _lower(name: str) -> str:
    """allowOrigins, as OpenAPI's extensions have what is AllowOrigins elsewhere."""
    return name[0].lower() + name[1:]
