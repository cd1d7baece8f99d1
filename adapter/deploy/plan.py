"""What is there, compared with what is to be: a plan, as values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import APP, STAGE, Change, DeployError
from .compare import TAGS, differences, of_tags
from .fill import filled
from .kinds import KINDS, RENEWED, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from . import Found, Resource
    from .aws import AWS


def plan(aws: AWS, wanted: Iterable[Resource], app: str, stage: str) -> list[Change]:
    """A change for each resource in the order of the calls, and last what is to go.

    Raises DeployError for what has a name of ours and isn't ours.
    """
    known, aws = dict(aws.known), aws.remembering()
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
    different = {**differences(wanted.settings, found.settings), **tags_in(wanted, found)}
    return Change("change" if different else "keep", resource, found, different)


def tags_in(wanted: Resource, found: Found) -> dict[str, tuple[Any, Any]]:
    """Under TAGS what its tags are and what they are to be, of a kind of which they can be set."""
    return of_tags(wanted, found) if hasattr(KINDS[wanted.kind], "tag") else {}


def _nothing(aws: AWS, wanted: Resource) -> None:
    """The check of kinds that have none."""


def _is_renewed(change: Change) -> bool:
    """Whether what it is called now is not what it will be called."""
    return change.kind in RENEWED and bool(change.differences.keys() - {TAGS})


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
            is_ours = kind in SHARED or found.tags.get(STAGE) == stage
            if is_ours and (kind, found.name) not in wanted:
                yield Change("delete", None, found)
