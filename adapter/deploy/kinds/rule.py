"""A rule of EventBridge that is due by the clock, with its targets.

There are two calls, and a rule without its targets is half made: what is compared has both.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html

    {"ScheduleExpression": "rate(5 minutes)", "State": "ENABLED",
     "Targets": [{"Id": "1", "Arn": "arn:aws:lambda:…:function:users:dev", "Input": "{}"}]}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import APP, DeployError, Found
from ..tags import tag_list, tags_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

_KIND = "rule"


def read(aws: AWS, wanted: Resource) -> Found | None:
    return of_name(aws, wanted.name)


def of_name(aws: AWS, name: str) -> Found | None:
    events = aws.client("events")
    try:
        rule = events.describe_rule(Name=name)
    except events.exceptions.ResourceNotFoundException:
        return None
    settings = {
        "ScheduleExpression": rule.get("ScheduleExpression", ""),
        "State": rule["State"],
        "Targets": _targets(events, name),
    }
    arn = rule["Arn"]
    return Found(_KIND, name, settings, name, _tags(aws, arn), {"arn": arn})


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    tags = tag_list(wanted.tags)
    _put(aws.client("events"), wanted, Tags=tags)
    return wanted.name


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    events = aws.client("events")
    _put(events, wanted)
    kept = {target["Id"] for target in wanted.settings["Targets"]}
    _remove(events, wanted.name, [one["Id"] for one in found.settings["Targets"]], kept)
    return ""


def tag(aws: AWS, found: Found, tags: Mapping[str, str]) -> None:
    aws.client("events").tag_resource(ResourceARN=found.more["arn"], Tags=tag_list(tags))


def delete(aws: AWS, found: Found) -> None:
    events = aws.client("events")
    try:
        _remove(events, found.name, [one["Id"] for one in _targets(events, found.name)])
        events.delete_rule(Name=found.name)
    except events.exceptions.ResourceNotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    events = aws.client("events")
    for page in events.get_paginator("list_rules").paginate(NamePrefix=f"{app}-"):
        for rule in page["Rules"]:
            tags = _tags(aws, rule["Arn"])
            if tags.get(APP) == app:
                yield Found(_KIND, rule["Name"], {}, rule["Name"], tags)


def _put(events: Any, wanted: Resource, **more: Any) -> None:
    """Raises DeployError: what is wrong with a target is in the answer, and no error."""
    settings = wanted.settings
    events.put_rule(
        Name=wanted.name,
        ScheduleExpression=settings["ScheduleExpression"],
        State=settings["State"],
        **more,
    )
    _check(wanted.name, events.put_targets(Rule=wanted.name, Targets=settings["Targets"]))


def _remove(events: Any, name: str, ids: list[str], kept: Collection[str] = ()) -> None:
    gone = [each for each in ids if each not in kept]
    if gone:
        _check(name, events.remove_targets(Rule=name, Ids=gone))


def _check(name: str, answer: Mapping[str, Any]) -> None:
    for entry in answer.get("FailedEntries", ()):
        said = entry.get("ErrorMessage") or entry.get("ErrorCode", "")
        raise DeployError(f"EventBridge refuses a target of the rule {name}: {said}")


def _targets(events: Any, name: str) -> list[Any]:
    pages = events.get_paginator("list_targets_by_rule").paginate(Rule=name)
    found = [target for page in pages for target in page["Targets"]]
    return sorted(found, key=lambda target: str(target["Id"]))


def _tags(aws: AWS, arn: str) -> dict[str, str]:
    call = aws.client("events").list_tags_for_resource
    return aws.asked(("tags", arn), lambda: tags_of(call(ResourceARN=arn)["Tags"]))
