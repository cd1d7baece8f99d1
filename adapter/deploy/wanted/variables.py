"""A function's environment variables.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...config.variables import MOST, RESERVED, size
from .. import DeployError
from . import events
from .role import tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...config import Function
    from ...package import Package
    from ..deployment import Deployment


def variables(deployment: Deployment, function: Function, package: Package) -> dict[str, str]:
    """Its own, and what the settings and the package make. Raises DeployError."""
    found = dict(function.variables)
    for origin, own in _origins(deployment, function, package):
        for name, value in own.items():
            if found.setdefault(name, value) != value:
                raise DeployError(
                    f"{function.name}: {name} is set by {origin}, and by another value elsewhere: "
                    "leave one of them out"
                )
    _check(function.name, found)
    return found


def _origins(
    deployment: Deployment, function: Function, package: Package
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Where variables come from besides, in words, with those that come from there."""
    settings, stage = deployment.settings, deployment.stage
    yield "the package", package.variables
    yield "[tool.adapter.deploy] tables", tables_of(deployment)
    if settings.redis:
        redis = settings.redis.replace("{stage}", stage)
        yield "[tool.adapter.deploy] redis", {"REDIS_URL": redis}
    if settings.parameters:
        path = f"/{deployment.app}/"
        yield "[tool.adapter.deploy] parameters", {"ADAPTER_PARAMETERS": path}
    if function.stream:
        yield "stream", {"ADAPTER_STREAM": "1"}
    if events.partial(deployment, function.name):
        yield "[tool.adapter.events]", {"ADAPTER_PARTIAL_BATCH": "1"}


def _check(function: str, found: Mapping[str, str]) -> None:
    """Raises DeployError for what Lambda refuses."""
    if reserved := sorted(RESERVED.intersection(found)):
        raise DeployError(
            f"{function}: Lambda sets {', '.join(reserved)} itself, and refuses others' values: "
            "leave them out, or give them other names"
        )
    if size(found) > MOST:
        raise DeployError(
            f"{function}: the environment variables are {size(found)} bytes, and Lambda takes "
            f"{MOST}: move the largest to [tool.adapter.stages.NAME.settings], or to SSM parameters"
        )
