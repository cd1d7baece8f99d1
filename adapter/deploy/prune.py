"""Which versions may go, and how they go.

A version stays if an alias runs it, if an alias sends a share to it, or if an alias would go back
to it. Of all others the newest stay, as many as are asked for. Layer versions go when no version
has them any more.

AWS refuses to delete a version that an alias names; here it is looked up by ourselves as well, and
again right before each call, since somebody may have moved an alias meanwhile.
https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import APP, DeployError, aliases
from .releases import commit_of
from .wanted.functions import layer_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from . import Tell
    from .aliases import Alias
    from .aws import AWS

KEEP = 5


@dataclass(frozen=True)
class Version:
    """A version that may go.

    at    when it was published, as AWS has it
    size  bytes of its code
    """

    function: str
    number: str
    commit: str
    at: str
    size: int

    def __str__(self) -> str:
        return f"{self.function} version {self.number}"


@dataclass(frozen=True)
class LayerVersion:
    """A layer version that nobody uses any more."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"layer {self.name} version {self.number}"


@dataclass(frozen=True)
class Old:
    """What may go: versions, and the layers that go with them."""

    versions: tuple[Version, ...] = ()
    layers: tuple[LayerVersion, ...] = ()

    @property
    def bytes(self) -> int:
        """What the versions take of the account's storage."""
        return sum(version.size for version in self.versions)


def old(aws: AWS, functions: Iterable[str], app: str, keep: int = KEEP) -> Old:
    """What may go, of these functions. Nothing is deleted.

    Raises DeployError for a function that is not the app's.
    """
    there = [function for function in functions if _is_there(aws, function, app)]
    found = [_of(aws, function, app, keep) for function in there]
    return Old(
        tuple(version for one in found for version in one.versions),
        tuple(layer for one in found for layer in one.layers),
    )


def _is_there(aws: AWS, function: str, app: str) -> bool:
    client = aws.client("lambda")
    try:
        found = client.get_function(FunctionName=function)
    except client.exceptions.ResourceNotFoundException:
        return False
    if found.get("Tags", {}).get(APP) != app:
        raise DeployError(
            f"the function {function} is not of the app {app}: its versions are somebody else's"
        )
    return True


def _of(aws: AWS, function: str, app: str, keep: int) -> Old:
    versions = aliases.versions(aws, function)
    named = _named(aliases.all_of(aws, function))
    unnamed = [one for one in versions if one["Version"] not in named]
    gone = unnamed[keep:]
    left = [one for one in versions if one not in gone]
    return Old(
        tuple(_version(function, one) for one in reversed(gone)),
        tuple(_layers(aws, function, app, left)),
    )


def _named(found: Iterable[Alias]) -> set[str]:
    """The versions that aliases run, or would go back to."""
    return {
        version for alias in found for version in (*alias.versions, alias.record.before) if version
    }


def _version(function: str, one: Mapping[str, Any]) -> Version:
    return Version(
        function, one["Version"], commit_of(one), one["LastModified"], one.get("CodeSize", 0)
    )


def _layers(
    aws: AWS, function: str, app: str, left: Iterable[Mapping[str, Any]]
) -> Iterator[LayerVersion]:
    """Our versions of the function's layer that neither $LATEST nor what is left has."""
    client, name = aws.client("lambda"), layer_of(function)
    latest = client.get_function_configuration(FunctionName=function)
    used = {layer["Arn"] for one in (*left, latest) for layer in one.get("Layers", ())}
    pages = client.get_paginator("list_layer_versions").paginate(LayerName=name)
    found = [one for page in pages for one in page["LayerVersions"]]
    newest = max((one["Version"] for one in found), default=0)
    for one in found:
        is_ours = one.get("Description") == f"{APP}={app}"  # a layer can't have tags
        # The newest may be one that a deployment is about to use.
        if is_ours and one["LayerVersionArn"] not in used and one["Version"] != newest:
            yield LayerVersion(name, one["Version"])


def delete(aws: AWS, gone: Old, tell: Tell) -> int:
    """How many versions went; one that an alias names by now stays."""
    count = 0
    for version in gone.versions:
        if version.number in _named(aliases.all_of(aws, version.function)):
            tell(f"{version} stays: an alias names it by now")
        elif version.number.isdecimal():  # without a number it would be the whole function
            tell(f"deleting {version}")
            _delete_version(aws, version, tell)
            count += 1
    for layer in gone.layers:
        tell(f"deleting {layer}")
        aws.client("lambda").delete_layer_version(LayerName=layer.name, VersionNumber=layer.number)
    return count


def _delete_version(aws: AWS, version: Version, tell: Tell) -> None:
    client = aws.client("lambda")
    try:
        client.delete_function(FunctionName=version.function, Qualifier=version.number)
    except client.exceptions.ResourceNotFoundException:
        pass
