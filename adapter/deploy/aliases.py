"""Aliases of functions as values, and how one is moved to another version.

Nobody's move is undone by accident: a move names the RevisionId that was looked at, and AWS refuses
it if the alias is another by then. https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html

Needs boto3 and nothing else, so that a function can release others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from . import DeployError
from .record import Record, parsed, text

if TYPE_CHECKING:
    from .aws import AWS

LATEST = "$LATEST"


class StaleError(DeployError):
    """Somebody else moved the alias meanwhile."""


@dataclass(frozen=True)
class Alias:
    """What an alias runs.

    weights   the share of another version, 0 to 1, by that version; {} for none
    record    who moved it, as its Description says; empty if somebody else wrote that
    revision  AWS's RevisionId; "" of one that is to be
    """

    function: str
    name: str
    version: str
    weights: Mapping[str, float] = field(default_factory=dict)
    record: Record = field(default_factory=Record)
    revision: str = ""

    @property
    def versions(self) -> tuple[str, ...]:
        """All that it sends something to."""
        return (self.version, *self.weights)

    def __str__(self) -> str:
        return f"{self.function}:{self.name}"


def before(alias: Alias | None, version: str) -> str:
    """The version to go back to, once the alias runs this one: "" if nobody knows."""
    if alias is None:
        return ""
    return alias.version if alias.version != version else alias.record.before


def now() -> str:
    """2026-11-21T21:19:37Z"""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(aws: AWS, function: str, name: str) -> Alias | None:
    """None if the function has no such alias, or there is no such function."""
    client = aws.client("lambda")
    try:
        return _alias(function, client.get_alias(FunctionName=function, Name=name))
    except client.exceptions.ResourceNotFoundException:
        return None


def all_of(aws: AWS, function: str) -> list[Alias]:
    """Those of a function; [] if there is no such function."""
    client = aws.client("lambda")
    pages = client.get_paginator("list_aliases").paginate(FunctionName=function)
    try:
        return [_alias(function, one) for page in pages for one in page["Aliases"]]
    except client.exceptions.ResourceNotFoundException:
        return []


def _alias(function: str, one: Mapping[str, Any]) -> Alias:
    weights = (one.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    record = parsed(one.get("Description", ""))
    revision = one.get("RevisionId", "")
    return Alias(function, one["Name"], one["FunctionVersion"], weights, record, revision)


def configuration(aws: AWS, function: str, version: str) -> Mapping[str, Any] | None:
    """Of a version, as GetFunctionConfiguration has it; None if there is no such version."""
    client = aws.client("lambda")
    try:
        found: Mapping[str, Any] = client.get_function_configuration(
            FunctionName=function, Qualifier=version
        )
    except client.exceptions.ResourceNotFoundException:
        return None
    return found


def versions(aws: AWS, function: str) -> list[Mapping[str, Any]]:
    """The configurations of those that are published, the newest first; [] without a function."""
    client = aws.client("lambda")
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    try:
        found = [one for page in pages for one in page["Versions"] if one["Version"] != LATEST]
    except client.exceptions.ResourceNotFoundException:
        return []
    return sorted(found, key=lambda one: int(one["Version"]), reverse=True)


def moved(aws: AWS, before: Alias | None, after: Alias) -> Alias:
    """The alias, now as `after` has it; `before` is what was looked at, None if it wasn't there.

    Raises StaleError, and DeployError for versions that it can't run.
    """
    _check(aws, after)
    # AWS compares the RevisionId itself; what stands for it in tests does not always.
    seen = read(aws, after.function, after.name)
    if (seen and seen.revision) != (before and before.revision):
        raise _stale(after, seen)
    client = aws.client("lambda")
    try:
        return _alias(after.function, _call(client, before, after))
    except (
        client.exceptions.PreconditionFailedException,
        client.exceptions.ResourceConflictException,
    ):
        raise _stale(after, read(aws, after.function, after.name)) from None


def _call(client: Any, before: Alias | None, after: Alias) -> Mapping[str, Any]:
    # Weights stay as they are where a call doesn't name them.
    settings: dict[str, Any] = {
        "FunctionName": after.function,
        "Name": after.name,
        "FunctionVersion": after.version,
        "Description": text(after.record),
        "RoutingConfig": {"AdditionalVersionWeights": dict(after.weights)},
    }
    if before is not None:
        found: Mapping[str, Any] = client.update_alias(**settings, RevisionId=before.revision)
        return found
    if not after.weights:
        del settings["RoutingConfig"]
    made: Mapping[str, Any] = client.create_alias(**settings)
    return made


def _stale(after: Alias, seen: Alias | None) -> StaleError:
    runs = f"it runs version {seen.version} now" if seen else "it is gone"
    who = f", by {seen.record.by}" if seen and seen.record.by else ""
    return StaleError(
        f"{after} was changed meanwhile{who}: {runs}. Look what is there (adapter releases), and "
        "run this again"
    )


def _check(aws: AWS, after: Alias) -> None:
    """Two versions of an alias have to be published, and to agree in role and dead-letter queue.

    https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    """
    found = [_published(aws, after, version) for version in after.versions]
    for what, values in (
        ("role", {one.get("Role") for one in found}),
        ("dead-letter queue", {_dead_letters(one) for one in found}),
    ):
        if len(values) > 1:
            raise DeployError(
                f"{after} can't send requests to versions {' and '.join(after.versions)} at once, "
                f"since they have not the same {what}: move it as a whole, without --canary"
            )


def _published(aws: AWS, after: Alias, version: str) -> Mapping[str, Any]:
    found = None if version == LATEST else configuration(aws, after.function, version)
    if found is not None:
        return found
    there = ", ".join(one["Version"] for one in versions(aws, after.function)) or "none"
    raise DeployError(f"{after.function} has no version {version}; there are: {there}")


def _dead_letters(one: Mapping[str, Any]) -> str | None:
    return (one.get("DeadLetterConfig") or {}).get("TargetArn")
