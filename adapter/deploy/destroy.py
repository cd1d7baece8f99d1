"""What of an app is on AWS and would go, and how it goes.

Of a stage: what has its tag. When no stage is left: also what all of them share, which is functions
with all versions, layers, roles and, if that is asked for, logs. What doesn't have the app's tag is
never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.node import nearest
from ..package import Archive, Package
from . import APP, STAGE, DeployError, Found, aliases
from .deployment import deployment, known_as
from .kinds import KINDS, function
from .plan import filled_in
from .stages import known
from .wanted import resources
from .warm import WARM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from . import Tell
    from .aws import AWS
    from .deployment import Deployment
    from .stages import Account

LOGS = "log_group"
_SHARED = ("role", "layer", "log_group", "concurrency")


@dataclass(frozen=True)
class Doomed:
    """What would go, in that order.

    found     resources, as their kinds found them
    functions that go as a whole, with all versions
    kept      names of what stays although it is ours, since logs were not asked for
    remaining stages that are left; functions that have none
    """

    found: tuple[Found, ...]
    functions: tuple[str, ...]
    kept: tuple[str, ...]
    remaining: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.found or self.functions)


@dataclass(frozen=True)
class Stages:
    """Stages of an app, in their account; `names` are those of all that are known."""

    aws: AWS
    stages: tuple[Deployment, ...]
    names: tuple[str, ...]


def stages_of(account: Account, name: str, *, all_stages: bool = False) -> Stages:
    """The stage of that name, or all that there are. Raises ConfigError and DeployError."""
    names = known(account)
    one = deployment(known_as(name, names))
    found = [deployment(each) for each in names] if all_stages else [one]
    there = tuple(each for each in found if each.where == one.where)
    return Stages(account(one), there, names)


def doomed(
    aws: AWS, stages: Sequence[Deployment], *, logs: bool = False, everything: bool = False
) -> Doomed:
    """What of these stages is there, and with `everything` of functions that have none.

    Nothing is deleted.
    """
    app, names = stages[0].app, {one.stage for one in stages}
    functions = [name for name in stages[0].project.functions if _is_ours(aws, name, app)]
    found = _found(aws, stages, app, names)
    there = {alias.name for name in functions for alias in aliases.all_of(aws, name)}
    others = tuple(sorted(there - names))
    # Functions that have no stage at all may be half made: they go when all is to go.
    if others or (functions and not there and not everything):
        found = [one for one in found if not _is_shared(one)]
        return Doomed(tuple(found), (), (), others or tuple(functions))
    kept = [one.name for one in found if one.kind == LOGS and not logs]
    # with the function its aliases go
    found = [one for one in found if one.kind != "function" and (logs or one.kind != LOGS)]
    return Doomed(tuple(found), tuple(functions), tuple(kept), ())


def check_known(deployed: Stages) -> None:
    """Raises DeployError for a name that neither the file nor AWS has: one that is mistyped."""
    for one in deployed.stages:
        if one.stage not in deployed.names:
            raise DeployError(f"there is no stage {one.stage}{nearest(one.stage, deployed.names)}")


def _is_ours(aws: AWS, function: str, app: str) -> bool:
    client = aws.client("lambda")
    try:
        found = client.get_function(FunctionName=function)
    except client.exceptions.ResourceNotFoundException:
        return False
    return bool(found.get("Tags", {}).get(APP) == app)


def _found(aws: AWS, stages: Sequence[Deployment], app: str, names: set[str]) -> list[Found]:
    """All of ours, each once, the last made first."""
    by_name: dict[tuple[str, str], Found] = {}
    aws = aws.remembering()
    for kind, module in KINDS.items():
        for one in module.listed(aws, app):
            if one.tags.get(STAGE, one.tags.get(WARM)) in names:
                by_name[kind, one.name] = one
    for stage in stages:
        for found in _read(aws, stage):
            by_name.setdefault((found.kind, found.name), found)
    order = list(KINDS)
    return sorted(by_name.values(), key=lambda one: order.index(one.kind), reverse=True)


def _read(aws: AWS, stage: Deployment) -> Iterator[Found]:
    """What is there of what the settings name."""
    packages = {name: _no_package(name) for name in stage.project.functions}
    ids = dict(aws.known)
    for resource in resources(stage, packages):
        found = KINDS[resource.kind].read(aws, filled_in(resource, ids))
        if found is None:
            continue
        if found.id:
            ids[f"{resource.kind}:{resource.name}"] = found.id
        # A function without an id has no such alias; a number without one is another stage's.
        if found.tags.get(APP) == stage.app and found.id:
            yield found


def _is_shared(found: Found) -> bool:
    """By the stages. A stage's schedules have a role of their own."""
    return found.kind in _SHARED and STAGE not in found.tags


def _no_package(name: str) -> Package:
    """In place of one that is built: what is there is found by its name."""
    archive = Archive(Path(), "", "", 0, 0, ())
    return Package(name, archive, archive, "", "python3.13", "x86_64", {})


def destroy(aws: AWS, gone: Doomed, app: str, tell: Tell) -> None:
    """It may be interrupted anywhere: what is left is found by the next run.

    A function goes after all that calls it, and before its role.
    """
    _delete(aws, (one for one in gone.found if not _is_shared(one)), tell)
    for name in gone.functions:
        tell(f"deleting function {name} with all its versions")
        function.remove(aws, name, app)
    _delete(aws, (one for one in gone.found if _is_shared(one)), tell)


def _delete(aws: AWS, found: Iterable[Found], tell: Tell) -> None:
    for one in found:
        tell(f"deleting {one.kind.replace('_', ' ')} {one.name}")
        KINDS[one.kind].delete(aws, one)
