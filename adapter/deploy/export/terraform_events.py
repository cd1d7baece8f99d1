"""Schedules and event sources, as Terraform's AWS provider has them.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_event_rule
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_event_source_mapping
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .hcl import Block, Expression
from .references import alias_of
from .terraform_parts import arguments, renamed, snake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .. import Resource
    from .terraform_parts import Made

    Blocks = Iterator[tuple[str, Block]]

# What the provider calls otherwise than AWS.
_TARGET = {"id": "target_id", "input_paths_map": "input_paths"}
_FILTERS = {"filters": "filter", "destination": "destination_arn"}


def _rule(made: Made, one: Resource) -> Blocks:
    label = made.label(one)
    own = {name: value for name, value in one.settings.items() if name != "Targets"}
    told = {"name": one.name, **arguments(own), "tags": dict(one.tags)}
    yield made.resource("aws_cloudwatch_event_rule", label, told)
    for target in one.settings["Targets"]:
        rule = {"rule": Expression(f"aws_cloudwatch_event_rule.{label}.name")}
        told = {**rule, **renamed(arguments(target), _TARGET)}
        yield made.resource("aws_cloudwatch_event_target", label, told)


def _group(made: Made, one: Resource) -> Blocks:
    told = {"name": one.name, **arguments(one.settings), "tags": dict(one.tags)}
    yield made.resource("aws_scheduler_schedule_group", made.label(one), told)


def _schedule(made: Made, one: Resource) -> Blocks:
    group = made.labels["schedule_group", one.settings["GroupName"]]
    told = {"name": one.name, **arguments(one.settings)}
    told["group_name"] = Expression(f"aws_scheduler_schedule_group.{group}.name")
    yield made.resource("aws_scheduler_schedule", made.label(one), told)


def _event_source(made: Made, one: Resource) -> Blocks:
    told = {**renamed(arguments(one.settings), _FILTERS), "tags": dict(one.tags)}
    told["function_name"] = alias_of(one)
    table = _table(one)
    if table:
        label = made.label(one)
        yield "data", Block({"name": table}, ("aws_dynamodb_table", label))
        told["event_source_arn"] = Expression(f"data.aws_dynamodb_table.{label}.stream_arn")
    yield made.resource("aws_lambda_event_source_mapping", made.label(one), told)


def _table(one: Resource) -> str:
    """The table's name, where the settings have that in place of its stream."""
    arn = one.settings["EventSourceArn"]
    told: str = getattr(arn, "text", arn)
    return told.rpartition("/")[2] if ":table/" in told and "/stream/" not in told else ""


def _notification(made: Made, one: Resource) -> Blocks:
    """A bucket has one document of all notifications: the first one of a bucket has them all.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_bucket_notification
    """
    bucket = one.settings["Bucket"]
    alike = [each for each in made.plan.of("notification") if each.settings["Bucket"] == bucket]
    if alike[0] == one:
        told = {
            "bucket": bucket,
            "lambda_function": [Block(_heard(each)) for each in alike],
            "depends_on": [Expression(f"aws_lambda_permission.{name}") for name in _allowed(made)],
        }
        yield made.resource("aws_s3_bucket_notification", snake(bucket), told)


def _heard(one: Resource) -> dict[str, Any]:
    rules = one.settings["Filter"].get("Key", {}).get("FilterRules", [])
    return {
        "id": one.settings["Id"],
        "lambda_function_arn": one.settings["LambdaFunctionArn"],
        "events": one.settings["Events"],
        **{f"filter_{rule['Name']}": rule["Value"] for rule in rules},
    }


def _allowed(made: Made) -> list[str]:
    """S3 checks that it may call the function when it is told of it."""
    s3 = "s3.amazonaws.com"
    return [
        made.label(one) for one in made.plan.of("permission") if one.settings["Principal"] == s3
    ]


def _subscription(made: Made, one: Resource) -> Blocks:
    yield made.resource("aws_sns_topic_subscription", made.label(one), arguments(one.settings))


KINDS = {
    "rule": _rule,
    "schedule_group": _group,
    "schedule": _schedule,
    "event_source": _event_source,
    "notification": _notification,
    "subscription": _subscription,
}
