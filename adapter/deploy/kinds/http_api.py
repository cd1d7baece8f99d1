"""An HTTP API, with all that is in it; `wanted.api_http` has the settings.

A name may be that of several APIs, so that ours is found by its tags. Should there be two of a
stage, since the answer to a CreateApi got lost, the older one is the API, and the other one goes.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import APP, STAGE, Found
from . import http_changes, http_parts
from .pages import items_v2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

PROTOCOL = "HTTP"
_ONLY = ("Name", "ProtocolType", "RouteSelectionExpression")


def read(aws: AWS, wanted: Resource, protocol: str = PROTOCOL) -> Found | None:
    ours = _ours(aws, wanted.tags[APP], protocol)
    api = next((one for one in ours if one["Tags"].get(STAGE) == wanted.tags[STAGE]), None)
    return _found(aws, api, wanted) if api else None


def _ours(aws: AWS, app: str, protocol: str) -> list[dict[str, Any]]:
    """The oldest first."""
    ours = [
        api
        for api in items_v2(aws.client("apigatewayv2"), "get_apis")
        if api["ProtocolType"] == protocol and api.get("Tags", {}).get(APP) == app
    ]
    return sorted(ours, key=lambda api: (str(api["CreatedDate"]), api["ApiId"]))


def _found(aws: AWS, api: dict[str, Any], wanted: Resource) -> Found:
    parts = http_parts.read(aws.client("apigatewayv2"), api["ApiId"], api["ProtocolType"])
    settings = {
        **{name: api.get(name) for name in _ONLY},
        # Of the tags only ours: others may have theirs.
        "Tags": {name: api["Tags"][name] for name in wanted.tags if name in api["Tags"]},
        "CorsConfiguration": http_parts.cors_found(api.get("CorsConfiguration", {})),
        **parts.settings,
    }
    more = {"ids": parts.ids}
    return Found(wanted.kind, wanted.name, settings, api["ApiId"], api["Tags"], more)


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    cors = wanted.settings.get("CorsConfiguration")
    whole = {name: wanted.settings[name] for name in _ONLY if name in wanted.settings}
    whole |= {"CorsConfiguration": cors} if cors else {}
    client = aws.client("apigatewayv2")
    api = str(client.create_api(**whole, Tags=dict(wanted.tags))["ApiId"])
    http_changes.change(client, wanted, Found(wanted.kind, wanted.name, {}, api), tell)
    return api


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    client = aws.client("apigatewayv2")
    only = {name: wanted.settings[name] for name in _ONLY if name in differences}
    if only:
        client.update_api(ApiId=found.id, **only)
    if "Tags" in differences:
        _tag(aws, found, wanted.tags)
    if "CorsConfiguration" in differences:
        _cors(client, found, wanted.settings["CorsConfiguration"])
    http_changes.change(client, wanted, found, tell)
    return ""


def _tag(aws: AWS, found: Found, tags: Mapping[str, str]) -> None:
    """Its stages first: by the API's tags the next run sees whether there is something to do."""
    client, api = aws.client("apigatewayv2"), _arn(aws, found.id)
    for arn in (*(f"{api}/stages/{stage}" for stage in found.settings["Stages"]), api):
        client.tag_resource(ResourceArn=arn, Tags=dict(tags))


def _cors(client: Any, found: Found, cors: Any) -> None:
    """UpdateApi replaces the whole configuration, and takes none away."""
    if cors:
        client.update_api(ApiId=found.id, CorsConfiguration=cors)
    elif found.settings.get("CorsConfiguration"):
        client.delete_cors_configuration(ApiId=found.id)


def _arn(aws: AWS, api: str) -> str:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html"""
    partition, region = aws.known["AWS::Partition"], aws.known["AWS::Region"]
    return f"arn:{partition}:apigateway:{region}::/apis/{api}"


def delete(aws: AWS, found: Found) -> None:
    client = aws.client("apigatewayv2")
    try:
        client.delete_api(ApiId=found.id)
    except client.exceptions.NotFoundException:
        pass


def listed(aws: AWS, app: str, kind: str = "http_api", protocol: str = PROTOCOL) -> Iterator[Found]:
    """A second one of a stage has a name that nobody wants."""
    seen: set[str] = set()
    for api in _ours(aws, app, protocol):
        stage = api["Tags"].get(STAGE, "")
        name = f"{app}-{stage}" + (f" ({api['ApiId']})" if stage in seen else "")
        seen.add(stage)
        yield Found(kind, name, {}, api["ApiId"], api["Tags"])
