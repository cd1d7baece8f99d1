"""A commit that one stage runs is released to another: aliases move, and nothing is built.

Done before the delivery is answered, in the second that it takes: so the answer, which GitHub and
Bitbucket show with the delivery, says what came of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.deploy import aliases
from adapter.deploy.aliases import Alias
from adapter.deploy.aws import AWS
from adapter.deploy.record import Record
from adapter.deploy.releases import Move, commit_of

# What of a version is its configuration, and may be another in each stage.
_SETTINGS = ("Handler", "Runtime", "Role", "MemorySize", "Timeout", "Environment")


@dataclass(frozen=True)
class Target:
    """What is released, from which stage to which."""

    functions: tuple[str, ...]
    source: str
    stage: str


class NotThereError(Exception):
    """No version is of that commit."""


class StaleError(Exception):
    """It can't be released any more, or not in this way."""


def release(aws: AWS, target: Target, commit: str) -> list[Move]:
    """Every function's alias is looked at before the first one moves.

    commit  all forty digits, of which a version's Description has the first ones

    Raises NotThereError and StaleError, and what `adapter.deploy` raises.
    """
    found = {name: _version(aws, name, target.source) for name in target.functions}
    if not any(_is_of(version, commit) for version in found.values()):
        raise _missing(aws, target, commit)
    moves = [_move(aws, version, target.stage, commit) for version in found.values()]
    for move in moves:
        if not move.is_done:
            aliases.moved(aws, move.before, move.after)
    return moves


def _version(aws: AWS, function: str, stage: str) -> Mapping[str, Any]:
    alias = aliases.read(aws, function, stage)
    version = alias and not alias.weights and aliases.configuration(aws, function, alias.version)
    if not version:
        raise NotThereError(f"{function} has no stage {stage} that runs one version")
    return version


def _is_of(version: Mapping[str, Any], commit: str) -> bool:
    """A version of files that were not committed ("1a2b3c4-dirty") is of no commit."""
    short = commit_of(version)
    return bool(short) and commit.startswith(short)


def _missing(aws: AWS, target: Target, commit: str) -> Exception:
    """Why the source doesn't run it: not yet, or not any more."""
    for function in target.functions:
        if any(_is_of(version, commit) for version in aliases.versions(aws, function)):
            return StaleError(f"{target.source} runs something else than {commit[:7]} by now")
    return NotThereError(
        f"no version is of the commit {commit[:7]}: deploy it to {target.source} first"
    )


def _move(aws: AWS, version: Mapping[str, Any], stage: str, commit: str) -> Move:
    function = version["FunctionName"]
    before = aliases.read(aws, function, stage)
    if before is not None and before.version != version["Version"]:
        _check_alike(aws, before, version)
    left = aliases.before(before, version["Version"])
    record = Record(aliases.now(), aws.who, commit[:7], left)
    return Move(before, Alias(function, stage, version["Version"], record=record))


def _check_alike(aws: AWS, before: Alias, version: Mapping[str, Any]) -> None:
    """A stage that is set otherwise needs versions of its own, which this doesn't make."""
    now = aliases.configuration(aws, before.function, before.version) or {}
    if different := [key for key in _SETTINGS if now.get(key) != version.get(key)]:
        raise StaleError(
            f"{before} has another {', '.join(different)} than version {version['Version']}: use "
            f"`adapter promote`, which makes a version for {before.name}"
        )
