"""APIs and functions' URLs, as Terraform's AWS provider has them.

HTTP and WebSocket APIs are made of their parts; a REST API is an OpenAPI document, which takes one
resource where its parts would take dozens.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/apigatewayv2_api
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/api_gateway_rest_api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import openapi
from .hcl import Block, Encoded, Expression
from .references import fresh
from .terraform_parts import arguments, renamed, snake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource
    from .terraform_parts import Made

    Blocks = Iterator[tuple[str, Block]]

_V2 = "aws_apigatewayv2_"
_V1 = "aws_api_gateway_"
# What the provider calls otherwise than AWS.
_NAMES = {
    "auth_type": "authorization_type",
    "identity_source": "identity_sources",
    "timeout_in_millis": "timeout_milliseconds",
}
_PARTS = ("Authorizers", "Integrations", "Routes", "Stages")


def _http_api(made: Made, one: Resource) -> Blocks:
    settings, label = one.settings, made.label(one)
    api = {"api_id": Expression(f"{_V2}api.{label}.id")}
    own = {name: value for name, value in settings.items() if name not in _PARTS}
    labels = {parts: _labels(label, settings[parts]) for parts in _PARTS}
    yield made.resource(f"{_V2}api", label, arguments(own))
    for name, part in settings["Authorizers"].items():
        told = {**api, "name": name, **renamed(arguments(part), _NAMES)}
        yield made.resource(f"{_V2}authorizer", labels["Authorizers"][name], told)
    for name, part in settings["Integrations"].items():
        told = {**api, **renamed(arguments(part), _NAMES)}
        yield made.resource(f"{_V2}integration", labels["Integrations"][name], told)
    for key, part in settings["Routes"].items():
        told = {**api, "route_key": key, **_route(part, labels)}
        route = labels["Routes"][key]
        yield made.resource(f"{_V2}route", route, told)
        if answers := part.get("RouteResponseSelectionExpression"):
            of_route = {"route_id": Expression(f"{_V2}route.{route}.id")}
            response = {**api, **of_route, "route_response_key": answers}
            yield made.resource(f"{_V2}route_response", route, response)
    # The routes first: https://github.com/aws/serverless-application-model/issues/2512
    before = [Expression(f"{_V2}route.{route}") for route in labels["Routes"].values()]
    for name, part in settings["Stages"].items():
        told = {**api, "name": name, **arguments(part), "tags": settings["Tags"]}
        told["depends_on"] = before
        yield made.resource(f"{_V2}stage", label, told)


def _labels(api: str, names: Mapping[str, Any]) -> dict[str, str]:
    taken: set[str] = set()
    return {name: fresh(snake(f"{api}-{name}"), taken) for name in names}


def _route(part: Mapping[str, Any], labels: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """With ids in place of names."""
    to = labels["Integrations"][part["Target"].removeprefix("integrations/")]
    told = {
        **arguments(part),
        "target": Expression(f'"integrations/${{{_V2}integration.{to}.id}}"'),
    }
    if "AuthorizerId" in part:
        asked = labels["Authorizers"][part["AuthorizerId"]]
        told["authorizer_id"] = Expression(f"{_V2}authorizer.{asked}.id")
    return told


def _rest_api(made: Made, one: Resource) -> Blocks:
    """A deployment shows what the API was, so that another API needs another one."""
    settings, label = one.settings, made.label(one)
    own = {
        "name": settings["name"],
        "body": Encoded(openapi.of(one)),
        "endpoint_configuration": Block({"types": settings["endpointConfiguration"]["types"]}),
        "tags": settings["tags"],
    }
    yield made.resource(f"{_V1}rest_api", label, own)
    for name, part in settings["stages"].items():
        yield from _rest_stage(made, one, name, part)
    for name, plan in settings["usagePlans"].items():
        yield from _usage_plan(made, one, name, plan)


def _rest_stage(made: Made, one: Resource, name: str, part: Mapping[str, Any]) -> Blocks:
    """https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/api_gateway_deployment"""
    label = made.label(one)
    api = {"rest_api_id": Expression(f"{_V1}rest_api.{label}.id")}
    body = Expression(f"sha1({_V1}rest_api.{label}.body)")
    deployment = {
        **api,
        "description": part["deployment"],
        "triggers": {"body": body},
        "lifecycle": Block({"create_before_destroy": True}),
    }
    stage = {
        **api,
        "deployment_id": Expression(f"{_V1}deployment.{label}.id"),
        "stage_name": name,
        "variables": part["variables"],
        "tags": one.settings["tags"],
    }
    yield made.resource(f"{_V1}deployment", label, deployment)
    yield made.resource(f"{_V1}stage", label, stage)
    for path, limits in part["methodSettings"].items():
        told = {
            **api,
            "stage_name": Expression(f"{_V1}stage.{label}.stage_name"),
            "method_path": path,
            "settings": Block(_limits(limits)),
        }
        yield made.resource(f"{_V1}method_settings", label, told)


def _limits(found: Mapping[str, Any]) -> dict[str, Any]:
    return arguments({name[0].upper() + name[1:]: value for name, value in found.items()})


def _usage_plan(made: Made, one: Resource, name: str, plan: Mapping[str, Any]) -> Blocks:
    """A key with a plan of its own. The key's value is a variable: it is a secret."""
    label = snake(f"{made.label(one)}-{name}")
    value = made.variable(f"{label}_api_key", f"The API key {name}", sensitive=True)
    stage = f"{_V1}stage.{made.label(one)}"
    stages = {
        "api_id": Expression(f"{stage}.rest_api_id"),
        "stage": Expression(f"{stage}.stage_name"),
    }
    of_plan = {
        "name": name,
        "api_stages": Block(stages),
        "throttle_settings": Block(_limits(plan["throttle"])) if plan["throttle"] else None,
        "quota_settings": Block(_limits(plan["quota"])) if plan["quota"] else None,
        "tags": one.settings["tags"],
    }
    link = {
        "key_id": Expression(f"{_V1}api_key.{label}.id"),
        "key_type": "API_KEY",
        "usage_plan_id": Expression(f"{_V1}usage_plan.{label}.id"),
    }
    own = {"name": name, "value": value, "tags": one.settings["tags"]}
    yield made.resource(f"{_V1}api_key", label, own)
    yield made.resource(f"{_V1}usage_plan", label, of_plan)
    yield made.resource(f"{_V1}usage_plan_key", label, link)


def _of_alias(made: Made, one: Resource) -> dict[str, Any]:
    """A function's name and alias, as arguments, where its ARN isn't taken."""
    label = made.labels["function", one.name.partition("/")[0]]
    return {
        "function_name": Expression(f"aws_lambda_alias.{label}.function_name"),
        "qualifier": Expression(f"aws_lambda_alias.{label}.name"),
    }


def _function_url(made: Made, one: Resource) -> Blocks:
    told = {**_of_alias(made, one), **renamed(arguments(one.settings), _NAMES)}
    yield made.resource("aws_lambda_function_url", made.label(one), told)


def _permission(made: Made, one: Resource) -> Blocks:
    statement = {"statement_id": one.name.partition("/")[2]}
    told = {**statement, **_of_alias(made, one), **arguments(one.settings)}
    yield made.resource("aws_lambda_permission", made.label(one), told)


KINDS = {
    "http_api": _http_api,
    "websocket_api": _http_api,
    "rest_api": _rest_api,
    "function_url": _function_url,
    "permission": _permission,
}
