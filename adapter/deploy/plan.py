"""What is there, compared with what is to be: a plan, as values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import APP, STAGE, Change, DeployError
from .compare import differences
from .fill import filled
from .kinds import KINDS, RENEWED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from . import Found, Resource
    from .aws import AWS


def plan(aws: AWS, wanted: Iterable[Resource], app: str, stage: str) -> list[Change]:
    """A change for each resource in the order of the calls, and last what is to go.

    Raises DeployError for what has a name of ours and isn't ours.
    """
    known = dict(aws.known)
    changes = []
    for resource in wanted:
        change = _change(aws, resource, known)
        if change.found and change.found.id and not _is_renewed(change):
            known[f"{resource.kind}:{resource.name}"] = change.found.id
        changes.append(change)
    return [*changes, *_gone(aws, changes, app, stage)]


def _change(aws: AWS, resource: Resource, known: Mapping[str, str]) -> Change:
    kind, wanted = KINDS[resource.kind], filled_in(resource, known)
    found = kind.read(aws, wanted)
    if found is None:
        # What can't be made is told before anything is.
        getattr(kind, "check", _nothing)(aws, wanted)
        return Change("create", resource, None)
    _check_ours(resource, found)
    different = differences(wanted.settings, found.settings)
    return Change("change" if different else "keep", resource, found, different)


def _nothing(aws: AWS, wanted: Resource) -> None:
    """The check of kinds that have none."""


def _is_renewed(change: Change) -> bool:
    """Whether what it is called now is not what it will be called."""
    return change.action == "change" and change.kind in RENEWED


def filled_in(resource: Resource, known: Mapping[str, str]) -> Resource:
    """The resource with its Sub texts filled in, as far as they are known."""
    return replace(resource, settings=filled(resource.settings, known))


def _check_ours(resource: Resource, found: Found) -> None:
    """Raises DeployError."""
    app, whose = resource.tags.get(APP), found.tags.get(APP)
    there = f"there is a {resource.kind.replace('_', ' ')} {resource.name} already, and"
    if whose != app:
        owner = f"it is of the app {whose!r}" if whose else "adapter did not make it"
        raise DeployError(
            f"{there} {owner}: choose another name, or hand it over with the tag {APP}={app}"
        )
    # shop-b-c-n is the rule n of the stage b-c, and c-n of the stage b.
    stage = resource.tags.get(STAGE)
    if stage and found.tags.get(STAGE, stage) != stage:
        raise DeployError(f"{there} it is of the stage {found.tags[STAGE]!r}: choose another name")


def _gone(aws: AWS, changes: list[Change], app: str, stage: str) -> Iterator[Change]:
    """Ours that nothing wants any more, of what belongs to the stage; the last made first."""
    wanted = {(change.kind, change.name) for change in changes}
    for kind, module in reversed(KINDS.items()):
        for found in module.listed(aws, app):
            if found.tags.get(STAGE) == stage and (kind, found.name) not in wanted:
                yield Change("delete", None, found)
