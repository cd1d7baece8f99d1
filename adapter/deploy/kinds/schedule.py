"""A schedule of EventBridge Scheduler, for times in a zone and for a single time.

It has no tags: it is ours if its group is.
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html

    {"GroupName": "shop-dev", "ScheduleExpression": "cron(0 3 ? * MON-FRI *)",
     "ScheduleExpressionTimezone": "Europe/Berlin", "State": "ENABLED",
     "FlexibleTimeWindow": {"Mode": "OFF"},
     "Target": {"Arn": "arn:aws:lambda:…:function:users:dev", "RoleArn": "…", "Input": "{}"}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import Found, Resource
from ..patience import patiently
from . import schedule_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Tell
    from ..aws import AWS

_KIND = "schedule"

# A role that was made just now can't be assumed at once.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/troubleshooting.html
_PASSING = {"ValidationException": ("execution role",)}


def read(aws: AWS, wanted: Resource) -> Found | None:
    scheduler, group = aws.client("scheduler"), wanted.settings["GroupName"]
    try:
        one = scheduler.get_schedule(GroupName=group, Name=wanted.name)
    except scheduler.exceptions.ResourceNotFoundException:
        return None
    settings = {key: one[key] for key in wanted.settings if key in one}
    # AWS adds what it does about failures.
    settings["Target"] = {key: one["Target"].get(key) for key in wanted.settings["Target"]}
    of = schedule_group.read(aws, Resource("schedule_group", group, {}))
    tags = of.tags if of else {}
    return Found(_KIND, wanted.name, settings, wanted.name, tags, {"group": group})


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    call = aws.client("scheduler").create_schedule
    patiently(lambda: call(Name=wanted.name, **wanted.settings), _PASSING)
    return wanted.name


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    """All of it: what isn't said is as if it were new."""
    call = aws.client("scheduler").update_schedule
    patiently(lambda: call(Name=wanted.name, **wanted.settings), _PASSING)
    return ""


def delete(aws: AWS, found: Found) -> None:
    scheduler = aws.client("scheduler")
    try:
        scheduler.delete_schedule(GroupName=found.more["group"], Name=found.name)
    except scheduler.exceptions.ResourceNotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    pages = aws.client("scheduler").get_paginator("list_schedules")
    for group in schedule_group.listed(aws, app):
        for page in pages.paginate(GroupName=group.name):
            for one in page["Schedules"]:
                name = one["Name"]
                yield Found(_KIND, name, {}, name, group.tags, {"group": group.name})
