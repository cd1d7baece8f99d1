"""A plan as a template of AWS SAM.

Functions and layers are SAM's, since it uploads their zips and publishes versions; all else is
CloudFormation's own, whose properties have the names that AWS's API has for them.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import known, mapped, sam_api, sam_events, sam_functions, yaml
from .sam_parts import Made, called

if TYPE_CHECKING:
    from collections.abc import Callable

    from .. import Resource
    from . import Plan

KINDS: dict[str, Callable[[Made, Resource], dict[str, Any]]] = {
    **sam_functions.KINDS,
    **sam_api.KINDS,
    **sam_events.KINDS,
}

# Under which key the settings of an API have its stage.
_STAGES = {"http_api": "Stages", "websocket_api": "Stages", "rest_api": "stages"}
_URLS = (*_STAGES, "function_url")


def text(plan: Plan) -> str:
    """The file. Raises DeployError."""
    return yaml.text(template(plan))


def template(plan: Plan) -> dict[str, Any]:
    """The file's content, with functions in their long forms. Raises DeployError."""
    made = Made(plan)
    resources: dict[str, Any] = {}
    for one in plan.resources:
        found = known(KINDS, one, "a SAM template")(made, one)
        resources |= mapped(found, lambda sub: called(sub, made.book))
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": f"{plan.deployment.app}, stage {plan.deployment.stage}",
        **({"Parameters": made.parameters} if made.parameters else {}),
        "Resources": resources,
        **_outputs(made),
    }


def _outputs(made: Made) -> dict[str, Any]:
    """The URL of what stands in front."""
    found = [_url(made, one) for one in made.plan.resources if one.kind in _URLS]
    return {"Outputs": {"url": {"Value": found[0]}}} if found else {}


def _url(made: Made, one: Resource) -> dict[str, Any]:
    if one.kind == "function_url":
        return {"Fn::GetAtt": [made.id(one), "FunctionUrl"]}
    stage = next(iter(one.settings[_STAGES[one.kind]]))
    scheme = "wss" if one.kind == "websocket_api" else "https"
    host = f"${{{made.id(one)}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"
    return {"Fn::Sub": f"{scheme}://{host}/{stage.removeprefix('$default')}"}
