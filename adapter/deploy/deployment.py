"""A stage of a project, as its file says it: functions, API, schedules, event sources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import ConfigError, function_name, pyproject, stages
from . import APP, STAGE, DeployError
from . import settings as deploy_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..config import Project
    from ..config.node import Node
    from .settings import Settings

PYPROJECT = Path("pyproject.toml")
_NO_APP = (
    "which app? Name it (adapter deploy main:app), or set [tool.adapter] app in pyproject.toml"
)


@dataclass(frozen=True)
class Deployment:
    """What is to be deployed.

    app      the app's name
    stage    the alias
    project  with the stage's own settings
    values   what `setting()` finds, by stage: of all stages, since there is one package for all
    others   the same app's other stages: a function has one role for all of them
    """

    app: str
    stage: str
    project: Project
    settings: Settings
    values: Mapping[str, Mapping[str, str]]
    others: tuple[Deployment, ...] = ()

    @property
    def tags(self) -> dict[str, str]:
        """Of what all stages share."""
        return {**self.settings.tags, APP: self.app}

    @property
    def stage_tags(self) -> dict[str, str]:
        """Of what is this stage's."""
        return {**self.tags, STAGE: self.stage}

    @property
    def all(self) -> tuple[Deployment, ...]:
        return (self, *self.others)


def deployment(stage: str, target: str = "", path: Path = PYPROJECT) -> Deployment:
    """The stage of a project. `target` is main:app, where no file names one.

    Raises ConfigError and DeployError.
    """
    document = _document(path, target)
    named = stages.names(document)
    stage = known_as(stage, named) or stages.DEFAULT
    stages.checked(stage, document.get("tool", "adapter", "stages", stage))
    values = {name: stages.values(document, name) for name in named}
    one = _of_stage(document, stage, values)
    others = [_of_stage(document, name, values) for name in named if name != stage]
    return replace(one, others=tuple(others))


def known_as(name: str, names: tuple[str, ...]) -> str:
    """The name as it is known, for one in other letters: prod for PROD; else the name itself."""
    alike = [each for each in names if each.lower() == name.lower()]
    return name if name in names or not alike else alike[0]


def _document(path: Path, target: str) -> Node:
    found = pyproject.document(path)
    if target:
        table = found.get("tool", "adapter")
        if table.get("functions"):
            raise DeployError(
                f"{path} names several functions: leave {target} out, or the file's functions"
            )
        adapter = {**(table.value or {}), "app": target}
        tool = {**(found.get("tool").value or {}), "adapter": adapter}
        return found.with_value({**(found.value or {}), "tool": tool})
    if not found.get("tool", "adapter"):
        raise ConfigError(_NO_APP)
    return found


def _of_stage(document: Node, stage: str, values: Mapping[str, Mapping[str, str]]) -> Deployment:
    merged = stages.of_stage(document, stage)
    project = pyproject.of_document(merged)
    if project is None:
        raise ConfigError(_NO_APP)
    settings = deploy_settings.read(merged)
    name = document.get("project", "name").value
    named = function_name(Path(name) if isinstance(name, str) else document.file.parent)[:40]
    named = deploy_settings.read(document).name or named
    return Deployment(named, stage, project, settings, values)
