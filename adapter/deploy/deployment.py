"""A stage of a project, as its file says it: functions, API, schedules, event sources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import ConfigError, function_name, pyproject, stages
from ..config.node import nearest
from . import APP, STAGE, DeployError
from . import settings as deploy_settings
from . import sources as event_sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..config import Project
    from ..config.node import Node
    from .settings import Settings
    from .sources import Source

PYPROJECT = Path("pyproject.toml")
_NO_APP = (
    'which app? Write app = "main:app" below [tool.adapter] in pyproject.toml; deploy and export '
    "also take it as an argument (adapter deploy main:app)"
)


@dataclass(frozen=True)
class Deployment:
    """What is to be deployed.

    app      the app's name
    stage    the alias
    project  with the stage's own settings
    values   what `setting()` finds, by stage: of all stages, since there is one package for all
    others   the same app's other stages: a function has one role for all of them
    sources  where functions' events come from, besides requests and schedules
    """

    app: str
    stage: str
    project: Project
    settings: Settings
    values: Mapping[str, Mapping[str, str]]
    others: tuple[Deployment, ...] = ()
    sources: tuple[Source, ...] = ()

    @property
    def tags(self) -> dict[str, str]:
        """Of what all stages share: what all of them say, so that none changes it for another."""
        said = [each.settings.tags.items() for each in self.beside]
        own = self.settings.tags.items()
        common = {name: value for name, value in own if all((name, value) in one for one in said)}
        return {**common, APP: self.app}

    @property
    def stage_tags(self) -> dict[str, str]:
        """Of what is this stage's."""
        return {**self.settings.tags, APP: self.app, STAGE: self.stage}

    @property
    def beside(self) -> tuple[Deployment, ...]:
        """Those of all stages that are in this one's account and region, as the settings say."""
        return tuple(each for each in self.all if each.where == self.where)

    @property
    def where(self) -> tuple[str, str]:
        """Profile and region; "" for those of the command line or the environment."""
        return self.settings.profile, self.settings.region

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
    values = stages.values(document)
    one = _of_stage(document, stage, values)
    others = [_other(document, name, values) for name in _all(named) if name != stage]
    _check_named(document, stage, named)
    return replace(one, others=tuple(others))


def _all(named: tuple[str, ...]) -> tuple[str, ...]:
    """There may always be a stage dev, also one without a table."""
    return tuple(dict.fromkeys((*named, stages.DEFAULT)))


def _check_named(document: Node, stage: str, named: tuple[str, ...]) -> None:
    """Raises ConfigError for a stage of whose resources the other stages wouldn't know.

    A function has one role, so a deployment of another stage would take its rights away.
    """
    table, names = document.get("tool", "adapter"), _all(named)
    if stage not in names and "{stage}" in repr(table.value):
        raise table.error(
            f"there is no stage {stage}{nearest(stage, names)}. Since there are names with "
            f"{{stage}} in them, a new one needs a table [tool.adapter.stages.{stage}], which may "
            "be empty"
        )


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


def _other(document: Node, stage: str, values: Mapping[str, Mapping[str, str]]) -> Deployment:
    """One that was not asked for. Raises ConfigError, which says that it is this one's."""
    try:
        return _of_stage(document, stage, values)
    except ConfigError as error:
        raise ConfigError(f"in stage {stage}: {error}") from None


def _of_stage(document: Node, stage: str, values: Mapping[str, Mapping[str, str]]) -> Deployment:
    merged = stages.of_stage(document, stage)
    project = pyproject.of_document(merged)
    if project is None:
        raise ConfigError(_NO_APP)
    settings = deploy_settings.read(merged)
    name = document.get("project", "name").value
    named = function_name(Path(name) if isinstance(name, str) else document.file.parent)[:40]
    named = deploy_settings.read(document).name or named
    if settings.parameters and named.lower().startswith(("aws", "ssm")):
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
        raise DeployError(
            f"parameters of SSM can't begin with /{named}: give the app another name, under "
            "[tool.adapter.deploy] name, or leave parameters out"
        )
    sources = event_sources.read(merged, project.functions, stage)
    return Deployment(named, stage, project, settings, values, sources=sources)
