"""The steps of `adapter deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..package import PackageError, jobs, nothing
from ..package.build import build
from . import DeployError
from .deployment import PYPROJECT
from .wanted import resources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..package import Package, Report
    from . import Resource
    from .deployment import Deployment


def packages_of(deployment: Deployment, report: Report = nothing) -> dict[str, Package]:
    """Those of the functions, by name; what is there and would come out the same, stays.

    Raises PackageError, ConfigError and DeployError.
    """
    functions = deployment.project.functions.values()
    if not functions:
        raise PackageError(f"{PYPROJECT} names no function")
    for function in functions:
        if function.command:
            raise DeployError(
                f"{function.name} has a command, and Lambda starts its runtime alone: leave the "
                "command out, or have it in a stage that isn't deployed"
            )
    return {job.name: build(job, report) for job in jobs.jobs_of(functions, jobs.Options())}


def notes_of(packages: Mapping[str, Package]) -> dict[str, None]:
    """What is to be known of those that were built now, each once."""
    new = [one for one in packages.values() if any(archive.built for archive in one.archives)]
    return dict.fromkeys(note for one in new for note in one.notes)


def wanted_of(deployment: Deployment, report: Report = nothing) -> list[Resource]:
    """What the stage is to be; its packages are built. Raises what `packages_of` does."""
    return resources(deployment, packages_of(deployment, report))
