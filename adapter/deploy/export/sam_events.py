"""Schedules and event sources, as CloudFormation has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import DeployError
from ..tags import tag_list
from .references import alias_of
from .sam_parts import resource

if TYPE_CHECKING:
    from .. import Resource
    from .sam_parts import Made


def _rule(made: Made, one: Resource) -> dict[str, Any]:
    told = {"Name": one.name, **one.settings, "Tags": tag_list(one.tags)}
    return {made.id(one): resource("AWS::Events::Rule", told)}


def _group(made: Made, one: Resource) -> dict[str, Any]:
    told = {"Name": one.name, **one.settings, "Tags": tag_list(one.tags)}
    return {made.id(one): resource("AWS::Scheduler::ScheduleGroup", told)}


def _schedule(made: Made, one: Resource) -> dict[str, Any]:
    group = {"Ref": made.ids["schedule_group", one.settings["GroupName"]]}
    told = {"Name": one.name, **one.settings, "GroupName": group}
    return {made.id(one): resource("AWS::Scheduler::Schedule", told)}


def _event_source(made: Made, one: Resource) -> dict[str, Any]:
    told = {**one.settings, "FunctionName": alias_of(one), "Tags": tag_list(one.tags)}
    told["EventSourceArn"] = _source(made, one)
    return {made.id(one): resource("AWS::Lambda::EventSourceMapping", told)}


def _source(made: Made, one: Resource) -> Any:
    """Of a table the ARN of its stream, which only AWS knows: whoever deploys says it."""
    arn = one.settings["EventSourceArn"]
    told = getattr(arn, "text", arn)
    if ":table/" not in told or "/stream/" in told:
        return arn
    table = told.rpartition("/")[2]
    return made.parameter(
        f"{made.id(one)}Stream", Description=f"The ARN of the stream of the table {table}"
    )


def _subscription(made: Made, one: Resource) -> dict[str, Any]:
    return {made.id(one): resource("AWS::SNS::Subscription", one.settings)}


def _notification(made: Made, one: Resource) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html"""
    raise DeployError(
        f"the bucket {one.settings['Bucket']} isn't the template's own, and CloudFormation sets "
        "notifications only of a bucket that it makes: export the stage as terraform, or let "
        "adapter deploy do it"
    )


KINDS = {
    "rule": _rule,
    "schedule_group": _group,
    "schedule": _schedule,
    "event_source": _event_source,
    "notification": _notification,
    "subscription": _subscription,
}
