"""A REST API, with all that is in it; `wanted.api_rest` has the settings.

A stage shows a deployment, which is a copy of all resources and methods: what is changed here isn't
seen until the last of it is there and has been deployed.

As with HTTP APIs the name may be that of several; ours is the oldest with our tags.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import APP, STAGE, Found
from . import rest_keys, rest_methods, rest_stages
from .pages import items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

_ONLY = ("name", "binaryMediaTypes", "endpointConfiguration")


def read(aws: AWS, wanted: Resource) -> Found | None:
    ours = _ours(aws, wanted.tags[APP])
    api = next((one for one in ours if one["tags"].get(STAGE) == wanted.tags[STAGE]), None)
    return _found(aws, api, wanted) if api else None


def _ours(aws: AWS, app: str) -> list[dict[str, Any]]:
    """The oldest first."""
    found = items(aws.client("apigateway"), "get_rest_apis")
    ours = [api for api in found if api.get("tags", {}).get(APP) == app]
    return sorted(ours, key=lambda api: (str(api["createdDate"]), api["id"]))


def _found(aws: AWS, api: dict[str, Any], wanted: Resource) -> Found:
    client = aws.client("apigateway")
    methods = rest_methods.read(client, api["id"])
    stages = rest_stages.read(client, api["id"])
    keys = rest_keys.read(client, api["tags"])
    settings = {
        "name": api["name"],
        # Of the tags only ours: others may have theirs.
        "tags": {name: api["tags"][name] for name in wanted.tags if name in api["tags"]},
        "endpointConfiguration": {"types": api["endpointConfiguration"]["types"]},
        "binaryMediaTypes": sorted(api.get("binaryMediaTypes", ())),
        **methods.settings,
        "stages": stages.settings,
        "usagePlans": keys.settings(api["id"], list(wanted.settings["stages"])),
    }
    more = {"methods": methods, "stages": stages, "keys": keys}
    return Found(wanted.kind, wanted.name, settings, api["id"], api["tags"], more)


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    only = {name: wanted.settings[name] for name in _ONLY}
    api = aws.client("apigateway").create_rest_api(**only, tags=dict(wanted.tags))
    _complete(aws, wanted, _found(aws, api, wanted), tell)
    return str(api["id"])


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    client = aws.client("apigateway")
    patches = list(_patches(differences))
    if patches:
        client.update_rest_api(restApiId=found.id, patchOperations=patches)
    if "tags" in differences:
        _tag(aws, found, wanted.tags)
    _complete(aws, wanted, found, tell)
    return ""


def _tag(aws: AWS, found: Found, tags: Mapping[str, str]) -> None:
    """Its parts first: by the API's tags the next run sees whether there is something to do."""
    keys, api = found.more["keys"], f"restapis/{found.id}"
    parts = [
        *(f"{api}/stages/{stage}" for stage in found.more["stages"].settings),
        *(f"usageplans/{one['id']}" for one in keys.plans.values()),
        *(f"apikeys/{one['id']}" for one in keys.keys.values()),
    ]
    client = aws.client("apigateway")
    for part in (*parts, api):
        client.tag_resource(resourceArn=_arn(aws, part), tags=dict(tags))


def _complete(aws: AWS, wanted: Resource, found: Found, tell: Tell) -> None:
    """The parts, in the order in which nothing is missed by another, then what is to go."""
    client, api = aws.client("apigateway"), found.id
    methods, stages, keys = found.more["methods"], found.more["stages"], found.more["keys"]
    rest_methods.change(client, api, wanted.settings, methods, tell)
    rest_stages.change(client, api, wanted, stages, tell)
    rest_keys.change(client, api, wanted, keys, tell)
    rest_stages.clean(client, api, wanted.settings["stages"], stages)
    rest_methods.clean(client, api, wanted.settings["authorizers"], methods)


def _patches(differences: Mapping[str, tuple[Any, Any]]) -> Iterator[dict[str, str]]:
    """https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateRestApi-Patch"""
    if "name" in differences:
        yield {"op": "replace", "path": "/name", "value": differences["name"][1]}
    if "endpointConfiguration" in differences:
        was, to_be = (one["types"][0] for one in differences["endpointConfiguration"])
        yield {"op": "replace", "path": f"/endpointConfiguration/types/{was}", "value": to_be}
    was, to_be = differences.get("binaryMediaTypes", ((), ()))
    yield from _media_types("add", set(to_be) - set(was))
    yield from _media_types("remove", set(was) - set(to_be))


def _media_types(operation: str, types: Iterable[str]) -> Iterator[dict[str, str]]:
    for one in sorted(types):
        escaped = one.replace("~", "~0").replace("/", "~1")
        yield {"op": operation, "path": f"/binaryMediaTypes/{escaped}"}


def _arn(aws: AWS, path: str) -> str:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html"""
    partition, region = aws.known["AWS::Partition"], aws.known["AWS::Region"]
    return f"arn:{partition}:apigateway:{region}::/{path}"


def delete(aws: AWS, found: Found) -> None:
    """Its usage plans and keys first: it is by the API that they are found."""
    client = aws.client("apigateway")
    rest_keys.clean(client, rest_keys.read(client, found.tags), ())
    try:
        client.delete_rest_api(restApiId=found.id)
    except client.exceptions.NotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    """A second one of a stage has a name that nobody wants."""
    seen: set[str] = set()
    for api in _ours(aws, app):
        stage = api["tags"].get(STAGE, "")
        name = f"{app}-{stage}" + (f" ({api['id']})" if stage in seen else "")
        seen.add(stage)
        yield Found("rest_api", name, {}, api["id"], api["tags"])
