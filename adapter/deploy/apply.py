"""The calls of a plan, in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import FRESH
from .compare import differences
from .kinds import KINDS
from .plan import filled_in, tags_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from . import Change, Tell
    from .aws import AWS

_DOING = {"create": "making", "change": "changing", "delete": "deleting"}


def apply(aws: AWS, changes: Sequence[Change], tell: Tell) -> dict[str, str]:
    """What AWS called the resources, by KIND:NAME.

    It may be interrupted anywhere: the plan that is made next goes on from there.

    Raises DeployError, and what boto3 raises.
    """
    known = made(aws, changes, tell)
    settle(aws, changes, known)
    return known


def made(
    aws: AWS, changes: Iterable[Change], tell: Tell, before: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The same of some of the changes: `settle` is to be called when all are made.

    before  the same of changes that were made already
    """
    known, fresh = {**aws.known, **(before or {})}, set[str]()
    for change in changes:
        name = f"{change.kind}:{change.name}"
        if change.action != "keep":
            tell(f"{_DOING[change.action]} {change.kind.replace('_', ' ')} {change.name}")
        known[name] = _applied(aws, _knowing(change, fresh), known, tell)
        if change.action != "keep":
            fresh.add(name)
    return known


def settle(aws: AWS, changes: Iterable[Change], known: Mapping[str, str]) -> None:
    """What has to wait for all else, since what ran before may need it until then."""
    for change in changes:
        late = getattr(KINDS[change.kind], "settle", None)
        if late and change.wanted and change.found:
            late(aws, filled_in(change.wanted, known), change.found)


def _knowing(change: Change, fresh: Collection[str]) -> Change:
    """The change, of which the resource knows what this run has made or changed before it."""
    if change.wanted is None:
        return change
    given = {**change.wanted.given, FRESH: frozenset(fresh)}
    return replace(change, wanted=replace(change.wanted, given=given))


def _applied(aws: AWS, change: Change, known: dict[str, str], tell: Tell) -> str:
    """What AWS calls it; "" for what is gone."""
    kind, found = KINDS[change.kind], change.found
    if change.wanted is None:
        if found:
            kind.delete(aws, found)
        return ""
    wanted = filled_in(change.wanted, known)
    if found is None:
        return str(kind.create(aws, wanted, tell))
    # What was not known when the plan was made may be different now.
    if tags_in(wanted, found):
        kind.tag(aws, found, wanted.tags)
    different = differences(wanted.settings, found.settings)
    if not different:
        return found.id
    return str(kind.change(aws, wanted, found, different, tell) or found.id)
