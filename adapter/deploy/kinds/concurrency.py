"""How many environments a function has at the most, and no other takes.

    {"ReservedConcurrentExecutions": 5}

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html: it is the function's,
whatever the alias.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

_KEY = "ReservedConcurrentExecutions"


def read(aws: AWS, wanted: Resource) -> Found | None:
    """Whose it is, the function's tags say."""
    client = aws.client("lambda")
    try:
        function = client.get_function(FunctionName=wanted.name)
    except client.exceptions.ResourceNotFoundException:
        return None
    settings = {_KEY: function.get("Concurrency", {}).get(_KEY)}
    return Found(wanted.kind, wanted.name, settings, wanted.name, function.get("Tags") or {})


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    aws.client("lambda").put_function_concurrency(FunctionName=wanted.name, **wanted.settings)
    return wanted.name


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    return create(aws, wanted, tell)


def delete(aws: AWS, found: Found) -> None:
    client = aws.client("lambda")
    try:
        client.delete_function_concurrency(FunctionName=found.name)
    except client.exceptions.ResourceNotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    """None: it stays with its function."""
    yield from ()
