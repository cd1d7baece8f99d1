"""A function's layer with its dependencies: a version for each that is another.

    {"CodeSha256", "CompatibleRuntimes", "CompatibleArchitectures"}
    given: archive, app, bucket

A layer can't have tags, so its description says whose it is.
https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html

Its id is the ARN of the newest version. Older ones stay: functions' versions use them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import APP, Found, upload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

_OURS = f"{APP}="


def read(aws: AWS, wanted: Resource) -> Found | None:
    newest = _newest(aws, wanted.name)
    if newest is None:
        return None
    content = aws.client("lambda").get_layer_version(
        LayerName=wanted.name, VersionNumber=newest["Version"]
    )["Content"]
    settings = {
        "CodeSha256": content["CodeSha256"],
        "CompatibleRuntimes": newest.get("CompatibleRuntimes", []),
        "CompatibleArchitectures": newest.get("CompatibleArchitectures", []),
    }
    arn, tags = newest["LayerVersionArn"], _tags(newest.get("Description", ""))
    return Found(wanted.kind, wanted.name, settings, arn, tags)


def _newest(aws: AWS, name: str) -> Mapping[str, Any] | None:
    pages = aws.client("lambda").get_paginator("list_layer_versions").paginate(LayerName=name)
    found = (version for page in pages for version in page["LayerVersions"])
    return max(found, key=lambda version: int(version["Version"]), default=None)


def _tags(description: str) -> dict[str, str]:
    is_ours = description.startswith(_OURS)
    return {APP: description.removeprefix(_OURS)} if is_ours else {}


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    arn: str = aws.client("lambda").publish_layer_version(
        LayerName=wanted.name,
        Description=f"{_OURS}{wanted.tags[APP]}",
        Content=upload.place(aws, wanted.given, tell),
        CompatibleRuntimes=wanted.settings["CompatibleRuntimes"],
        CompatibleArchitectures=wanted.settings["CompatibleArchitectures"],
    )["LayerVersionArn"]
    return arn


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    return create(aws, wanted, tell)


def delete(aws: AWS, found: Found) -> None:
    """All versions."""
    client = aws.client("lambda")
    pages = client.get_paginator("list_layer_versions").paginate(LayerName=found.name)
    for version in [version for page in pages for version in page["LayerVersions"]]:
        if _tags(version.get("Description", "")):
            client.delete_layer_version(LayerName=found.name, VersionNumber=version["Version"])


def listed(aws: AWS, app: str) -> Iterator[Found]:
    """None: it stays with its function."""
    yield from ()
