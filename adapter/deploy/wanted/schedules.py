"""Schedules: rules of EventBridge, and schedules of EventBridge Scheduler for what a rule can't.

A rule is due in UTC alone, and again and again; Scheduler has zones and single times, and needs a
role. Either way a function gets the event that `adapter dev` gives it, with the name that the
settings have: the path /_events/schedule/NAME is the same in every stage.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ...config import schedule_times
from .. import DeployError, Resource, Sub
from ..kinds.schedule_group import role_of
from . import api_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...config import Schedule
    from ..deployment import Deployment

WARM = "warm-"
_LONGEST = 64
_POLICIES = "2012-10-17"
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
_LONGEST_INPUT = 8192


def of(deployment: Deployment) -> Iterator[Resource]:
    """Raises DeployError."""
    zoned = [one for one in deployment.project.schedules if is_zoned(one)]
    if zoned:
        yield _role(deployment)
        yield Resource("schedule_group", group(deployment), {}, {"tags": deployment.stage_tags})
    for one in deployment.project.schedules:
        _check(deployment, one)
        if one in zoned:
            yield _schedule(deployment, one)
        else:
            yield from _rule(deployment, one)


def named(app: str, stage: str, name: str = "") -> str:
    """What a stage's rule or schedule is called on AWS; without a name the group of schedules."""
    return cut("-".join(part for part in (app, stage, name) if part), _LONGEST)


def cut(name: str, longest: int) -> str:
    """As long as it may be, and still another one than others that begin like it."""
    return name if len(name) <= longest else f"{name[: longest - 9]}-{_hash(name)}"


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def group(deployment: Deployment) -> str:
    return named(deployment.app, deployment.stage)


def is_zoned(schedule: Schedule) -> bool:
    """Whether it is for EventBridge Scheduler. A rate is the same in any zone."""
    times = schedule_times.parsed(schedule.expression)
    if isinstance(times, schedule_times.Rate):
        return False
    return isinstance(times, schedule_times.Once) or schedule.timezone != "UTC"


def rule_permission(deployment: Deployment, function: str, what: str, rule: str) -> Resource:
    """That a rule may call a function."""
    arn = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/" + rule
    settings = {
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": Sub(arn),
    }
    return permission(deployment, function, what, settings)


def permission(
    deployment: Deployment, function: str, what: str, settings: Mapping[str, Any]
) -> Resource:
    """A statement with an id of 100 characters at the most.

    https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
    """
    before = len(f"adapter-{deployment.stage}-")
    return api_parts.permission(deployment, function, cut(what, 100 - before), settings)


def _check(deployment: Deployment, schedule: Schedule) -> None:
    if schedule.name in {WARM + name for name in deployment.project.functions}:
        raise DeployError(
            f"a schedule can't be called {schedule.name}: adapter warm has a rule of that name"
        )
    if not is_zoned(schedule) and len(schedule.input.encode()) > _LONGEST_INPUT:
        raise DeployError(
            f"the input of the schedule {schedule.name} is larger than the {_LONGEST_INPUT} bytes "
            "that a rule gives: let the function read it from elsewhere"
        )


def _rule(deployment: Deployment, schedule: Schedule) -> Iterator[Resource]:
    name = named(deployment.app, deployment.stage, schedule.name)
    yield rule_permission(deployment, schedule.function, f"rule-{_plain(schedule.name)}", name)
    target: dict[str, Any] = {
        "Id": "1",
        "Arn": api_parts.alias_arn(schedule.function, deployment.stage),
        **_input(schedule),
    }
    settings = {
        "ScheduleExpression": schedule.expression.strip(),
        "State": _state(schedule),
        "Targets": [target],
    }
    yield Resource("rule", name, settings, {"tags": deployment.stage_tags})


def _plain(name: str) -> str:
    """Without the dots that a statement's id can't have, and still another one than others'."""
    plain = re.sub(r"[^\w-]", "_", name)
    return plain if plain == name else f"{plain}-{_hash(name)}"


def _input(schedule: Schedule) -> dict[str, Any]:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html"""
    if schedule.input:
        return {"Input": schedule.input}
    paths = {"id": "$.id", "time": "$.time"}
    template = _event(schedule.name, "<id>", "<time>")
    return {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}


def _schedule(deployment: Deployment, schedule: Schedule) -> Resource:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    event = _event(schedule.name, "<aws.scheduler.execution-id>", "<aws.scheduler.scheduled-time>")
    settings = {
        "GroupName": group(deployment),
        "ScheduleExpression": schedule.expression.strip(),
        "ScheduleExpressionTimezone": schedule.timezone,
        "State": _state(schedule),
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": api_parts.alias_arn(schedule.function, deployment.stage),
            "RoleArn": Sub(f"${{role:{role_of(group(deployment))}}}"),
            "Input": schedule.input or event,
        },
    }
    name = named(deployment.app, deployment.stage, schedule.name)
    return Resource("schedule", name, settings, {"tags": deployment.stage_tags})


def _role(deployment: Deployment) -> Resource:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role"""
    called = {one.function for one in deployment.project.schedules if is_zoned(one)}
    invoke = {
        "Effect": "Allow",
        "Action": ["lambda:InvokeFunction"],
        "Resource": [api_parts.alias_arn(name, deployment.stage) for name in sorted(called)],
    }
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": Sub("${AWS::AccountId}")}},
    }
    settings = {
        "AssumeRolePolicyDocument": {"Version": _POLICIES, "Statement": [trust]},
        "PolicyName": Sub("adapter-${AWS::Region}"),
        "PolicyDocument": {"Version": _POLICIES, "Statement": [invoke]},
    }
    name = role_of(group(deployment))
    return Resource("role", name, settings, {"tags": deployment.stage_tags})


def _state(schedule: Schedule) -> str:
    return "ENABLED" if schedule.enabled else "DISABLED"


def _event(name: str, identifier: str, time: str) -> Sub:
    """As adapter.events.samples.schedule has it: of a rule by that name."""
    here = "${AWS::Region}:${AWS::AccountId}"
    event = {
        "version": "0",
        "id": identifier,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "${AWS::AccountId}",
        "time": time,
        "region": "${AWS::Region}",
        "resources": ["arn:${AWS::Partition}:events:" + f"{here}:rule/{name}"],
        "detail": {},
    }
    return Sub(json.dumps(event))
