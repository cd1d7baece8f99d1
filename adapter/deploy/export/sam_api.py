"""APIs and functions' URLs, as CloudFormation has them.

HTTP and WebSocket APIs are made of their parts; a REST API is an OpenAPI document, which takes one
resource where its parts would take dozens.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..tags import tag_list
from . import openapi
from .references import alias_of
from .sam_parts import resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .. import Resource
    from .sam_parts import Made

_V2 = "AWS::ApiGatewayV2::"
_V1 = "AWS::ApiGateway::"
_PARTS = ("Authorizers", "Integrations", "Routes", "Stages")


def _http_api(made: Made, one: Resource) -> dict[str, Any]:
    settings, api = one.settings, made.id(one)
    own = {name: value for name, value in settings.items() if name not in _PARTS}
    authorizers = _ids(made, one, "Authorizers")
    integrations = _ids(made, one, "Integrations")
    found = {api: resource(f"{_V2}Api", own)}
    for name, part in settings["Authorizers"].items():
        found[authorizers[name]] = _part("Authorizer", api, {"Name": name, **part})
    for name, part in settings["Integrations"].items():
        found[integrations[name]] = _part("Integration", api, part)
    for key, part in settings["Routes"].items():
        told = {"RouteKey": key, **_route(part, authorizers, integrations)}
        route = made.within(one, key, "Route")
        found[route] = _part("Route", api, told)
        if answers := part.get("RouteResponseSelectionExpression"):
            response = {"RouteId": {"Ref": route}, "RouteResponseKey": answers}
            found[f"{route}Response"] = _part("RouteResponse", api, response)
    # The routes first: https://github.com/aws/serverless-application-model/issues/2512
    before = [id_ for id_, part in found.items() if part["Type"] == f"{_V2}Route"]
    for name, part in settings["Stages"].items():
        told = {"ApiId": {"Ref": api}, "StageName": name, **part, "Tags": settings["Tags"]}
        found[made.within(one, "Stage")] = resource(f"{_V2}Stage", told, DependsOn=before)
    return found


def _ids(made: Made, one: Resource, parts: str) -> dict[str, str]:
    """By name; "Authorizers" is "Authorizer" in them."""
    return {name: made.within(one, name, parts[:-1]) for name in one.settings[parts]}


def _part(kind: str, api: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return resource(f"{_V2}{kind}", {"ApiId": {"Ref": api}, **properties})


def _route(
    part: Mapping[str, Any], authorizers: Mapping[str, str], integrations: Mapping[str, str]
) -> dict[str, Any]:
    """With ids in place of names."""
    to = integrations[part["Target"].removeprefix("integrations/")]
    told = {**part, "Target": {"Fn::Sub": f"integrations/${{{to}}}"}}
    if "AuthorizerId" in part:
        told["AuthorizerId"] = {"Ref": authorizers[part["AuthorizerId"]]}
    return told


def _rest_api(made: Made, one: Resource) -> dict[str, Any]:
    settings, api = one.settings, made.id(one)
    own = {
        "Name": settings["name"],
        "EndpointConfiguration": {"Types": settings["endpointConfiguration"]["types"]},
        "Body": openapi.of(one),
        "Tags": tag_list(settings["tags"]),
    }
    found = {api: resource(f"{_V1}RestApi", own)}
    for name, part in settings["stages"].items():
        found |= _rest_stage(made, one, name, part)
    for name, plan in settings["usagePlans"].items():
        found |= _usage_plan(made, one, name, plan)
    return found


def _rest_stage(made: Made, one: Resource, name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """A deployment shows what the API was, so that another API needs another one: its id tells.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-deployment.html
    """
    api = {"Ref": made.id(one)}
    deployment = made.within(one, "Deployment", part["deployment"].rpartition(" ")[2])
    stage = {
        "RestApiId": api,
        "DeploymentId": {"Ref": deployment},
        "StageName": name,
        "Variables": part["variables"],
        "MethodSettings": [
            _method_settings(path, of) for path, of in part["methodSettings"].items()
        ],
        "Tags": tag_list(one.settings["tags"]),
    }
    described = {"RestApiId": api, "Description": part["deployment"]}
    return {
        deployment: resource(f"{_V1}Deployment", described),
        _stage_id(one, made): resource(f"{_V1}Stage", stage),
    }


def _stage_id(one: Resource, made: Made) -> str:
    return f"{made.id(one)}Stage"


def _method_settings(path: str, limits: Mapping[str, Any]) -> dict[str, Any]:
    """Of "*/*", which is all methods of all paths."""
    resource_path, _, method = path.rpartition("/")
    upper = {name[0].upper() + name[1:]: value for name, value in limits.items()}
    return {"ResourcePath": f"/{resource_path}", "HttpMethod": method, **upper}


def _usage_plan(made: Made, one: Resource, name: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    """A key with a plan of its own. The key's value is a parameter: it is a secret."""
    key, id_ = (made.within(one, name, what) for what in ("Key", "UsagePlan"))
    value = made.parameter(
        f"{key}Value", NoEcho=True, MinLength=20, MaxLength=128, Description=f"The API key {name}"
    )
    tags = tag_list(one.settings["tags"])
    stages = [{"ApiId": {"Ref": made.id(one)}, "Stage": {"Ref": _stage_id(one, made)}}]
    limits = {
        part: {each[0].upper() + each[1:]: value for each, value in plan[part.lower()].items()}
        for part in ("Throttle", "Quota")
    }
    of_plan = {"UsagePlanName": name, "ApiStages": stages, **limits, "Tags": tags}
    link = {"KeyId": {"Ref": key}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": id_}}
    own = {"Name": name, "Enabled": True, "Value": value, "Tags": tags}
    return {
        key: resource(f"{_V1}ApiKey", own),
        id_: resource(f"{_V1}UsagePlan", of_plan),
        f"{id_}Key": resource(f"{_V1}UsagePlanKey", link),
    }


def _function_url(made: Made, one: Resource) -> dict[str, Any]:
    told = {"TargetFunctionArn": alias_of(one), **one.settings}
    return {made.id(one): resource("AWS::Lambda::Url", told)}


def _permission(made: Made, one: Resource) -> dict[str, Any]:
    told = {"FunctionName": alias_of(one), **one.settings}
    return {made.id(one): resource("AWS::Lambda::Permission", told)}


KINDS = {
    "http_api": _http_api,
    "websocket_api": _http_api,
    "rest_api": _rest_api,
    "function_url": _function_url,
    "permission": _permission,
}
