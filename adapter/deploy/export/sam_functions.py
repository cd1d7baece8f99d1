"""Functions, with what each needs, as SAM and CloudFormation have them.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-layerversion.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..tags import tag_list
from . import mapped
from .sam_parts import PSEUDO, called, resource

if TYPE_CHECKING:
    from .. import Resource
    from .sam_parts import Made

_SERVERLESS = "AWS::Serverless::"


def _role(made: Made, one: Resource) -> dict[str, Any]:
    """Its ARNs stay texts: a reference to a function that has this role would be a circle."""
    settings = mapped(one.settings, lambda sub: called(sub, PSEUDO))
    policy = {name: settings[name] for name in ("PolicyName", "PolicyDocument")}
    told = {
        "RoleName": one.name,
        "AssumeRolePolicyDocument": settings["AssumeRolePolicyDocument"],
        "Policies": [policy],
        "Tags": tag_list(one.tags),
    }
    return {made.id(one): resource("AWS::IAM::Role", told)}


def _log_group(made: Made, one: Resource) -> dict[str, Any]:
    told = {
        "LogGroupName": one.name,
        "RetentionInDays": one.settings["retentionInDays"],
        "Tags": tag_list(one.tags),
    }
    return {made.id(one): resource("AWS::Logs::LogGroup", told)}


def _layer(made: Made, one: Resource) -> dict[str, Any]:
    """Older versions stay: functions' versions use them."""
    told = {
        "LayerName": one.name,
        "ContentUri": made.path(one.given["archive"].path),
        **one.settings,
        "RetentionPolicy": "Retain",
    }
    del told["CodeSha256"]
    return {made.id(one): resource(f"{_SERVERLESS}LayerVersion", told)}


def _function(made: Made, one: Resource) -> dict[str, Any]:
    """SAM makes a version when anything changes, and leads the alias to it."""
    name, _, stage = one.name.partition(":")
    told = {
        "FunctionName": name,
        "CodeUri": made.path(one.given["archive"].path),
        **one.settings,
        "Tracing": one.settings["TracingConfig"]["Mode"],
        "AutoPublishAlias": stage,
        "AutoPublishAliasAllProperties": True,
        "Tags": dict(one.tags),
        **_reserved(made, name),
    }
    del told["CodeSha256"], told["TracingConfig"]
    if not told["VpcConfig"]["SubnetIds"]:
        del told["VpcConfig"]
    before = [made.ids["log_group", f"/aws/lambda/{name}"]]
    return {made.id(one): resource(f"{_SERVERLESS}Function", told, DependsOn=before)}


def _reserved(made: Made, function: str) -> dict[str, Any]:
    found = (dict(one.settings) for one in made.plan.of("concurrency") if one.name == function)
    return next(found, {})


def _within_function(made: Made, one: Resource) -> dict[str, Any]:
    """Nothing of its own: the function has it."""
    return {}


KINDS = {
    "role": _role,
    "log_group": _log_group,
    "layer": _layer,
    "function": _function,
    "concurrency": _within_function,
}
