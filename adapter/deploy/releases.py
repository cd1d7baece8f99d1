"""What each alias runs, since when, by whom: `adapter releases`; and the way back: `rollback`."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from . import DeployError, aliases
from .record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .aliases import Alias
    from .aws import AWS

NEW = "new"
"""In place of the number of a version that is yet to be made."""

_SHORT = 7
_COMMIT = re.compile(r"([0-9a-f]{4,40}(?:-dirty)?), by ")


@dataclass(frozen=True)
class Release:
    """A row: what an alias runs; "" for what nobody wrote down.

    weights       the share of another version, by that version
    since         2026-11-21T21:19:37Z
    sha256        of the version's code, in base64
    memory        MB
    """

    function: str
    alias: str
    version: str
    weights: Mapping[str, float]
    since: str
    by: str
    commit: str
    before: str
    sha256: str
    memory: int


def releases(aws: AWS, functions: Iterable[str]) -> list[Release]:
    """Of all aliases, by function. Those that others made are among them."""
    return [
        _release(alias, {one["Version"]: one for one in found})
        for function in functions
        if (named := aliases.all_of(aws, function))
        for found in (aliases.versions(aws, function),)
        for alias in named
    ]


def _release(alias: Alias, versions: Mapping[str, Mapping[str, Any]]) -> Release:
    version, known = versions.get(alias.version, {}), alias.record
    return Release(
        alias.function,
        alias.name,
        alias.version,
        dict(alias.weights),
        known.at,
        known.by,
        commit_of(version) or known.commit,
        known.before,
        version.get("CodeSha256", ""),
        version.get("MemorySize", 0),
    )


def commit_of(version: Mapping[str, Any]) -> str:
    """The commit that a version's Description begins with: 1a2b3c4, 1a2b3c4-dirty; "" for none."""
    found = _COMMIT.match(version.get("Description", ""))
    return found[1] if found else ""


def document(release: Release) -> dict[str, Any]:
    """As JSON has it."""
    return asdict(release)


def row(release: Release) -> tuple[str, ...]:
    """As the table has it."""
    shares = ", ".join(f"{shown(share)} {version}" for version, share in release.weights.items())
    return (
        release.function,
        release.alias,
        release.version + (f" ({shares})" if shares else ""),
        release.since.replace("T", " ").removesuffix("Z"),
        release.by,
        release.commit,
        release.sha256[:_SHORT],
        f"{release.memory} MB" if release.memory else "",
    )


COLUMNS = ("function", "alias", "version", "since (UTC)", "by", "commit", "code", "memory")


# Back


@dataclass(frozen=True)
class Move:
    """An alias, as it is and as it is to be; `before` is None for one that isn't there."""

    before: Alias | None
    after: Alias

    @property
    def is_done(self) -> bool:
        """Whether it runs that already."""
        before, after = self.before, self.after
        return before is not None and (before.version, dict(before.weights)) == (
            after.version,
            dict(after.weights),
        )

    def __str__(self) -> str:
        return f"{self.after}: {_runs(self.before)} → {_runs(self.after)}"


def _runs(alias: Alias | None) -> str:
    if alias is None:
        return "not there"
    main = f"version {alias.version}"
    others = (f"{shown(share)} to version {other}" for other, share in alias.weights.items())
    return ", ".join((main, *others)).replace(f"version {NEW}", "a new version")


def shown(share: float) -> str:
    """10%"""
    return f"{share * 100:g}%"


def back(aws: AWS, functions: Iterable[str], stage: str, to: str = "") -> list[Move]:
    """To where each function's alias goes back. Nothing is called that changes anything.

    An alias that sends a share elsewhere goes back to sending all to where most goes; another one
    to the version that it ran before, as its record says; `to` is a version that is named.

    Raises DeployError if there is no such version, or nobody knows which one.
    """
    return [_back(aws, function, stage, to) for function in functions]


def _unknown(alias: Alias) -> str:
    """Why there is nothing to go back to."""
    if alias.record.at:
        return f"version {alias.version} is the first that it runs"
    return f"nobody wrote down what it ran before version {alias.version}"


def _back(aws: AWS, function: str, stage: str, to: str) -> Move:
    before = aliases.read(aws, function, stage)
    if before is None:
        raise DeployError(f"{function} has no alias {stage}, so that nothing can go back")
    version = to or (before.version if before.weights else before.record.before)
    if not version:
        raise DeployError(
            f"{before}: {_unknown(before)}: name a version (adapter rollback {stage} --function "
            f"{function} --to VERSION; adapter releases shows what other stages run)"
        )
    found = aliases.configuration(aws, function, version)
    if found is None or version == aliases.LATEST:
        there = ", ".join(one["Version"] for one in aliases.versions(aws, function)) or "none"
        raise DeployError(f"{function} has no version {version}; there are: {there}")
    left = aliases.before(before, version)
    moved = Record(aliases.now(), aws.who, commit_of(found), left)
    return Move(before, replace(before, version=version, weights={}, record=moved))
