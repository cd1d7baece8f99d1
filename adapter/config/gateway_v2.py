"""HTTP and WebSocket APIs as CloudFormation has them: AWS::ApiGatewayV2::Api and what refers to it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import API, authorizers, openapi
from .cloudformation import named
from .draft import Draft, cors, stage, throttle, timeout
from .schema import stage_variables

if TYPE_CHECKING:
    from .cloudformation import Resource, Template
    from .node import Node

_TYPE = "AWS::ApiGatewayV2::"


def build(found: Template, one: Resource) -> Draft:
    """Raises ConfigError."""
    node = one.properties
    is_websocket = node.get("ProtocolType").text() == "WEBSOCKET"
    draft = Draft("websocket" if is_websocket else "http_api", found.function)
    for each in found.whose(f"{_TYPE}Authorizer", one.id, "ApiId"):
        draft.authorizer(each.node, each.id, authorizers.v2(each.properties, draft.kind))
    if node.get("Body"):
        openapi.fill(draft, node.get("Body"))
    if node.get("BodyS3Location"):
        draft.notes.append("the API's BodyS3Location isn't a local file, so it isn't read")
    if node.get("Target"):  # quick create
        draft.add(node, node.get("RouteKey").text("$default"), node.get("Target").text())
    for each in found.whose(f"{_TYPE}Route", one.id, "ApiId"):
        _route(found, draft, each)
    _stage(found, draft, one)
    if node.get("CorsConfiguration"):
        draft.told["cors"] = cors(node.get("CorsConfiguration"), upper=True)
    if is_websocket:
        selection = node.get("RouteSelectionExpression").text(API.route_selection)
        draft.told["route_selection"] = selection
    return draft


def _route(found: Template, draft: Draft, one: Resource) -> None:
    node = one.properties
    integration = found.resources.get(named(node.get("Target").text()))
    to = integration.properties if integration else node.with_value(None)
    which = node.get("AuthorizationType").text()
    draft.unchecked["AWS_IAM"] = authorizers.NO_IAM
    key = node.get("RouteKey").required("GET /path, or $default").text()
    if openapi.is_mapped(to.get("IntegrationType"), to.get("IntegrationUri")):
        draft.mapped.append(key)
        return
    draft.add(
        node,
        key,
        to.get("IntegrationUri").text(),
        authorizer=which if which == "AWS_IAM" else named(node.get("AuthorizerId").text()),
        scopes=node.get("AuthorizationScopes").texts(),
        timeout=timeout(to.get("TimeoutInMillis")),
    )
    # CloudFormation's own default is 1.0
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-integration.html
    draft.formats.add(to.get("PayloadFormatVersion").text("1.0"))


def _stage(found: Template, draft: Draft, one: Resource) -> None:
    """The stage that is served: $default if there is one, else the first."""
    stages = [each.properties for each in found.whose(f"{_TYPE}Stage", one.id, "ApiId")]
    stages.sort(key=lambda node: node.get("StageName").text() != "$default")
    if stages:
        settings(draft, stages[0], stages[0].get("StageName"))


def settings(draft: Draft, node: Node, name: Node) -> None:
    """Add what a stage says, also of one that SAM makes."""
    limits = node.get("DefaultRouteSettings")
    draft.told |= {
        "stage": stage(draft, name),
        "stage_variables": stage_variables(node.get("StageVariables")),
        "throttle": throttle(limits.get("ThrottlingRateLimit"), limits.get("ThrottlingBurstLimit")),
    }
