"""`adapter promote`: a stage gets what another one runs.

If the versions of the one are as the other wants them, only aliases move, which is done at once.
If the stage wants another memory or other variables, a version of the same code is looked for that
has them, and otherwise made: the code of a version can be had from AWS, and its hash is compared.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

import base64
import hashlib
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..package import Archive, Package
from . import DeployError, aliases, publish, trial
from .aliases import Alias
from .apply import made, settle
from .compare import differences
from .plan import filled_in, plan
from .record import Record
from .releases import NEW, Move, commit_of
from .wanted import functions, resources

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from . import Change, Resource, Tell
    from .aws import AWS
    from .deployment import Deployment

    Configuration = Mapping[str, Any]

_DOWNLOAD_S = 60
_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"  # the one variable that a package needs
_BEFORE_ALIASES = ("role", "log_group")


@dataclass(frozen=True)
class Release:
    """What a function's alias is to run.

    move     of the alias; to the version NEW, if one is to be made
    source   the configuration of the source's version
    wanted   what the stage wants of a version
    archive  where the source's code is to be put, if it is needed
    """

    move: Move
    source: Configuration
    wanted: Resource
    archive: Path

    @property
    def is_made(self) -> bool:
        """Whether a version has to be made."""
        return NEW in self.move.after.versions


@dataclass(frozen=True)
class Promotion:
    """What is to be done: aliases, and what else the stage is."""

    releases: tuple[Release, ...]
    changes: tuple[Change, ...]

    @property
    def is_done(self) -> bool:
        """Whether all is as it is to be."""
        return all(one.move.is_done for one in self.releases) and self.keeps

    @property
    def keeps(self) -> bool:
        """Whether aliases are all that is another."""
        return all(change.action == "keep" for change in self.changes)


def share_of(text: str) -> float:
    """0.1 for 10% and for 10. Raises DeployError for what is no share between 0 and 100 %.

    0.1 alone may be meant as a tenth, or as 0.1%.
    """
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / 100
    except ValueError:
        share = 0.0
    if not 0 < share < 1 or (share < 0.01 and number == text.strip()):
        raise DeployError(
            f"{text!r:.20} is no share of the requests: write 10%, or 0.5%; for all, no --canary"
        )
    return round(share, 6)


# What is to be done


def promotion(
    aws: AWS, target: Deployment, source: str, folder: Path, function: str = "", share: float = 1.0
) -> Promotion:
    """What is to be done so that the target stage runs what the source stage does.

    folder    where archives are to be, of versions that are made anew
    function  that one's alias alone; "" for all functions, and all that the stage is besides
    share     of the requests that the new version gets; the rest stays with the one that is there

    Raises DeployError. Nothing is called that changes anything.
    """
    target = _alone(target, function) if function else target
    sources = {name: _source(aws, name, source) for name in target.project.functions}
    packages = {name: _stand_in(name, one, folder) for name, one in sources.items()}
    wanted = {
        one.name.partition(":")[0]: _layered(filled_in(one, aws.known), sources)
        for one in functions.of(target, packages)
        if one.kind == "function"
    }
    released = tuple(
        _release(aws, wanted[name], sources[name], packages[name].function.path, share)
        for name in sources
    )
    if function:
        return Promotion(released, ())
    rest = [one for one in resources(target, packages) if one.kind != "function"]
    return Promotion(released, tuple(plan(aws, rest, target.app, target.stage)))


def _alone(target: Deployment, function: str) -> Deployment:
    """With that function and no other."""
    project = target.project
    return replace(
        target, project=replace(project, functions={function: project.functions[function]})
    )


def _source(aws: AWS, function: str, stage: str) -> Configuration:
    """The configuration of what a stage runs. Raises DeployError."""
    alias = aliases.read(aws, function, stage)
    if alias is None:
        raise DeployError(
            f"{function} has no alias {stage}: deploy it first (adapter deploy --stage {stage}), "
            "or name another stage (adapter releases)"
        )
    if alias.weights:
        raise DeployError(
            f"{alias} runs versions {' and '.join(alias.versions)}: complete that or roll it back "
            "first, so that it is one"
        )
    found = aliases.configuration(aws, function, alias.version)
    if found is None:
        raise DeployError(f"{alias} runs version {alias.version}, which is gone")
    return found


def _stand_in(name: str, source: Configuration, folder: Path) -> Package:
    """What stands for the package that a version was made of; its layers are `_layered`."""
    size = source.get("CodeSize", 0)
    archive = Archive(folder / f"{name}.zip", "", source["CodeSha256"], size, size, (), built=False)
    found = publish.settings_of(source)
    variables = found["Environment"]["Variables"]
    return Package(
        name,
        archive,
        None,
        found["Handler"],
        found["Runtime"],
        found["Architectures"][0],
        {_WRAPPER: variables[_WRAPPER]} if _WRAPPER in variables else {},
    )


def _layered(wanted: Resource, sources: Mapping[str, Configuration]) -> Resource:
    """With the layers that the source's version has."""
    source = sources[wanted.name.partition(":")[0]]
    layers = publish.settings_of(source)["Layers"]
    return replace(wanted, settings={**wanted.settings, "Layers": layers})


def _release(
    aws: AWS, wanted: Resource, source: Configuration, archive: Path, share: float
) -> Release:
    """Raises DeployError."""
    function, _, stage = wanted.name.partition(":")
    before = aliases.read(aws, function, stage)
    found = _fitting(aws, wanted, source)
    version = found["Version"] if found else NEW
    if share < 1:
        _check_canary(wanted.name, before, version)
    after = _after(aws, (function, stage), version, commit_of(source), before, share)
    return Release(Move(before, after), source, wanted, archive)


def _fitting(aws: AWS, wanted: Resource, source: Configuration) -> Configuration | None:
    """A version of that code, set as the stage wants it: the source's own, if it is one."""
    if _is_as(wanted, source):
        return source
    others = aliases.versions(aws, source["FunctionName"])
    return next((one for one in others if _is_as(wanted, one)), None)


def _is_as(wanted: Resource, version: Configuration) -> bool:
    return not differences(wanted.settings, publish.settings_of(version))


def _check_canary(alias: str, before: Alias | None, version: str) -> None:
    """Raises DeployError."""
    if before is None:
        raise DeployError(
            f"there is no {alias} that could answer the other requests: promote without --canary"
        )
    if before.version == version:
        raise DeployError(f"{alias} runs version {version} as a whole already")


def _after(
    aws: AWS,
    named: tuple[str, str],
    version: str,
    commit: str,
    before: Alias | None,
    share: float,
) -> Alias:
    """The alias, as it is to be; its record goes back to what it ran before, not to a share."""
    if before is not None and share < 1:
        moved = replace(before.record, at=aliases.now(), by=aws.who)
        return replace(before, weights={version: share}, record=moved)
    left = aliases.before(before, version)
    return Alias(*named, version, record=Record(aliases.now(), aws.who, commit, left))


# Doing it


def promote(aws: AWS, promotion: Promotion, tell: Tell) -> tuple[Move, ...]:
    """The moves, with the numbers of versions that were made.

    It may be run again at any time. Raises DeployError and StaleError, and what boto3 raises.
    """
    early = [one for one in promotion.changes if _is_early(one)]
    known = made(aws, early, tell)
    young = {one.name for one in early if one.kind == "role" and one.action != "keep"}
    moves = []
    for release in promotion.releases:
        move = _made(aws, release, tell) if release.is_made else release.move
        if not move.is_done:
            _check(aws, release, move, tell, is_young=release.wanted.given["role"] in young)
            move_all(aws, [move], tell)
        moves.append(move)
    known = made(aws, [one for one in promotion.changes if one not in early], tell, known)
    settle(aws, promotion.changes, known)
    return tuple(moves)


def _check(aws: AWS, release: Release, move: Move, tell: Tell, *, is_young: bool) -> None:
    """Values and secrets may be other ones in this stage, so it is called for this stage.

    Raises DeployError for a version that is broken there.
    """
    wanted, after = release.wanted, move.after
    event, number = wanted.given["check"], after.versions[-1]
    if event is not None:
        timeout = wanted.settings["Timeout"]
        named = after.function, number
        found = trial.tried(aws, *named, event, timeout, after.name, is_young=is_young)
        path = wanted.given["path"]
        tell(f"version {number} of {after.function} answers GET {path} with {found.text}")


def _is_early(change: Change) -> bool:
    return change.kind in _BEFORE_ALIASES and change.action != "delete"


def move_all(aws: AWS, moves: Iterable[Move], tell: Tell) -> None:
    """Raises StaleError."""
    for move in moves:
        if not move.is_done:
            tell(f"moving {move}")
            aliases.moved(aws, move.before, move.after)


def _made(aws: AWS, release: Release, tell: Tell) -> Move:
    """The move to the version that was made for it. Raises DeployError."""
    wanted, source, after = release.wanted, release.source, release.move.after
    name = after.function
    current = publish.settled(aws, name)
    if current and current["CodeSha256"] != source["CodeSha256"]:
        tell(f"fetching the code of {name} version {source['Version']}")
        fetch(aws, source, release.archive)
    latest = publish.latest(aws, wanted, name, tell)
    number = _published(aws, wanted, latest, source)
    tell(f"version {number} of {name}: the code of version {source['Version']}, set for {after}")
    if after.weights:
        return replace(release.move, after=replace(after, weights={number: after.weights[NEW]}))
    return replace(release.move, after=replace(after, version=number))


def _published(aws: AWS, wanted: Resource, latest: Configuration, source: Configuration) -> str:
    """The number of a version of $LATEST, which says the source's commit. Raises DeployError."""
    name = source["FunctionName"]
    with publish.racing(name):
        found = aws.client("lambda").publish_version(
            FunctionName=name,
            CodeSha256=wanted.settings["CodeSha256"],
            RevisionId=latest["RevisionId"],
            Description=source.get("Description", ""),
        )
    number: str = found["Version"]
    settled = publish.settled(aws, name, number) or {}
    if settled.get("State") == "Failed":
        raise DeployError(f"Lambda can't start {name} {number}: {settled.get('StateReason')}")
    return number


def fetch(aws: AWS, version: Configuration, to: Path) -> None:
    """The code of a version. Raises DeployError if it is not what AWS says it is.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html: a link that is good for ten
    minutes.
    """
    function, number = version["FunctionName"], version["Version"]
    found = aws.client("lambda").get_function(FunctionName=function, Qualifier=number)
    with urllib.request.urlopen(found["Code"]["Location"], timeout=_DOWNLOAD_S) as answer:
        data = answer.read()
    if base64.b64encode(hashlib.sha256(data).digest()).decode() != version["CodeSha256"]:
        raise DeployError(
            f"what AWS gives as the code of {function} version {number} is other code than that "
            "version's: nothing was changed; deploy that stage instead"
        )
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(data)
