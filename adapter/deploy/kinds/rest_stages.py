"""A REST API's stages, and the deployments that they show.

https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import APP, DeployError
from .pages import items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell

_LIMITS = {
    "throttlingRateLimit": "/*/*/throttling/rateLimit",
    "throttlingBurstLimit": "/*/*/throttling/burstLimit",
}


@dataclass(frozen=True)
class Stages:
    """What is there: `settings` as `wanted.api_rest` has them.

    foreign      the names of those that aren't ours
    deployments  the ids by description: of two the later one
    """

    settings: dict[str, dict[str, Any]]
    foreign: frozenset[str]
    deployments: dict[str, str]


def read(client: Any, api: str) -> Stages:
    deployments = sorted(
        items(client, "get_deployments", restApiId=api), key=lambda one: str(one["createdDate"])
    )
    texts = {one["id"]: one.get("description", "") for one in deployments}
    stages = client.get_stages(restApiId=api).get("item", ())
    ours = [one for one in stages if APP in one.get("tags", {})]
    return Stages(
        {one["stageName"]: _stage(one, texts) for one in ours},
        frozenset(one["stageName"] for one in stages if one not in ours),
        {text: known for known, text in texts.items()},
    )


def _stage(one: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    limits = one.get("methodSettings", {}).get("*/*", {})
    told = {name: limits[name] for name in _LIMITS if limits.get(name, -1) >= 0}
    return {
        "deployment": texts.get(one.get("deploymentId", ""), ""),
        "variables": one.get("variables", {}),
        "methodSettings": {"*/*": told} if told else {},
    }


def change(client: Any, api: str, wanted: Resource, found: Stages, tell: Tell) -> None:
    """Raises DeployError for a stage of the name that isn't ours."""
    for name, settings in wanted.settings["stages"].items():
        if name in found.foreign:
            raise DeployError(
                f"the API {api} has a stage {name} that adapter did not make: delete it, or set "
                "[tool.adapter] stage to another name"
            )
        was = found.settings.get(name)
        if was != settings:
            tell(f"{'making' if was is None else 'changing'} stage {name}")
            deployment = _deployment(client, api, settings["deployment"], found)
            patches = _bring(client, api, name, deployment, settings, was, wanted.tags)
            if patches:
                client.update_stage(restApiId=api, stageName=name, patchOperations=patches)


def _deployment(client: Any, api: str, description: str, found: Stages) -> str:
    """One of the same content is as good as a new one: a run before this may have stopped here."""
    if description in found.deployments:
        return found.deployments[description]
    return str(client.create_deployment(restApiId=api, description=description)["id"])


def _bring(
    client: Any,
    api: str,
    name: str,
    deployment: str,
    settings: Mapping[str, Any],
    was: Mapping[str, Any] | None,
    tags: Mapping[str, str],
) -> list[dict[str, str]]:
    """What is left to be patched."""
    if was is None:
        client.create_stage(
            restApiId=api,
            stageName=name,
            deploymentId=deployment,
            variables=settings["variables"],
            tags=dict(tags),
        )
        return list(_limits({}, settings["methodSettings"]))
    return [
        *_moved(deployment, settings, was),
        *_variables(was["variables"], settings["variables"]),
        *_limits(was["methodSettings"], settings["methodSettings"]),
    ]


def _moved(
    deployment: str, settings: Mapping[str, Any], was: Mapping[str, Any]
) -> Iterator[dict[str, str]]:
    if was["deployment"] != settings["deployment"]:
        yield {"op": "replace", "path": "/deploymentId", "value": deployment}


def _variables(was: Mapping[str, str], to_be: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for name, value in to_be.items():
        if was.get(name) != value:
            yield {"op": "replace", "path": f"/variables/{name}", "value": value}
    for name in was:
        if name not in to_be:
            yield {"op": "remove", "path": f"/variables/{name}"}


def _limits(was: Mapping[str, Any], to_be: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    if was and not to_be:
        yield {"op": "remove", "path": "/*/*"}
    if was != to_be:
        for name, value in to_be.get("*/*", {}).items():
            yield {"op": "replace", "path": _LIMITS[name], "value": str(value)}


def clean(client: Any, api: str, wanted: Mapping[str, Any], found: Stages) -> None:
    """Stages of ours that are to go."""
    for name in found.settings:
        if name not in wanted:
            client.delete_stage(restApiId=api, stageName=name)
