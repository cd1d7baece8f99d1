"""How many environments a function has at the most, and no other takes.

    {"ReservedConcurrentExecutions": 5}
    {}    where another stage's settings have it: it stays, whatever it is

It is the function's, whatever the alias, and has no tags: a tag of the function says which number
a deployment has set. Another number is somebody else's, and stays when it leaves the settings.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import APP, Found
from . import function, policies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

SET = "adapter:concurrency"
_KIND, _KEY = "concurrency", "ReservedConcurrentExecutions"


def read(aws: AWS, wanted: Resource) -> Found | None:
    """Whose it is, the function's tags say."""
    if not wanted.settings:
        return Found(_KIND, wanted.name, {}, "", wanted.tags)
    return _of_name(aws, wanted.name)


def _of_name(aws: AWS, name: str) -> Found | None:
    one = function.of_name(aws, name)
    if one is None:
        return None
    settings = {_KEY: one.get("Concurrency", {}).get(_KEY)}
    return Found(_KIND, name, settings, name, one.get("Tags") or {})


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    """The tag first: with a tag alone there is nothing yet, and the next run goes on from there."""
    _tag(aws, wanted.name, wanted.tags)
    return _put(aws, wanted)


def _tag(aws: AWS, name: str, tags: Mapping[str, str]) -> None:
    aws.client("lambda").tag_resource(Resource=function.arn(aws, name), Tags=dict(tags))


def _put(aws: AWS, wanted: Resource) -> str:
    aws.client("lambda").put_function_concurrency(FunctionName=wanted.name, **wanted.settings)
    return wanted.name


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    return _put(aws, wanted)


def tag(aws: AWS, found: Found, tags: Mapping[str, str]) -> None:
    _tag(aws, found.name, tags)


def delete(aws: AWS, found: Found) -> None:
    """The tag last, so that a run that is cut off is gone on with."""
    client = aws.client("lambda")
    try:
        client.delete_function_concurrency(FunctionName=found.name)
        client.untag_resource(Resource=function.arn(aws, found.name), TagKeys=[SET])
    except client.exceptions.ResourceNotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    """Those that a deployment has set, and nobody else since."""
    for name, tags in policies.functions(aws, app).items():
        found = _of_name(aws, name) if SET in tags else None
        if found and _is_ours(found, app):
            yield found


def _is_ours(found: Found, app: str) -> bool:
    """Without a number a run was cut off, before it was set or after it was taken away."""
    number, ours = found.settings[_KEY], found.tags.get(SET)
    is_set = number is None or str(number) == ours
    return found.tags.get(APP) == app and ours is not None and is_set
