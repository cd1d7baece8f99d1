"""An event source mapping: Lambda asks a queue or a stream for records, and gives them to an alias.

It is known by its function's alias and its source, of which AWS has one mapping at the most.
https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html

    {"FunctionName": "users:dev", "EventSourceArn": "arn:aws:sqs:…:orders", "Enabled": True,
     "BatchSize": 10, "FunctionResponseTypes": ["ReportBatchItemFailures"], …}

The ARN of a table stands for that of its stream.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .. import APP, DeployError, Found, heard, patience
from ..sources import SQS, short_of
from . import function

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

_KIND = "event_source"
_CHANGING = ("Creating", "Enabling", "Disabling", "Updating")
_FIXED = ("EventSourceArn", "StartingPosition")
"""Set when it is made, and never again."""
_TOGETHER = ("BatchSize", "MaximumBatchingWindowInSeconds")
"""AWS takes a large batch only of what has a window."""

# The role's rights are on their way, or the mapping that was deleted is.
_PASSING = {
    "InvalidParameterValueException": (
        "role does not have permissions",
        "ensure the role can",
        "cannot be assumed by Lambda",
    ),
    "ResourceConflictException": ("",),
    "ResourceInUseException": ("",),
}
_TIMES_AS_LONG = 6  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html


def read(aws: AWS, wanted: Resource) -> Found | None:
    settings, client = wanted.settings, aws.client("lambda")
    alias, arn = settings["FunctionName"], settings["EventSourceArn"]
    for one in _mappings(client, FunctionName=function.arn(aws, alias)):
        # A Kafka of one's own has no ARN.
        source = short_of(one.get("EventSourceArn", ""))
        if _function_of(one) == alias and source == short_of(arn):
            one = _settled(client, one)
            told = _settings(one)
            if one["EventSourceArn"] == _latest(aws, arn):
                told["EventSourceArn"] = arn
            return _found(client, one, told)
    return None


def _latest(aws: AWS, arn: str) -> str:
    """ "" for a table that has no stream any more."""
    try:
        return heard.arn_of(aws, arn)
    except DeployError:
        return ""


def check(aws: AWS, wanted: Resource) -> None:
    """Raises DeployError for one that AWS would refuse to make."""
    settings, timeout = wanted.settings, wanted.given.get("timeout", 0)
    heard.check(aws, settings["EventSourceArn"], settings["FunctionName"], timeout)


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    check(aws, wanted)
    settings = {key: value for key, value in wanted.settings.items() if value != {}}
    settings["EventSourceArn"] = heard.arn_of(aws, settings["EventSourceArn"])
    settings["FunctionName"] = function.arn(aws, settings["FunctionName"])
    _tell_of_visibility(aws, wanted, tell)
    call = aws.client("lambda").create_event_source_mapping
    made = patience.patiently(lambda: call(**settings, Tags=dict(wanted.tags)), _PASSING)
    return str(made["UUID"])


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    if any(key in differences for key in _FIXED):
        check(aws, wanted)
        tell(f"{wanted.name} begins anew, for its {' and its '.join(_anew(differences))} changed")
        delete(aws, found)
        return create(aws, wanted, tell)
    keys = {*differences, *(_TOGETHER if differences.keys() & set(_TOGETHER) else ())}
    changed = {key: _emptied(key, value) for key, value in wanted.settings.items() if key in keys}
    call = aws.client("lambda").update_event_source_mapping
    patience.patiently(lambda: call(UUID=found.id, **changed), _PASSING)
    return ""


def tag(aws: AWS, found: Found, tags: Mapping[str, str]) -> None:
    aws.client("lambda").tag_resource(Resource=found.more["arn"], Tags=dict(tags))


def delete(aws: AWS, found: Found) -> None:
    client = aws.client("lambda")
    try:
        patience.patiently(lambda: client.delete_event_source_mapping(UUID=found.id), _PASSING)
    except client.exceptions.ResourceNotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    """Only mappings of aliases are asked for their tags: ours are all of that kind."""
    client = aws.client("lambda")
    for one in _mappings(client):
        if ":" in _function_of(one) and short_of(one.get("EventSourceArn", "")):
            found = _found(client, one, {})
            if found.tags.get(APP) == app:
                yield found


def _found(client: Any, one: Mapping[str, Any], settings: Mapping[str, Any]) -> Found:
    arn = one["EventSourceMappingArn"]
    tags = client.list_tags(Resource=arn).get("Tags", {})
    name = f"{_function_of(one)}/{short_of(one['EventSourceArn'])}"
    return Found(_KIND, name, settings, one["UUID"], tags, {"arn": arn})


def _mappings(client: Any, **only: str) -> Iterator[Any]:
    """Those that aren't being deleted; none of a function that isn't there."""
    try:
        for page in client.get_paginator("list_event_source_mappings").paginate(**only):
            yield from (one for one in page["EventSourceMappings"] if one["State"] != "Deleting")
    except client.exceptions.ResourceNotFoundException:
        return


def _function_of(one: Mapping[str, Any]) -> str:
    """ "users:dev" of arn:aws:lambda:eu-west-1:123456789012:function:users:dev"""
    return str(one["FunctionArn"]).partition(":function:")[2]


def _settled(client: Any, one: Any) -> Any:
    """The same when it is on or off, for no change is taken until then. Raises DeployError."""
    for _ in range(patience.TRIES):
        if one["State"] not in _CHANGING:
            return one
        time.sleep(patience.PAUSE_S)
        one = client.get_event_source_mapping(UUID=one["UUID"])
    raise DeployError(
        f"the event source mapping {one['UUID']} of {_function_of(one)} has been "
        f"{one['State'].lower()} for {patience.TRIES * patience.PAUSE_S:g} s: try again when AWS "
        "is done with it"
    )


def _settings(one: Mapping[str, Any]) -> dict[str, Any]:
    """As a Resource has them, whatever AWS says of what is left out."""
    failed = one.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    filters = (one.get("FilterCriteria") or {}).get("Filters", [])
    return {
        **one,
        "FunctionName": _function_of(one),
        "Enabled": one["State"] == "Enabled",
        "FunctionResponseTypes": one.get("FunctionResponseTypes", []),
        "FilterCriteria": {"Filters": filters} if filters else {},
        "ScalingConfig": one.get("ScalingConfig") or {},
        "DestinationConfig": {"OnFailure": {"Destination": failed}} if failed else {},
    }


def _emptied(key: str, value: Any) -> Any:
    """https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html"""
    return {"OnFailure": {"Destination": ""}} if key == "DestinationConfig" and not value else value


def _anew(differences: Mapping[str, Any]) -> list[str]:
    words = {"EventSourceArn": "source", "StartingPosition": "starting position"}
    return [word for key, word in words.items() if key in differences]


def _tell_of_visibility(aws: AWS, wanted: Resource, tell: Tell) -> None:
    arn, timeout = wanted.settings["EventSourceArn"], wanted.given.get("timeout", 0)
    hidden = heard.visibility(aws, arn) if arn.split(":")[2] == SQS else None
    if hidden is not None and hidden < _TIMES_AS_LONG * timeout:
        tell(
            f"the queue {arn.rpartition(':')[2]} hides a message that was taken for {hidden} s; "
            f"{_TIMES_AS_LONG * timeout:g} s, {_TIMES_AS_LONG} times the function's timeout, are "
            "what AWS wants"
        )
