"""The calls of a plan, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .compare import differences
from .kinds import KINDS
from .plan import filled_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from . import Change, Tell
    from .aws import AWS

_DOING = {"create": "making", "change": "changing", "delete": "deleting"}


def apply(aws: AWS, changes: Iterable[Change], tell: Tell) -> dict[str, str]:
    """What AWS called the resources, by KIND:NAME.

    It may be interrupted anywhere: the plan that is made next goes on from there.

    Raises DeployError, and what boto3 raises.
    """
    known = dict(aws.known)
    for change in changes:
        if change.action != "keep":
            tell(f"{_DOING[change.action]} {change.kind.replace('_', ' ')} {change.name}")
        known[f"{change.kind}:{change.name}"] = _applied(aws, change, known, tell)
    return known


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
    different = differences(wanted.settings, found.settings)
    if not different:
        return found.id
    return str(kind.change(aws, wanted, found, different, tell) or found.id)
