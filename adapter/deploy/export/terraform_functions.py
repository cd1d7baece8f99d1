"""Functions, with what each needs, as Terraform's AWS provider has them.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_function
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import Sub
from .hcl import Encoded, Expression
from .terraform_parts import arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .. import Resource
    from .hcl import Block
    from .terraform_parts import Made

    Blocks = Iterator[tuple[str, Block]]


def _role(made: Made, one: Resource) -> Blocks:
    """Its ARNs stay texts: a reference to a function that has this role would be a circle."""
    label, settings = made.label(one), made.plain(one.settings)
    trust = {
        "name": one.name,
        "assume_role_policy": Encoded(settings["AssumeRolePolicyDocument"]),
        "tags": dict(one.tags),
    }
    policy = {
        "name": settings["PolicyName"],
        "role": Expression(f"aws_iam_role.{label}.id"),
        "policy": Encoded(settings["PolicyDocument"]),
    }
    yield made.resource("aws_iam_role", label, trust)
    yield made.resource("aws_iam_role_policy", label, policy)


def _log_group(made: Made, one: Resource) -> Blocks:
    told = {
        "name": one.name,
        "retention_in_days": one.settings["retentionInDays"],
        "tags": dict(one.tags),
    }
    yield made.resource("aws_cloudwatch_log_group", made.label(one), told)


def _layer(made: Made, one: Resource) -> Blocks:
    """Older versions stay: functions' versions use them."""
    told = {"layer_name": one.name, **_code(made, one), "skip_destroy": True}
    yield made.resource("aws_lambda_layer_version", made.label(one), told)


def _code(made: Made, one: Resource) -> dict[str, Any]:
    """The zip, and the settings that stand beside it."""
    path = made.path(one.given["archive"].path)
    rest = {name: value for name, value in one.settings.items() if name != "CodeSha256"}
    return {
        "filename": path,
        "source_code_hash": Expression(f"filebase64sha256({path.text})"),
        **arguments(rest),
    }


def _function(made: Made, one: Resource) -> Blocks:
    """With a version of its own, to which the alias leads."""
    label = made.label(one)
    name, _, stage = one.name.partition(":")
    told = {"function_name": name, **_code(made, one), **_reserved(made, name), "publish": True}
    if not one.settings["VpcConfig"]["SubnetIds"]:
        del told["vpc_config"]
    if not one.settings["Environment"]["Variables"]:
        del told["environment"]
    before = [f"aws_cloudwatch_log_group.{made.labels['log_group', f'/aws/lambda/{name}']}"]
    before += _policies(made, one.settings["Role"])
    told |= {"tags": dict(one.tags), "depends_on": [Expression(each) for each in before]}
    yield made.resource("aws_lambda_function", label, told)
    alias = {
        "name": stage,
        "function_name": Expression(f"aws_lambda_function.{label}.function_name"),
        "function_version": Expression(f"aws_lambda_function.{label}.version"),
    }
    yield made.resource("aws_lambda_alias", label, alias)


def _policies(made: Made, role: str | Sub) -> list[str]:
    """Those of the role, unless it is one of the user's."""
    arn = role.text if isinstance(role, Sub) else ""
    roles = (one for one in made.plan.of("role") if arn.endswith(f":role/{one.name}"))
    return [f"aws_iam_role_policy.{made.label(one)}" for one in roles]


def _reserved(made: Made, function: str) -> dict[str, Any]:
    found = (one.settings for one in made.plan.of("concurrency") if one.name == function)
    return arguments(next(found, {}))


def _within_function(made: Made, one: Resource) -> Blocks:
    """Nothing of its own: the function has it."""
    yield from ()


KINDS = {
    "role": _role,
    "log_group": _log_group,
    "layer": _layer,
    "function": _function,
    "concurrency": _within_function,
}
