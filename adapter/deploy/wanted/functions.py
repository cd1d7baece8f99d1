"""Functions, with what each needs: a role, a log group, layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...package import Package
    from ..deployment import Deployment


def of(deployment: Deployment, packages: Mapping[str, Package]) -> Iterator[Resource]:
    for name in deployment.project.functions:
        yield Resource(
            "log_group",
            f"/aws/lambda/{name}",
            {"retentionInDays": deployment.settings.log_retention},
            {"tags": deployment.tags},
        )
