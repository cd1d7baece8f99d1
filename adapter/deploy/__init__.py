"""`adapter deploy`: from a project to resources on AWS.

The line: project → wanted resources → plan → calls. Until the calls all of it is values: a
`Resource` says what is to be, a `Found` what is there, a `Change` what lies between.

    wanted   what a stage of the project is to be, in the words of AWS's API
    kinds    one module for each kind of resource: read, create, change, delete, listed
    plan     what is there, read and compared
    apply    the calls, in order

A stage is an alias of each function, with an API, schedules and event sources of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import AdapterError

Tell = Callable[[str], None]
"""Called with what is being done, in a sentence."""

Action = Literal["create", "change", "keep", "delete"]

APP = "adapter:app"
STAGE = "adapter:stage"
"""Tags of all that this makes. What doesn't have them isn't ours, and is never touched."""

FRESH = "fresh"
"""Among what is given to a resource: the KIND:NAME of all that this run has made or changed."""


class DeployError(AdapterError):
    """It can't be deployed; the text says whose fault it is, and what to do."""


@dataclass(frozen=True)
class Sub:
    """Text with values in it that are known later.

    `${AWS::Partition}`, `${AWS::Region}` and `${AWS::AccountId}` as CloudFormation has them, and
    `${KIND:NAME}` for what AWS called a resource: an API's id, the ARN of a layer's version.
    """

    text: str


@dataclass(frozen=True)
class Resource:
    """Something that is to be on AWS.

    kind      a key of kinds.KINDS
    name      what AWS knows it by, or what tells it from others of its kind
    settings  what it is to be, by key, in the words of AWS's API: dicts, lists, text, numbers and
              Sub. Compared by key with what is there; what isn't named here isn't looked at
    given     what the calls need besides, and nobody compares: an archive, the tags
    """

    kind: str
    name: str
    settings: Mapping[str, Any]
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tags(self) -> Mapping[str, str]:
        tags: Mapping[str, str] = self.given.get("tags", {})
        return tags


@dataclass(frozen=True)
class Found:
    """Something that is on AWS.

    kind, name  as a Resource has them
    settings    what it is, with the keys that a Resource may have
    id          what AWS called it, by which others refer to it and it is deleted; its name if
                AWS calls it nothing else
    tags        it is ours only if APP is among them; for what can't have tags a kind finds out
                otherwise, and puts them here
    more        what the kind's calls need besides: a RevisionId, the ids of parts
    """

    kind: str
    name: str
    settings: Mapping[str, Any]
    id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What is to be done about one resource.

    wanted       None for one that is to be deleted
    found        None for one that isn't there
    differences  by key: what it is, what it is to be
    """

    action: Action
    wanted: Resource | None
    found: Found | None
    differences: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return (self.wanted or self.found).kind  # type: ignore[union-attr]

    @property
    def name(self) -> str:
        return (self.wanted or self.found).name  # type: ignore[union-attr]
