"""The policies of an app's aliases: who may call its functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .. import APP, aliases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..aws import AWS

PREFIX = "adapter-"
"""Of the ids of our statements."""


def of_app(aws: AWS, app: str) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """("users:dev", its statements by id), of all aliases of functions that have the app's tag.

    One call finds them among all functions of an account:
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    for function in _functions(aws, app):
        for alias in aliases.all_of(aws, function):
            yield str(alias), statements(aws, str(alias))


def _functions(aws: AWS, app: str) -> Iterator[str]:
    """Also some that are gone: tags are found for a while after that."""
    client = aws.client("resourcegroupstaggingapi")
    pages = client.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": APP, "Values": [app]}], ResourceTypeFilters=["lambda:function"]
    )
    for page in pages:
        for one in page["ResourceTagMappingList"]:
            yield one["ResourceARN"].rpartition(":function:")[2]


def statements(aws: AWS, alias: str) -> dict[str, dict[str, Any]]:
    """By id, those of an alias, which is written users:dev; {} if there is none.

    The name has the alias in it, and no Qualifier does: AWS takes both, moto takes this one.
    https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html
    """
    client = aws.client("lambda")
    try:
        policy = json.loads(client.get_policy(FunctionName=alias)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return {}
    return {one["Sid"]: one for one in policy["Statement"]}
