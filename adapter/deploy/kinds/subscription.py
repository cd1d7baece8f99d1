"""A subscription of an alias to a topic of SNS.

It has no tags: ours are those of our aliases for whose topic we gave a permission.
https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html

    {"TopicArn": "arn:aws:sns:…:news", "Protocol": "lambda",
     "Endpoint": "arn:aws:lambda:…:function:users:dev"}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import DeployError, Found
from ..sources import short_of
from . import permission

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

_KIND = "subscription"


def read(aws: AWS, wanted: Resource) -> Found | None:
    topic, endpoint = wanted.settings["TopicArn"], wanted.settings["Endpoint"]
    for one in _subscriptions(aws, topic) or ():
        if (one["Protocol"], one["Endpoint"]) == ("lambda", endpoint):
            settings = {key: one[key] for key in wanted.settings}
            return Found(_KIND, wanted.name, settings, one["SubscriptionArn"], wanted.tags)
    return None


def check(aws: AWS, wanted: Resource) -> None:
    """Raises DeployError if there is no such topic."""
    topic = wanted.settings["TopicArn"]
    if _subscriptions(aws, topic) is None:
        name = short_of(topic).partition(":")[2]
        raise DeployError(
            f"there is no topic {name}: make it first, or correct [tool.adapter.events]"
        )


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    """AWS makes no second one of the same."""
    check(aws, wanted)
    made = aws.client("sns").subscribe(**wanted.settings, ReturnSubscriptionArn=True)
    return str(made["SubscriptionArn"])


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    """Of a topic of the same name elsewhere."""
    delete(aws, found)
    return create(aws, wanted, tell)


def delete(aws: AWS, found: Found) -> None:
    sns = aws.client("sns")
    try:
        sns.unsubscribe(SubscriptionArn=found.id)
    except sns.exceptions.NotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    for allowed in permission.listed(aws, app):
        if allowed.settings["Principal"] != "sns.amazonaws.com":
            continue
        alias, topic = allowed.name.partition("/")[0], str(allowed.settings["SourceArn"])
        for one in _subscriptions(aws, topic) or ():
            if one["Protocol"] == "lambda" and one["Endpoint"].endswith(f":function:{alias}"):
                name = f"{alias}/{short_of(topic)}"
                yield Found(_KIND, name, {}, one["SubscriptionArn"], allowed.tags)


def _subscriptions(aws: AWS, topic: str) -> list[Any] | None:
    """None if there is no such topic."""
    sns = aws.client("sns")
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    try:
        return [one for page in pages for one in page["Subscriptions"]]
    except sns.exceptions.NotFoundException:
        return None
