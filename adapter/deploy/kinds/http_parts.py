"""What is in an HTTP or a WebSocket API: authorizers, integrations, routes, stages.

Each has a name here and an id on AWS: an integration's name is its description. What has no name,
or one that another has already, is called by its id: nobody wants that, and it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import APP
from .pages import items_v2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Ids = dict[str, str]

_AUTHORIZER = {
    ("JWT", "HTTP"): ("IdentitySource", "JwtConfiguration"),
    ("REQUEST", "WEBSOCKET"): ("IdentitySource", "AuthorizerUri"),
    ("REQUEST", "HTTP"): (
        "IdentitySource",
        "AuthorizerUri",
        "AuthorizerPayloadFormatVersion",
        "AuthorizerResultTtlInSeconds",
        "EnableSimpleResponses",
    ),
}
_INTEGRATION = ("IntegrationType", "IntegrationUri", "PayloadFormatVersion", "TimeoutInMillis")
ANSWERS = "RouteResponseSelectionExpression"
_THROTTLING = ("ThrottlingRateLimit", "ThrottlingBurstLimit")


# How they are listed, what their names are and what their ids.
_LISTS = {
    "Authorizers": ("get_authorizers", "Name", "AuthorizerId"),
    "Integrations": ("get_integrations", "Description", "IntegrationId"),
    "Routes": ("get_routes", "RouteKey", "RouteId"),
    "Stages": ("get_stages", "StageName", "StageName"),
}


@dataclass(frozen=True)
class Parts:
    """`settings` as `wanted.api_http` has them; `ids` by kind and name."""

    settings: dict[str, dict[str, Any]]
    ids: dict[str, Ids]


def read(client: Any, api: str, protocol: str) -> Parts:
    listed = {
        what: _named(items_v2(client, operation, ApiId=api), name, key)
        for what, (operation, name, key) in _LISTS.items()
    }
    ids = {what: {name: id_ for name, (id_, _) in found.items()} for what, found in listed.items()}
    told = {
        what: {
            name: _told(what, {**one, "ProtocolType": protocol}, ids)
            for name, (_, one) in found.items()
            if _is_ours(one)
        }
        for what, found in listed.items()
    }
    return Parts(told, ids)


def _named(found: Iterable[dict[str, Any]], name: str, key: str) -> dict[str, tuple[str, Any]]:
    """{name: (id, what it is)}"""
    named: dict[str, tuple[str, Any]] = {}
    for one in found:
        called = one.get(name) or one[key]
        named[one[key] if called in named else called] = (one[key], one)
    return named


def _is_ours(one: Mapping[str, Any]) -> bool:
    """Only a stage has tags, and one without ours is somebody else's."""
    return "StageName" not in one or APP in one.get("Tags", {})


def _told(what: str, one: Mapping[str, Any], ids: Mapping[str, Ids]) -> dict[str, Any]:
    if what == "Authorizers":
        return _authorizer(one)
    if what == "Integrations":
        return {name: one.get(name) for name in _INTEGRATION}
    return _route(one, ids) if what == "Routes" else _stage(one)


def _authorizer(one: Mapping[str, Any]) -> dict[str, Any]:
    kind = one["AuthorizerType"]
    told = {name: one[name] for name in _AUTHORIZER[kind, one["ProtocolType"]] if name in one}
    told["IdentitySource"] = sorted(told.get("IdentitySource", ()))
    if kind == "REQUEST" and one["ProtocolType"] == "HTTP":
        told["EnableSimpleResponses"] = one.get("EnableSimpleResponses", False)
    if kind == "JWT":
        jwt = told.get("JwtConfiguration", {})
        told["JwtConfiguration"] = {**jwt, "Audience": sorted(jwt.get("Audience", ()))}
    return {"AuthorizerType": kind, **told}


def _route(one: Mapping[str, Any], ids: Mapping[str, Ids]) -> dict[str, Any]:
    target = _name(one.get("Target", "").removeprefix("integrations/"), ids["Integrations"])
    kind = one.get("AuthorizationType", "NONE")
    told = {"Target": f"integrations/{target}", "AuthorizationType": kind}
    if one.get(ANSWERS):
        told[ANSWERS] = one[ANSWERS]
    if kind == "NONE":
        return told
    return {
        **told,
        "AuthorizerId": _name(one.get("AuthorizerId", ""), ids["Authorizers"]),
        "AuthorizationScopes": sorted(one.get("AuthorizationScopes", ())),
    }


def _name(known: str, ids: Mapping[str, str]) -> str:
    """The name of what has this id; the id itself if nothing has it."""
    return next((name for name, one in ids.items() if one == known), known)


def _stage(one: Mapping[str, Any]) -> dict[str, Any]:
    limits = one.get("DefaultRouteSettings", {})
    return {
        "AutoDeploy": one.get("AutoDeploy", False),
        "StageVariables": {
            name: value for name, value in one.get("StageVariables", {}).items() if value
        },
        "DefaultRouteSettings": {name: limits[name] for name in _THROTTLING if name in limits},
    }


def cors_found(found: Mapping[str, Any]) -> dict[str, Any]:
    """As `wanted.api_parts.cors` writes them."""
    lists = {name: value for name, value in found.items() if isinstance(value, list) and value}
    told: dict[str, Any] = {
        name: sorted(each.upper() if name == "AllowMethods" else each.lower() for each in value)
        for name, value in lists.items()
    }
    if found.get("MaxAge"):
        told["MaxAge"] = found["MaxAge"]
    if found.get("AllowCredentials"):
        told["AllowCredentials"] = True
    return told
