"""A group of EventBridge Scheduler: schedules can't have tags, their group can.

The role that Scheduler calls functions with is made before it, and goes with it.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-group.html

    {}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import APP, DeployError, Found, Resource
from ..tags import tag_list, tags_of
from . import role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Tell
    from ..aws import AWS

_KIND = "schedule_group"


def role_of(group: str) -> str:
    """The name of its role; a group's name that was cut has its hash at the end."""
    return f"{group[-54:]}-scheduler"


def read(aws: AWS, wanted: Resource) -> Found | None:
    scheduler = aws.client("scheduler")
    try:
        group = scheduler.get_schedule_group(Name=wanted.name)
    except scheduler.exceptions.ResourceNotFoundException:
        return None
    if group["State"] == "DELETING":
        raise DeployError(
            f"AWS is still deleting the schedule group {wanted.name}: try again in a minute"
        )
    arn = group["Arn"]
    return Found(_KIND, wanted.name, {}, wanted.name, _tags(scheduler, arn), {"arn": arn})


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    tags = tag_list(wanted.tags)
    aws.client("scheduler").create_schedule_group(Name=wanted.name, Tags=tags)
    return wanted.name


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    """Nothing: it has no settings."""
    return ""


def tag(aws: AWS, found: Found, tags: Mapping[str, str]) -> None:
    aws.client("scheduler").tag_resource(ResourceArn=found.more["arn"], Tags=tag_list(tags))


def delete(aws: AWS, found: Found) -> None:
    _delete_role(aws, found)
    scheduler = aws.client("scheduler")
    try:
        scheduler.delete_schedule_group(Name=found.name)
    except scheduler.exceptions.ResourceNotFoundException:
        pass


def _delete_role(aws: AWS, found: Found) -> None:
    policy = f"adapter-{aws.known['AWS::Region']}"
    there = role.read(aws, Resource("role", role_of(found.name), {"PolicyName": policy}))
    if there and there.tags.get(APP) == found.tags.get(APP):
        role.delete(aws, there)


def listed(aws: AWS, app: str) -> Iterator[Found]:
    scheduler = aws.client("scheduler")
    for page in scheduler.get_paginator("list_schedule_groups").paginate(NamePrefix=f"{app}-"):
        for group in page["ScheduleGroups"]:
            tags = _tags(scheduler, group["Arn"])
            if tags.get(APP) == app and group["State"] != "DELETING":
                yield Found(_KIND, group["Name"], {}, group["Name"], tags)


def _tags(scheduler: Any, arn: str) -> dict[str, str]:
    found = scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"]
    return tags_of(found)
