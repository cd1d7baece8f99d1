"""`adapter warm`: environments that are started before somebody waits for them.

A function that a Handler serves answers {"warm": n} without its app, held for a moment, so that n
of them at once need n environments. Now: n calls. Every minute: a rule, with a target for each.

The rule is the user's, and no part of the settings: it has a tag of its own in place of the
stage's, by which a deployment leaves it alone and `destroy` finds it.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import schedule_times
from ..report import ReportError, run_of
from . import APP, DeployError, Found, Resource, Sub, remote
from .compare import of_tags
from .fill import filled
from .kinds import rule
from .wanted.schedules import WARM as PREFIX
from .wanted.schedules import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..report import Run
    from .aws import AWS
    from .deployment import Deployment

WARM = "adapter:warm"
"""The tag of such a rule; its value is the stage."""

MOST = 5
"""Targets of a rule: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""

_EVERY = re.compile(r"([1-9]\d{0,4})\s*(m|h|d)", re.ASCII)
_UNITS = {"m": "minute", "h": "hour", "d": "day"}
_CONNECTIONS = 10  # that a client keeps: botocore's max_pool_connections


@dataclass(frozen=True)
class Answer:
    """What one call came to.

    environment  the environment's name; "" if it did not answer as a Handler does
    run          as Lambda's REPORT tells of it; None if the log has none
    wrong        why it doesn't count; "" if it does
    """

    environment: str
    run: Run | None
    wrong: str = ""

    @property
    def init(self) -> float | None:
        """Milliseconds of a cold start; None of a warm one."""
        return self.run.init if self.run else None


def now(aws: AWS, function: str, stage: str, times: int) -> list[Answer]:
    """Call the stage of a function so many times at once. Raises DeployError."""
    # They are made before: that takes longer than a call is held.
    clients = [remote.client_of(aws) for _ in range(0, times, _CONNECTIONS)]

    def call(number: int) -> Answer:
        client = clients[number // _CONNECTIONS]
        return _answer(remote.invoke(client, function, stage, {"warm": times}))

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(call, range(times)))


def _answer(told: remote.Answer) -> Answer:
    result, run = told.result, _run(told.log)
    if told.failed:
        said = result.get("errorMessage") if isinstance(result, dict) else result
        return Answer("", run, f"it failed: {said}")
    if not isinstance(result, dict) or result.get("warm") is not True:
        return Answer("", run, "it is called, but does not know such events: it is no Handler")
    return Answer(str(result.get("environment", "")), run)


def _run(log: str) -> Run | None:
    """None where the function's system log level leaves reports out."""
    try:
        return run_of(log.splitlines())[0]
    except ReportError:
        return None


def summary(answers: Sequence[Answer]) -> str:
    """ "5 environments: 3 cold (init 210 to 264 ms), 2 warm"; and what went wrong."""
    good = [one for one in answers if not one.wrong]
    inits = sorted(one.init for one in good if one.init is not None)
    number = max(len({one.environment for one in good}), len(inits))
    parts = []
    if inits:
        parts.append(f"{len(inits)} cold (init {_range(inits)} ms)")
    if len(good) > len(inits):
        parts.append(f"{len(good) - len(inits)} warm")
    found = f"{number} environment{'s' if number != 1 else ''}"
    told = [f"{found}: {', '.join(parts)}"] if good else []
    wrong = {one.wrong for one in answers if one.wrong}
    return "; ".join([*told, *sorted(wrong)])


def _range(values: Sequence[float]) -> str:
    least, most = f"{values[0]:.0f}", f"{values[-1]:.0f}"
    return least if least == most else f"{least} to {most}"


def expression(time: str) -> str:
    """rate(1 minute) of "1m". Raises DeployError."""
    match = _EVERY.fullmatch(time.strip())
    if match is None:
        raise DeployError(f'{time!r:.40} is no such time: write 1m, 5m, 1h, 1d, or "off"')
    number, unit = int(match[1]), _UNITS[match[2]]
    found = f"rate({number} {unit}{'s' if number > 1 else ''})"
    schedule_times.parsed(found)
    return found


def every(aws: AWS, found: Deployment, function: str, time: str, times: int) -> str:
    """Have it done by a rule; returns the rule's expression. Raises DeployError.

    It may be interrupted anywhere: the same again completes it.
    """
    if times > MOST:
        raise DeployError(f"a rule calls {MOST} times at once at the most: -n {MOST}, or less")
    wanted = _rule(aws, found, function, expression(time), times)
    _permit(aws, found, function, wanted.name)
    there = _existing(aws, wanted)
    if there is None:
        rule.create(aws, wanted, _quiet)
    else:
        if of_tags(wanted, there):
            rule.tag(aws, there, wanted.tags)
        rule.change(aws, wanted, there, {}, _quiet)
    return str(wanted.settings["ScheduleExpression"])


def off(aws: AWS, found: Deployment, function: str) -> bool:
    """Whether there was such a rule, which is gone now. Raises DeployError."""
    wanted = _rule(aws, found, function, "", 0)
    there = _existing(aws, wanted)
    if there:
        rule.delete(aws, there)
    client = aws.client("lambda")
    try:
        client.remove_permission(
            FunctionName=f"{function}:{found.stage}", StatementId=_statement(found.stage)
        )
    except client.exceptions.ResourceNotFoundException:
        pass
    return there is not None


def _quiet(text: str) -> None:
    """Nobody asks how it goes."""


def rule_name(app: str, stage: str, function: str) -> str:
    return named(app, stage, PREFIX + function)


def _rule(aws: AWS, found: Deployment, function: str, rate: str, times: int) -> Resource:
    arn = filled(Sub(f"{_FUNCTION}{function}:{found.stage}"), aws.known)
    event = f'{{"warm": {times}}}'
    settings = {
        "ScheduleExpression": rate,
        "State": "ENABLED",
        "Targets": [{"Id": str(n + 1), "Arn": arn, "Input": event} for n in range(times)],
    }
    tags = {**found.tags, WARM: found.stage}
    name = rule_name(found.app, found.stage, function)
    return Resource("rule", name, settings, {"tags": tags})


_FUNCTION = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
_RULE = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/"


def _existing(aws: AWS, wanted: Resource) -> Found | None:
    """Raises DeployError for one that is no such rule of this app."""
    there = rule.read(aws, wanted)
    if there and not {(key, wanted.tags[key]) for key in (APP, WARM)} <= set(there.tags.items()):
        raise DeployError(
            f"there is a rule {wanted.name} already, and adapter warm did not make it: give it "
            "another name"
        )
    return there


def _statement(stage: str) -> str:
    """Without the prefix by which a deployment knows what is its own."""
    return f"warm-{stage}"


def _permit(aws: AWS, found: Deployment, function: str, name: str) -> None:
    """Raises DeployError if there is no such alias."""
    client, alias = aws.client("lambda"), f"{function}:{found.stage}"
    told: dict[str, Any] = {
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": filled(Sub(_RULE + name), aws.known),
    }
    try:
        client.add_permission(FunctionName=alias, StatementId=_statement(found.stage), **told)
    except client.exceptions.ResourceConflictException:
        return  # it is there, and what it says follows from its name
    except client.exceptions.ResourceNotFoundException:
        raise DeployError(
            f"there is no {alias} in {client.meta.region_name}: deploy it first"
        ) from None
