"""REST APIs as CloudFormation has them: AWS::ApiGateway::RestApi and what refers to it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import Throttle, authorizers, openapi
from .cloudformation import named
from .draft import Draft, media_types, stage, throttle, timeout
from .schema import stage_variables
from .usage import keys_of

if TYPE_CHECKING:
    from .cloudformation import Resource, Template
    from .node import Node

_TYPE = "AWS::ApiGateway::"


def build(found: Template, one: Resource) -> Draft:
    """Raises ConfigError."""
    node, draft = one.properties, Draft("rest_api", found.function)
    for each in found.whose(f"{_TYPE}Authorizer", one.id, "RestApiId"):
        draft.authorizer(each.node, each.id, authorizers.v1(each.properties))
    draft.told["binary_media_types"] = ()
    if node.get("Body"):
        openapi.fill(draft, node.get("Body"))
    if node.get("BodyS3Location"):
        draft.notes.append("the API's BodyS3Location isn't a local file, so it isn't read")
    for each in found.whose(f"{_TYPE}Method", one.id, "RestApiId"):
        _method(found, draft, each, _path(found, one.id, each.properties.get("ResourceId").text()))
    types = (*draft.told["binary_media_types"], *media_types(node.get("BinaryMediaTypes")))
    draft.told["binary_media_types"] = tuple(dict.fromkeys(types))
    _stage(found, draft, one)
    if any(route.api_key for route, _ in draft.routes):
        draft.told["api_keys"] = keys_of(found, one.id, node.with_value(None))
    return draft


def _path(found: Template, api: str, resource: str) -> str:
    """The path of a resource, which knows its last segment and its parent."""
    parts: list[str] = []
    name = named(resource)
    while name != api and name in found.resources and len(parts) <= len(found.resources):
        node = found.resources[name].properties
        parts.insert(0, node.get("PathPart").text())
        name = named(node.get("ParentId").text())
    return "/" + "/".join(parts)


def _method(found: Template, draft: Draft, one: Resource, path: str) -> None:
    node = one.properties
    to, which = node.get("Integration"), node.get("AuthorizationType").text()
    draft.unchecked["AWS_IAM"] = authorizers.NO_IAM
    key = f"{node.get('HttpMethod').required('GET, or ANY').text().upper()} {path}"
    is_proxy = to.get("Type").text() == "AWS_PROXY"
    if openapi.is_mapped(to.get("Type"), to.get("Uri")):
        draft.mapped.append(key)
        return
    target = to.get("Uri").text() if is_proxy else ""
    draft.add(
        node,
        key,
        target,
        authorizer=which if which == "AWS_IAM" else named(node.get("AuthorizerId").text()),
        api_key=node.get("ApiKeyRequired").flag(),
        timeout=timeout(to.get("TimeoutInMillis")),
    )
    if to.get("ResponseTransferMode").text() == "STREAM" and is_proxy:
        draft.streaming.add(found.function(target))


def _stage(found: Template, draft: Draft, one: Resource) -> None:
    """The first stage, which is a resource of its own or a deployment's."""
    types = (f"{_TYPE}Stage", f"{_TYPE}Deployment")
    every = [each for type_ in types for each in found.whose(type_, one.id, "RestApiId")]
    stages = [each.properties for each in every if each.properties.get("StageName")]
    if stages:
        node = stages[0]
        draft.told |= {
            "stage": stage(draft, node.get("StageName")),
            "stage_variables": stage_variables(node.get("Variables")),
            "throttle": throttle_of(node.get("MethodSettings")),
        }


def throttle_of(settings: Node) -> Throttle | None:
    """What a stage's MethodSettings say of all methods."""
    for one in settings.elements():
        path, method = one.get("ResourcePath").text("/*"), one.get("HttpMethod").text("*")
        if path in ("/*", "*") and method == "*":
            return throttle(one.get("ThrottlingRateLimit"), one.get("ThrottlingBurstLimit"))
    return None
