"""A REST API's usage plans and API keys: a plan for each key.

Both have our tags; on AWS their names begin with the API's.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import APP, STAGE, DeployError
from ..wanted.api_rest import fingerprint
from .pages import items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .. import Resource, Tell


@dataclass(frozen=True)
class Keys:
    """What is there, by the key's name: AWS's UsagePlan and ApiKey.

    linked  the ids of keys that a plan is for, by the plan's name
    """

    plans: dict[str, dict[str, Any]]
    keys: dict[str, dict[str, Any]] = field(repr=False)
    linked: dict[str, set[str]]

    def settings(self, api: str, stages: list[str]) -> dict[str, Any]:
        """As `wanted.api_rest` has them. A key is there only if it works for the API's stages."""
        return {
            name: self._one(name, [f"{api}:{stage}" for stage in stages])
            for name in {**self.plans, **self.keys}
        }

    def _one(self, name: str, stages: list[str]) -> dict[str, Any]:
        plan, key = self.plans.get(name, {}), self.keys.get(name, {})
        works = key.get("id") in self.linked.get(name, ()) and _stages(plan) == stages
        quota = plan.get("quota") or {}
        return {
            "apiKey": fingerprint(key["value"]) if works else "",
            "throttle": dict(plan.get("throttle") or {}),
            "quota": {each: quota[each] for each in ("limit", "period") if each in quota},
        }


def _stages(plan: Mapping[str, Any]) -> list[str]:
    """["a1b2c3:dev"]"""
    return [f"{one['apiId']}:{one['stage']}" for one in plan.get("apiStages", ())]


def read(client: Any, tags: Mapping[str, str]) -> Keys:
    begins = f"{tags[APP]}-{tags[STAGE]}-"
    plans = _ours(items(client, "get_usage_plans"), tags, begins)
    keys = _ours(items(client, "get_api_keys", nameQuery=begins, includeValues=True), tags, begins)
    linked = {
        name: {one["id"] for one in items(client, "get_usage_plan_keys", usagePlanId=plan["id"])}
        for name, plan in plans.items()
    }
    return Keys(plans, keys, linked)


def _ours(
    found: Iterable[dict[str, Any]], tags: Mapping[str, str], begins: str
) -> dict[str, dict[str, Any]]:
    """A second one of a name goes by its id, so that nobody wants it."""
    named: dict[str, dict[str, Any]] = {}
    for one in found:
        has = one.get("tags", {})
        if has.get(APP) == tags[APP] and has.get(STAGE) == tags[STAGE]:
            name = one["name"].removeprefix(begins)
            named[one["id"] if name in named else name] = one
    return named


def change(client: Any, api: str, wanted: Resource, found: Keys, tell: Tell) -> None:
    settings = wanted.settings["usagePlans"]
    stages = list(wanted.settings["stages"])
    there = found.settings(api, stages)
    clean(client, found, settings)
    for name, one in settings.items():
        if there.get(name) != one:
            tell(f"{'changing' if name in there else 'making'} API key {name}")
            key = _key(client, name, wanted, found)
            _plan(client, api, name, key, wanted, found)


def _key(client: Any, name: str, wanted: Resource, found: Keys) -> str:
    """Its id. The value of a key can't be changed.

    Raises DeployError for a value that another key has: there is one of it in an account's region.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
    """
    value, known = wanted.given["apiKeys"][name], found.keys.get(name)
    if known and known["value"] == value:
        return str(known["id"])
    if known:
        client.delete_api_key(apiKey=known["id"])
    try:
        made = client.create_api_key(
            name=f"{wanted.name}-{name}", value=value, enabled=True, tags=dict(wanted.tags)
        )
    except client.exceptions.ConflictException:
        stage = wanted.tags[STAGE]
        raise DeployError(
            f"another API key has the value of {name} already, as that of another stage may: set "
            f"value to one of its own under [tool.adapter.stages.{stage}.api-keys.{name}]"
        ) from None
    return str(made["id"])


def _plan(client: Any, api: str, name: str, key: str, wanted: Resource, found: Keys) -> None:
    known, stages = found.plans.get(name), list(wanted.settings["stages"])
    if known is None:
        known = _made(client, api, name, wanted)
    else:
        patches = [
            *_moved(_stages(known), [f"{api}:{stage}" for stage in stages]),
            *_limits(known, wanted.settings["usagePlans"][name]),
        ]
        if patches:
            client.update_usage_plan(usagePlanId=known["id"], patchOperations=patches)
    if key not in found.linked.get(name, ()):
        client.create_usage_plan_key(usagePlanId=known["id"], keyId=key, keyType="API_KEY")


def _made(client: Any, api: str, name: str, wanted: Resource) -> Any:
    settings = wanted.settings["usagePlans"][name]
    return client.create_usage_plan(
        name=f"{wanted.name}-{name}",
        apiStages=[{"apiId": api, "stage": stage} for stage in wanted.settings["stages"]],
        tags=dict(wanted.tags),
        **{what: settings[what] for what in ("throttle", "quota") if settings[what]},
    )


def _moved(was: list[str], to_be: list[str]) -> Iterator[dict[str, str]]:
    """https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateUsagePlan-Patch"""
    for one in was:
        if one not in to_be:
            yield {"op": "remove", "path": "/apiStages", "value": one}
    for one in to_be:
        if one not in was:
            yield {"op": "add", "path": "/apiStages", "value": one}


def _limits(was: Mapping[str, Any], to_be: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for what in ("throttle", "quota"):
        before = was.get(what) or {}
        if before and not to_be[what]:
            yield {"op": "remove", "path": f"/{what}"}
        for name, value in to_be[what].items():
            if before.get(name) != value:
                operation = "replace" if before else "add"
                yield {"op": operation, "path": f"/{what}/{name}", "value": str(value)}


def clean(client: Any, found: Keys, wanted: Iterable[str]) -> None:
    """Plans and keys that are to go. A plan with stages can't be deleted."""
    for name, plan in found.plans.items():
        if name not in wanted:
            patches = list(_moved(_stages(plan), []))
            if patches:
                client.update_usage_plan(usagePlanId=plan["id"], patchOperations=patches)
            client.delete_usage_plan(usagePlanId=plan["id"])
    for name, key in found.keys.items():
        if name not in wanted:
            client.delete_api_key(apiKey=key["id"])
