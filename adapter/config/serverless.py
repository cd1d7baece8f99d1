"""The APIs that SAM makes of its own resources and of the events of functions.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import API, authorizers, openapi
from .cloudformation import FUNCTIONS, Template, is_local, named
from .document import load
from .draft import OPEN, Draft, cors, media_types, stage, timeout
from .gateway_v1 import throttle_of
from .gateway_v2 import settings
from .intrinsic import resolved
from .schema import stage_variables
from .usage import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cloudformation import Resource
    from .node import Node

IMPLICIT = {"HttpApi": "ServerlessHttpApi", "Api": "ServerlessRestApi"}
_OWNER = {"HttpApi": "ApiId", "Api": "RestApiId"}


def events(found: Template, kind: str, api: str) -> Iterator[tuple[str, Node]]:
    """(function, properties) of each event of a kind that an API gets."""
    for one in found.of("AWS::Serverless::Function"):
        for _, event in one.properties.get("Events").items():
            if event.get("Type").text() == kind:
                node = event.get("Properties")
                owner = node.get(_OWNER[kind]).text()
                if (named(owner) if owner else IMPLICIT[kind]) == api:
                    yield one.id, node


def http_api(found: Template, one: Resource | None) -> Draft:
    """AWS::Serverless::HttpApi, or None for the implicit one.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-httpapi.html
    """
    node = one.properties if one else found.general("HttpApi")
    draft = Draft("http_api", found.function)
    default = _auth(draft, node.get("Auth"))
    _definition(found, draft, node, authorizer=default)
    for function, event in events(found, "HttpApi", one.id if one else IMPLICIT["HttpApi"]):
        _http_event(draft, function, event, default)
    settings(draft, node, node.get("StageName"))
    _http_cors(draft, node.get("CorsConfiguration"))
    return draft


def _http_cors(draft: Draft, node: Node) -> None:
    """A mapping, or true for all origins, or one origin."""
    if isinstance(node.value, dict):
        draft.told["cors"] = cors(node, upper=True)
    elif node and node.value not in (False, "false"):
        origin = "*" if node.value in (True, "true") else node.text()
        draft.told["cors"] = cors(node.with_value({"AllowOrigins": [origin]}), upper=True)


def rest_api(found: Template, one: Resource | None) -> Draft:
    """AWS::Serverless::Api, or None for the implicit one.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-api.html
    """
    node = one.properties if one else found.general("Api")
    draft = Draft("rest_api", found.function)
    draft.told["binary_media_types"] = ()
    _rest_routes(found, draft, node, one.id if one else IMPLICIT["Api"])
    types = (*draft.told["binary_media_types"], *media_types(node.get("BinaryMediaTypes")))
    draft.told |= {
        "stage": stage(draft, node.get("StageName")) if one else "Prod",
        "stage_variables": stage_variables(node.get("Variables")),
        "binary_media_types": tuple(dict.fromkeys(types)),
        "throttle": throttle_of(node.get("MethodSettings")),
    }
    if node.get("Cors"):
        draft.notes.append("SAM's OPTIONS methods for Cors aren't served here")
    return draft


def _rest_routes(found: Template, draft: Draft, node: Node, name: str) -> None:
    """Those of its document and of events, and the API keys that they want."""
    auth = node.get("Auth")
    default, with_key = _auth(draft, auth), auth.get("ApiKeyRequired").flag()
    is_whole = _definition(found, draft, node, authorizer=default, api_key=with_key)
    # SAM leaves a REST API's own document alone, unless it is told to add the events to it
    if not is_whole or node.get("MergeDefinitions").flag():
        for function, event in events(found, "Api", name):
            _rest_event(draft, function, event, default, auth)
    if any(route.api_key for route, _ in draft.routes):
        draft.told["api_keys"] = keys_of(found, name, auth.get("UsagePlan"))


def _auth(draft: Draft, node: Node) -> str:
    """Read the authorizers. The name of the default one."""
    draft.unchecked["AWS_IAM"] = authorizers.NO_IAM
    for name, one in node.get("Authorizers").items():
        draft.authorizer(one, name, authorizers.sam(one, draft.kind))
        draft.scopes[name] = one.get("AuthorizationScopes").texts()
    return node.get("DefaultAuthorizer").text()


def _definition(found: Template, draft: Draft, node: Node, **defaults: Any) -> bool:
    """Read an API's OpenAPI document, which is in the template or beside it. Whether it has one."""
    body, uri = node.get("DefinitionBody"), node.get("DefinitionUri")
    if not body and is_local(uri):
        body = load(uri.file.parent / uri.text())
        body = body.with_value(resolved(body.value, found.scope))
    elif not body and uri:
        draft.notes.append("the API's DefinitionUri isn't a local file, so it isn't read")
    if body:
        openapi.fill(draft, body, **defaults)
    return bool(body)


def _http_event(draft: Draft, function: str, node: Node, default: str) -> None:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-httpapi.html"""
    path, auth = node.get("Path").text("$default"), node.get("Auth")
    method = _method(node.get("Method").text("ANY"))
    key = "$default" if path.lstrip("/") == "$default" else f"{method} {path}"
    draft.formats.add(node.get("PayloadFormatVersion").text("2.0"))
    _replace(draft, key)
    draft.add(
        node,
        key,
        function,
        authorizer=auth.get("Authorizer").text(default),
        scopes=auth.get("AuthorizationScopes").texts(),
        timeout=timeout(node.get("TimeoutInMillis")),
    )


def _rest_event(draft: Draft, function: str, node: Node, default: str, general: Node) -> None:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-api.html"""
    method = _method(node.get("Method").required("GET, or ANY").text())
    key = f"{method} {node.get('Path').required('a path, as /users').text()}"
    auth = node.get("Auth")
    needs_key = auth.get("ApiKeyRequired") or general.get("ApiKeyRequired")
    _replace(draft, key)
    draft.add(
        node,
        key,
        function,
        authorizer=auth.get("Authorizer").text(default),
        api_key=needs_key.flag(),
        timeout=timeout(node.get("TimeoutInMillis")),
    )
    if node.get("ResponseTransferMode").text() == "RESPONSE_STREAM":
        draft.streaming.add(function)


def _method(text: str) -> str:
    """SAM takes a method in any case, and has other words for ANY."""
    return "ANY" if text in ("*", "x-amazon-apigateway-any-method") else text.upper()


def _replace(draft: Draft, key: str) -> None:
    """An event counts in place of the same route of a document."""
    draft.routes = [
        (route, node) for route, node in draft.routes if route.key != key or "Events" in node.steps
    ]


def websocket(found: Template, one: Resource) -> Draft:
    """AWS::Serverless::WebSocketApi

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-websocketapi.html
    """
    node, draft = one.properties, Draft("websocket", found.function)
    asked = _connect_authorizer(draft, one.id, node.get("Auth"))
    for key, route in node.get("Routes").items():
        draft.add(
            route,
            key,
            route.get("FunctionArn").text(),
            authorizer=asked if key == "$connect" else "",
            timeout=timeout(route.get("IntegrationTimeout")),
        )
    name = node.get("StageName")
    settings(draft, node, name if name else name.with_value("default"))
    draft.told["route_selection"] = node.get("RouteSelectionExpression").text(API.route_selection)
    return draft


def _connect_authorizer(draft: Draft, api: str, node: Node) -> str:
    """Its name, which SAM makes up."""
    draft.unchecked["AWS_IAM"] = authorizers.NO_IAM
    if node.get("AuthType").text() != "CUSTOM":
        return node.get("AuthType").text(OPEN)
    name, target = f"{api}ConnectAuthorizer", node.get("AuthArn").text()
    identity = node.get("IdentitySource").texts()
    made = authorizers.asking(target, draft.kind, identity, node.get("ReauthorizeEvery"))
    draft.authorizer(node, name, made)
    return name


def function_url(found: Template, one: Resource) -> Draft:
    """A function's URL: its own FunctionUrlConfig, or an AWS::Lambda::Url.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
    """
    inside = one.type in FUNCTIONS
    node = one.properties.get("FunctionUrlConfig") if inside else one.properties
    function = one.id if inside else node.get("TargetFunctionArn").text()
    draft = Draft("function_url", found.function)
    draft.add(node, "$default", function)
    if node.get("InvokeMode").text() == "RESPONSE_STREAM":
        draft.streaming.add(found.function(function))
    if node.get("AuthType").text() == "AWS_IAM":
        draft.notes.append(f"the function URL is open: {authorizers.NO_IAM}")
    if node.get("Cors"):
        draft.told["cors"] = cors(node.get("Cors"), upper=True)
    return draft
