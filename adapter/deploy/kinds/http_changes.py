"""The calls that make the parts of an HTTP or a WebSocket API what they are to be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import DeployError
from .http_parts import ANSWERS
from .pages import items_v2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .. import Found, Resource, Tell
    from .http_parts import Ids

    Settings = Mapping[str, Any]


def change(client: Any, wanted: Resource, found: Found, tell: Tell) -> None:
    """Make the parts what they are to be.

    What a route refers to is there before the route, and goes after it. Stages come last, since
    they show each change that is made under them.
    """
    ids: dict[str, Ids] = {what: dict(found.more.get("ids", {}).get(what, {})) for what in _MAKERS}
    ids["Tags"] = dict(wanted.tags)
    there = {what: dict(found.settings.get(what, {})) for what in _MAKERS}
    for before, name in _renamed(there["Routes"], wanted.settings["Routes"]):
        there["Routes"][name] = {**there["Routes"].pop(before), "RouteKey": before}
        ids["Routes"][name] = ids["Routes"].pop(before)
    for what, make in _MAKERS.items():
        for name, settings in wanted.settings[what].items():
            was = there[what].get(name)
            if was != settings:
                tell(f"{'making' if was is None else 'changing'} {_LABELS[what]} {name}")
                ids[what][name] = make(client, found.id, name, settings, ids, was)
    for what in ("Routes", "Integrations", "Authorizers", "Stages"):
        for name in there[what]:
            if name not in wanted.settings[what]:
                tell(f"deleting {_LABELS[what]} {name}")
                _delete(client, found.id, what, ids[what][name])


_LABELS = {
    "Authorizers": "authorizer",
    "Integrations": "integration",
    "Routes": "route",
    "Stages": "stage",
}
_VARIABLE = re.compile(r"\{[^}+]*")


def _renamed(there: Iterable[str], wanted: Iterable[str]) -> list[tuple[str, str]]:
    """Routes of which only a variable has another name: GET /{id} that is to be GET /{user}.

    They match the same requests, so that there is no moment for which both or none could be.
    """
    gone = {_VARIABLE.sub("{", key): key for key in there if key not in wanted}
    new = [(gone.get(_VARIABLE.sub("{", key)), key) for key in wanted if key not in there]
    return [(was, key) for was, key in new if was]


def _make_authorizer(
    client: Any, api: str, name: str, settings: Settings, ids: Mapping[str, Ids], was: Any
) -> str:
    if was is None:
        # Simple responses are none of payload format 1.0: what is off isn't told.
        told = {key: value for key, value in settings.items() if value is not False}
        made = client.create_authorizer(ApiId=api, Name=name, **told)
        return str(made["AuthorizerId"])
    known = ids["Authorizers"][name]
    client.update_authorizer(ApiId=api, AuthorizerId=known, Name=name, **settings)
    return known


def _make_integration(
    client: Any, api: str, name: str, settings: Settings, ids: Mapping[str, Ids], was: Any
) -> str:
    if was is None:
        made = client.create_integration(ApiId=api, Description=name, **settings)
        return str(made["IntegrationId"])
    known = ids["Integrations"][name]
    client.update_integration(ApiId=api, IntegrationId=known, **settings)
    return known


def _make_route(
    client: Any, api: str, name: str, settings: Settings, ids: Mapping[str, Ids], was: Any
) -> str:
    integration = settings["Target"].removeprefix("integrations/")
    told = {**settings, "Target": f"integrations/{ids['Integrations'][integration]}"}
    if "AuthorizerId" in settings:
        told["AuthorizerId"] = ids["Authorizers"][settings["AuthorizerId"]]
    answers, answered = told.pop(ANSWERS, ""), (was or {}).get(ANSWERS)
    if was is None:
        told = {key: value for key, value in told.items() if value}
        known = str(client.create_route(ApiId=api, RouteKey=name, **told)["RouteId"])
    else:
        known = ids["Routes"][name]
    if was is not None and {**was, ANSWERS: ""} != {**settings, ANSWERS: ""}:
        # What is left out stays as it is.
        gone = {"AuthorizerId": "", "AuthorizationScopes": []}
        empty = {key: value for key, value in gone.items() if key in was}
        client.update_route(ApiId=api, RouteId=known, RouteKey=name, **{**empty, **told})
    if answers and not answered:
        _answer(client, api, known, answers)
    return known


def _answer(client: Any, api: str, route: str, key: str) -> None:
    """Have a route of a WebSocket API answer; it says so only when it has its route response.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
    """
    there = items_v2(client, "get_route_responses", ApiId=api, RouteId=route)
    if not any(one["RouteResponseKey"] == key for one in there):
        client.create_route_response(ApiId=api, RouteId=route, RouteResponseKey=key)
    client.update_route(ApiId=api, RouteId=route, **{ANSWERS: key})


def _make_stage(
    client: Any, api: str, name: str, settings: Settings, ids: Mapping[str, Ids], was: Any
) -> str:
    """Raises DeployError for somebody else's stage of the name."""
    if was is None and name in ids["Stages"]:
        raise DeployError(
            f"the API {api} has a stage {name} that adapter did not make: delete it, or set "
            "[tool.adapter] stage to another name"
        )
    if was and was["DefaultRouteSettings"] and not settings["DefaultRouteSettings"]:
        # No call is known to take limits away: left out they may be 0, which lets nothing in, and
        # only another stage has none.
        # https://github.com/hashicorp/terraform-provider-aws/issues/14742
        client.delete_stage(ApiId=api, StageName=name)
        was = None
    if was is None:
        told = {key: value for key, value in settings.items() if value}
        client.create_stage(ApiId=api, StageName=name, **told, Tags=ids["Tags"])
        return name
    told = {key: value for key, value in settings.items() if value != was[key]}
    if "StageVariables" in told:
        # A variable goes by being empty, as Terraform's provider has found out:
        # https://github.com/hashicorp/terraform-provider-aws internal/service/apigatewayv2/stage.go
        gone = dict.fromkeys(was["StageVariables"], "")
        told["StageVariables"] = {**gone, **settings["StageVariables"]}
    client.update_stage(ApiId=api, StageName=name, **told)
    return name


_MAKERS: dict[str, Callable[..., str]] = {
    "Authorizers": _make_authorizer,
    "Integrations": _make_integration,
    "Routes": _make_route,
    "Stages": _make_stage,
}


def _delete(client: Any, api: str, what: str, known: str) -> None:
    """What is gone already is no error."""
    calls = {
        "Authorizers": lambda: client.delete_authorizer(ApiId=api, AuthorizerId=known),
        "Integrations": lambda: client.delete_integration(ApiId=api, IntegrationId=known),
        "Routes": lambda: client.delete_route(ApiId=api, RouteId=known),
        "Stages": lambda: client.delete_stage(ApiId=api, StageName=known),
    }
    try:
        calls[what]()
    except client.exceptions.NotFoundException:
        pass
