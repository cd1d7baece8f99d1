"""What a deployment of a REST API is made of: authorizers, resources, methods.

https://docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html
https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .pages import items

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .. import Tell

_AUTHORIZER = ("type", "authorizerUri", "identitySource", "identityValidationExpression")
_TTL = "authorizerResultTtlInSeconds"
_INTEGRATION = ("type", "uri", "timeoutInMillis")
_STREAMS = "/response-streaming-invocations"


@dataclass(frozen=True)
class Methods:
    """What is there: `settings` as `wanted.api_rest` has them.

    paths        the ids of resources
    authorizers  the ids of authorizers by name
    """

    settings: dict[str, Any]
    paths: dict[str, str]
    authorizers: dict[str, str]


def read(client: Any, api: str) -> Methods:
    authorizers = _named(items(client, "get_authorizers", restApiId=api))
    resources = items(client, "get_resources", restApiId=api, embed=["methods"])
    ids = {name: one["id"] for name, one in authorizers.items()}
    settings = {
        "authorizers": {name: _authorizer(one) for name, one in authorizers.items()},
        "resources": sorted((one["path"] for one in resources), key=depth),
        "methods": {
            f"{verb} {one['path']}": _method(method, ids)
            for one in resources
            for verb, method in one.get("resourceMethods", {}).items()
        },
    }
    return Methods(settings, {one["path"]: one["id"] for one in resources}, ids)


def depth(path: str) -> tuple[int, str]:
    """Parents before children."""
    return (path.count("/") if path != "/" else 0, path)


def _named(found: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By name; a second one of a name by its id, so that it goes."""
    named: dict[str, dict[str, Any]] = {}
    for one in found:
        named[one["id"] if one["name"] in named else one["name"]] = one
    return named


def _authorizer(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: one.get(name) or "" for name in _AUTHORIZER}, _TTL: one.get(_TTL, 300)}


def _method(one: Mapping[str, Any], authorizers: Mapping[str, str]) -> dict[str, Any]:
    """A method without an integration is half made."""
    kind = one["authorizationType"]
    told = {
        "authorizationType": kind,
        "apiKeyRequired": one.get("apiKeyRequired", False),
        "methodIntegration": _integration(one.get("methodIntegration") or {}),
    }
    if kind == "NONE":
        return told
    known = one.get("authorizerId")
    return {**told, "authorizerId": next((n for n, id_ in authorizers.items() if id_ == known), "")}


def _integration(one: Mapping[str, Any]) -> dict[str, Any]:
    """Where the transfer mode is not told, its URI tells it: each goes with one mode alone."""
    streams = "STREAM" if one.get("uri", "").endswith(_STREAMS) else "BUFFERED"
    mode = one.get("responseTransferMode") or streams
    return {**{name: one.get(name) for name in _INTEGRATION}, "responseTransferMode": mode}


def change(client: Any, api: str, wanted: Mapping[str, Any], found: Methods, tell: Tell) -> None:
    """Make all of it what it is to be, but for authorizers that are to go.

    What is to go goes first: a resource takes one child with a variable. The stage shows what was
    deployed before, meanwhile.
    """
    authorizers, paths = dict(found.authorizers), dict(found.paths)
    for name, settings in wanted["authorizers"].items():
        if found.settings["authorizers"].get(name) != settings:
            tell(f"{_doing(found.authorizers.get(name))} authorizer {name}")
            authorizers[name] = _make_authorizer(client, api, name, settings, found)
    _clean(client, api, wanted, found, tell)
    for path in wanted["resources"]:
        if path not in paths:
            parent, _, part = path.rpartition("/")
            made = client.create_resource(
                restApiId=api, parentId=paths[parent or "/"], pathPart=part
            )
            paths[path] = made["id"]
    for key, settings in wanted["methods"].items():
        was = found.settings["methods"].get(key)
        if was != settings:
            tell(f"{_doing(was)} method {key}")
            _make_method(client, _place(api, key, paths), settings, was, authorizers)


def _doing(was: Any) -> str:
    return "making" if was is None else "changing"


def _place(api: str, key: str, paths: Mapping[str, str]) -> dict[str, str]:
    verb, _, path = key.partition(" ")
    return {"restApiId": api, "resourceId": paths[path], "httpMethod": verb}


def _make_authorizer(
    client: Any, api: str, name: str, settings: Mapping[str, Any], found: Methods
) -> str:
    known = found.authorizers.get(name, "")
    if not known:
        told = {key: value for key, value in settings.items() if value != ""}
        return str(client.create_authorizer(restApiId=api, name=name, **told)["id"])
    patches = [
        {"op": "replace", "path": f"/{key}", "value": str(value)}
        for key, value in settings.items()
        if found.settings["authorizers"][name].get(key) != value
    ]
    client.update_authorizer(restApiId=api, authorizerId=known, patchOperations=patches)
    return known


def _make_method(
    client: Any,
    place: Mapping[str, str],
    settings: Mapping[str, Any],
    was: Mapping[str, Any] | None,
    authorizers: Mapping[str, str],
) -> None:
    """PutIntegration replaces the one that is there; PutMethod refuses to."""
    told = {name: value for name, value in settings.items() if name != "methodIntegration"}
    if was is None or any(was.get(name) != value for name, value in told.items()):
        if was is not None:
            client.delete_method(**place)
        if "authorizerId" in told:
            told["authorizerId"] = authorizers[told["authorizerId"]]
        client.put_method(**place, **told)
    client.put_integration(**place, integrationHttpMethod="POST", **settings["methodIntegration"])


def _clean(client: Any, api: str, wanted: Mapping[str, Any], found: Methods, tell: Tell) -> None:
    """Methods that are to go, and resources: children before their parents."""
    gone = [path for path in found.settings["resources"] if path not in wanted["resources"]]
    for key in found.settings["methods"]:
        path = key.partition(" ")[2]
        if key not in wanted["methods"] and path not in gone:
            tell(f"deleting method {key}")
            client.delete_method(**_place(api, key, found.paths))
    for path in sorted(gone, key=depth, reverse=True):
        tell(f"deleting resource {path}")
        client.delete_resource(restApiId=api, resourceId=found.paths[path])


def clean(client: Any, api: str, wanted: Mapping[str, Any], found: Methods) -> None:
    """Authorizers that are to go: after all methods and deployments that have them."""
    for name, known in found.authorizers.items():
        if name not in wanted:
            client.delete_authorizer(restApiId=api, authorizerId=known)
