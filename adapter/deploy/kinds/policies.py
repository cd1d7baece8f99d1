"""The policies of an app's aliases: who may call its functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .. import APP, aliases
from ..tags import tags_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..aws import AWS

PREFIX = "adapter-"
"""Of the ids of our statements."""


def of_app(aws: AWS, app: str) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """("users:dev", its statements by id), of all aliases of functions that have the app's tag."""
    for function in functions(aws, app):
        for alias in _aliases(aws, function):
            yield alias, statements(aws, alias)


def functions(aws: AWS, app: str) -> Mapping[str, Mapping[str, str]]:
    """The tags of an app's functions, by name: one call finds them among all of an account.

    Also of some that are gone: tags are found for a while after that.
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    return aws.asked(("functions", app), lambda: dict(_functions(aws, app)))


def _functions(aws: AWS, app: str) -> Iterator[tuple[str, dict[str, str]]]:
    client = aws.client("resourcegroupstaggingapi")
    pages = client.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": APP, "Values": [app]}], ResourceTypeFilters=["lambda:function"]
    )
    for page in pages:
        for one in page["ResourceTagMappingList"]:
            yield one["ResourceARN"].rpartition(":function:")[2], tags_of(one["Tags"])


def _aliases(aws: AWS, function: str) -> list[str]:
    """ "users:dev" and the like."""
    return aws.asked(
        ("aliases", function), lambda: [str(one) for one in aliases.all_of(aws, function)]
    )


def statements(aws: AWS, alias: str) -> dict[str, dict[str, Any]]:
    """By id, those of an alias, which is written users:dev; {} if there is none."""
    return aws.asked(("policy", alias), lambda: _statements(aws, alias))


def _statements(aws: AWS, alias: str) -> dict[str, dict[str, Any]]:
    """The name has the alias in it, and no Qualifier does: AWS takes both, moto takes this one.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html
    """
    client = aws.client("lambda")
    try:
        policy = json.loads(client.get_policy(FunctionName=alias)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return {}
    return {one["Sid"]: one for one in policy["Statement"]}
