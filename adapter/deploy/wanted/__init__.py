"""What a stage of a project is to be on AWS: resources, in the order in which they are made.

Pure: no call is made, and no account is known. What only AWS knows stays a `Sub`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import api, events, functions, schedules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...package import Package
    from .. import Resource
    from ..deployment import Deployment


def resources(deployment: Deployment, packages: Mapping[str, Package]) -> list[Resource]:
    """`packages` are those of the functions, by name. Raises DeployError."""
    return [
        *functions.of(deployment, packages),
        *api.of(deployment),
        *schedules.of(deployment),
        *events.of(deployment),
    ]
