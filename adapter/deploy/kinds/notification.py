"""One of a bucket's notifications: S3 calls an alias when something happens to an object.

A bucket has one document of all its notifications, which is read, changed and put back; what others
have in it stays as it is. AWS has no condition for the put, so two who do this at once may lose
one of the changes, as with every other tool: the next run finds that, and makes it good.

Ours have an id that begins with "adapter-", the app's name and the stage's.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html

    {"Bucket": "uploads", "Id": "adapter-shop-dev-photos",
     "LambdaFunctionArn": "arn:aws:lambda:…:function:users:dev", "Events": ["s3:ObjectCreated:*"],
     "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "photos/"}]}}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import STAGE, DeployError, Found
from ..patience import patiently
from ..sources import S3, short_of
from . import permission

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

_KIND, _OURS = "notification", "LambdaFunctionConfigurations"

# The permission was given just now.
_PASSING = {"InvalidArgument": ("Unable to validate",)}


def read(aws: AWS, wanted: Resource) -> Found | None:
    bucket = wanted.settings["Bucket"]
    for one in (_document(aws, bucket) or {}).get(_OURS, ()):
        if one["Id"] == wanted.settings["Id"]:
            more = {"bucket": bucket, "id": one["Id"]}
            settings = _settings(bucket, one)
            return Found(_KIND, wanted.name, settings, one["Id"], wanted.tags, more)
    return None


def check(aws: AWS, wanted: Resource) -> None:
    """Raises DeployError if there is no such bucket."""
    bucket = wanted.settings["Bucket"]
    if _document(aws, bucket) is None:
        raise DeployError(
            f"there is no bucket {bucket}: make it first, or correct [tool.adapter.events]"
        )


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    check(aws, wanted)
    settings = {key: value for key, value in wanted.settings.items() if key != "Bucket"}
    if not settings["Filter"]:
        settings.pop("Filter")
    _put(aws, wanted.settings["Bucket"], wanted.settings["Id"], [settings])
    return str(wanted.settings["Id"])


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    return create(aws, wanted, tell)


def delete(aws: AWS, found: Found) -> None:
    _put(aws, found.more["bucket"], found.more["id"], [])


def listed(aws: AWS, app: str) -> Iterator[Found]:
    """In the buckets that statements of our aliases' policies name."""
    seen = set()
    for allowed in permission.listed(aws, app):
        bucket = short_of(str(allowed.settings.get("SourceArn", ""))).removeprefix(f"{S3}:")
        alias, stage = allowed.name.partition("/")[0], allowed.tags[STAGE]
        if allowed.settings["Principal"] != "s3.amazonaws.com" or (alias, bucket) in seen:
            continue
        seen.add((alias, bucket))
        for one in _of_alias(aws, bucket, alias, f"adapter-{app}-{stage}-"):
            name = f"{alias}/{S3}:{bucket}/{one['Id'].removeprefix(f'adapter-{app}-{stage}-')}"
            more = {"bucket": bucket, "id": one["Id"]}
            yield Found(_KIND, name, {}, one["Id"], allowed.tags, more)


def _of_alias(aws: AWS, bucket: str, alias: str, prefix: str) -> list[Any]:
    return [
        one
        for one in (_document(aws, bucket) or {}).get(_OURS, ())
        if one["Id"].startswith(prefix) and one["LambdaFunctionArn"].endswith(f":{alias}")
    ]


def _document(aws: AWS, bucket: str) -> dict[str, Any] | None:
    """All of a bucket's notifications; None if there is no such bucket."""
    s3 = aws.client("s3")
    try:
        found: dict[str, Any] = s3.get_bucket_notification_configuration(Bucket=bucket)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        return None
    return {key: value for key, value in found.items() if key != "ResponseMetadata"}


def _put(aws: AWS, bucket: str, identifier: str, ours: list[Any]) -> None:
    """These in place of what has this id. Nothing if the bucket is gone."""
    document = _document(aws, bucket)
    if document is None:
        return
    others = [one for one in document.get(_OURS, ()) if one["Id"] != identifier]
    changed = {**document, _OURS: [*others, *ours]}
    call = aws.client("s3").put_bucket_notification_configuration
    patiently(lambda: call(Bucket=bucket, NotificationConfiguration=changed), _PASSING)


def _settings(bucket: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """S3 gives back "Prefix" for "prefix", and events in an order of its own."""
    rules = one.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    plain = [{"Name": rule["Name"].lower(), "Value": rule["Value"]} for rule in rules]
    plain.sort(key=lambda rule: rule["Name"])
    return {
        "Bucket": bucket,
        "Id": one["Id"],
        "LambdaFunctionArn": one["LambdaFunctionArn"],
        "Events": sorted(one["Events"]),
        "Filter": {"Key": {"FilterRules": plain}} if plain else {},
    }
