"""The stages that a command names, as they are known: in pyproject.toml, or to AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import DeployError, aliases
from .deployment import deployment, known_as

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .aws import AWS
    from .deployment import Deployment

    Account = Callable[[Deployment], AWS]


@dataclass(frozen=True)
class Named:
    """A stage in its account; `source` is the name of the one that it gets something of."""

    aws: AWS
    target: Deployment
    source: str = ""


def one(account: Account, name: str, path: Path | None = None) -> Named:
    """The stage of that name, whatever its letters. Raises ConfigError and DeployError."""
    names = known(account, path)
    target = _deployment(known_as(name, names), path)
    return Named(account(target), target)


def pair(account: Account, source: str, target: str, path: Path | None = None) -> Named:
    """Two stages of one account and region. Raises ConfigError and DeployError."""
    names = known(account, path)
    source, target = known_as(source, names), known_as(target, names)
    if source == target:
        raise DeployError(f"{source} runs what {source} runs: name two stages")
    there, here = _deployment(source, path), _deployment(target, path)
    if there.where != here.where:
        raise DeployError(
            f"{source} and {target} are in different accounts or regions, and a version is of one: "
            f"deploy there (adapter deploy --stage {target})"
        )
    return Named(account(here), here, source)


def known(account: Account, path: Path | None = None) -> tuple[str, ...]:
    """The stages of the file, then those that functions have besides."""
    found = _deployment("", path)
    aws = account(found)
    there = (alias for name in found.project.functions for alias in aliases.all_of(aws, name))
    return tuple(dict.fromkeys([*(one.stage for one in found.all), *(one.name for one in there)]))


def _deployment(stage: str, path: Path | None) -> Deployment:
    return deployment(stage, path=path) if path else deployment(stage)
