"""A function as one stage has it: code, configuration, the version of them, and the alias.

What it *is* is what the alias's version is, so that $LATEST may be anything meanwhile, and one that
failed its check is made whole by the next run.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html

    {"Runtime", "Handler", "Role", "MemorySize", "Timeout", "Architectures", "Environment",
     "Layers", "VpcConfig", "TracingConfig", "CodeSha256"}
    given: archive, app, bucket, role (its name, if it is ours), folder, check (an event, or None),
           path (of the check)

A resource's name is "users:dev", and its id the version's number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import APP, FRESH, DeployError, Found, aliases, publish, trial
from ..aliases import Alias
from ..record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS


def parts(name: str) -> tuple[str, str]:
    """(function, stage) of "users:dev"."""
    function, _, stage = name.partition(":")
    return function, stage


def read(aws: AWS, wanted: Resource) -> Found | None:
    """A function without the alias has no settings yet, and its tags say whose it is."""
    name, stage = parts(wanted.name)
    function = of_name(aws, name)
    if function is None:
        return None
    tags = _tags(function)
    alias = aliases.read(aws, name, stage)
    if alias is None:
        return Found(wanted.kind, wanted.name, {}, "", tags)
    configuration = aliases.configuration(aws, name, alias.version) or {}
    settings = publish.settings_of(configuration)
    return Found(wanted.kind, wanted.name, settings, alias.version, tags, {"alias": alias})


def of_name(aws: AWS, name: str) -> Mapping[str, Any] | None:
    """As GetFunction has it; None if there is none."""
    client = aws.client("lambda")

    def call() -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = client.get_function(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            return None
        return found

    return aws.asked(("function", name), call)


def arn(aws: AWS, name: str) -> str:
    """Of a function, which is what has tags: no version and no alias has some. Or of users:dev:
    calls for mappings are said to take an alias in no other way.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """
    partition, region, account = (aws.known[f"AWS::{each}"] for each in _WHERE)
    return f"arn:{partition}:lambda:{region}:{account}:function:{name}"


_WHERE = ("Partition", "Region", "AccountId")


def _tags(function: Mapping[str, Any]) -> Mapping[str, str]:
    """Raises DeployError without the right to see them."""
    if error := function.get("TagsError"):
        raise DeployError(
            f"whose {function['Configuration']['FunctionName']} is, its tags would say, and you "
            f"have no right to see them (lambda:ListTags): {error.get('Message')}"
        )
    tags: Mapping[str, str] = function.get("Tags") or {}
    return tags


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    return _released(aws, wanted, None, tell)


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    return _released(aws, wanted, found, tell)


def tag(aws: AWS, found: Found, tags: Mapping[str, str]) -> None:
    function = arn(aws, parts(found.name)[0])
    aws.client("lambda").tag_resource(Resource=function, Tags=dict(tags))


def _released(aws: AWS, wanted: Resource, found: Found | None, tell: Tell) -> str:
    """Each step does nothing where an earlier run did it. Raises DeployError."""
    name, stage = parts(wanted.name)
    latest = publish.latest(aws, wanted, name, tell)
    version, commit = publish.version(aws, wanted, name, latest, tell)
    _check(aws, wanted, version, tell)
    before: Alias | None = found.more.get("alias") if found else None
    record = Record(aliases.now(), aws.who, commit, before.version if before else "")
    aliases.moved(aws, before, Alias(name, stage, version, record=record))
    return version


def _check(aws: AWS, wanted: Resource, version: str, tell: Tell) -> None:
    """Raises DeployError for a version that is broken."""
    event, (name, stage) = wanted.given["check"], parts(wanted.name)
    if event is None:
        tell(f"version {version} of {name} is released without a call")
        return
    is_young = f"role:{wanted.given['role']}" in wanted.given.get(FRESH, ())
    timeout = wanted.settings["Timeout"]
    found = trial.tried(aws, name, version, event, timeout, stage, is_young=is_young)
    tell(f"version {version} of {name} answers GET {wanted.given['path']} with {found.text}")


def delete(aws: AWS, found: Found) -> None:
    """The alias: the function may have others. See `remove`."""
    client, (name, stage) = aws.client("lambda"), parts(found.name)
    try:
        client.delete_alias(FunctionName=name, Name=stage)
    except client.exceptions.ResourceNotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    """None: an alias has no tags, and a function stays with its versions."""
    yield from ()


def remove(aws: AWS, function: str, app: str) -> bool:
    """Delete a function with all its versions and aliases, if it is the app's. Whether it was.

    https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
    """
    found, client = of_name(aws, function), aws.client("lambda")
    if found is None or _tags(found).get(APP) != app:
        return False
    try:
        client.delete_function(FunctionName=function)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True
