"""A function's log group, with how long it is kept.

Made before the function, which could make one itself, but for ever.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html

    {"retentionInDays": 30}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS


def read(aws: AWS, wanted: Resource) -> Found | None:
    logs = aws.client("logs")
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=wanted.name)
    groups = (group for page in pages for group in page["logGroups"])
    one = next((group for group in groups if group["logGroupName"] == wanted.name), None)
    if one is None:
        return None
    arn = one["arn"].removesuffix(":*")
    tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
    settings = {"retentionInDays": one.get("retentionInDays")}
    return Found(wanted.kind, wanted.name, settings, wanted.name, tags, {"arn": arn})


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    aws.client("logs").create_log_group(logGroupName=wanted.name, tags=dict(wanted.tags))
    _keep(aws, wanted)
    return wanted.name


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    _keep(aws, wanted)
    return ""


def tag(aws: AWS, found: Found, tags: Mapping[str, str]) -> None:
    aws.client("logs").tag_resource(resourceArn=found.more["arn"], tags=dict(tags))


def _keep(aws: AWS, wanted: Resource) -> None:
    aws.client("logs").put_retention_policy(logGroupName=wanted.name, **wanted.settings)


def delete(aws: AWS, found: Found) -> None:
    logs = aws.client("logs")
    try:
        logs.delete_log_group(logGroupName=found.name)
    except logs.exceptions.ResourceNotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    """None: it stays with its function."""
    yield from ()
