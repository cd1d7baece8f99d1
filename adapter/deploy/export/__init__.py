"""`adapter export`: the plan of a stage, as a file for another tool. No call, no credentials.

    openapi    the API alone, for an import into API Gateway
    sam        a template of AWS SAM, which CloudFormation deploys
    terraform  a configuration

A format has a table: for each kind of resource what it is there. A kind that is missing in it is
an error, so that nothing is left out unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .. import DeployError, Sub
from .hcl import Block, Encoded

if TYPE_CHECKING:
    from .. import Resource
    from ..deployment import Deployment

_T = TypeVar("_T")


@dataclass(frozen=True)
class Plan:
    """What is to be written.

    resources  of the stage, in the order in which they are made
    folder     where the file will be: paths in it are from there
    """

    deployment: Deployment
    resources: tuple[Resource, ...] = ()
    folder: Path = Path()

    def of(self, kind: str) -> list[Resource]:
        return [one for one in self.resources if one.kind == kind]


def text(format_: str, plan: Plan) -> str:
    """The file. Raises DeployError."""
    from . import openapi, sam, terraform

    formats = {"sam": sam.text, "terraform": terraform.text, "openapi": openapi.text}
    return formats[format_](plan)


def mapped(value: Any, change: Callable[[Sub], Any]) -> Any:
    """The same value, with something else in place of each Sub."""
    if isinstance(value, Sub):
        return change(value)
    if isinstance(value, Block):
        return replace(value, body=mapped(value.body, change))
    if isinstance(value, Encoded):
        return Encoded(mapped(value.value, change))
    if isinstance(value, Mapping):
        return {name: mapped(each, change) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [mapped(each, change) for each in value]
    return value


def known(table: Mapping[str, _T], resource: Resource, format_: str) -> _T:
    """What the table has for a resource. Raises DeployError for a kind that it doesn't have."""
    if resource.kind not in table:
        raise DeployError(
            f"{resource.kind.replace('_', ' ')} {resource.name} can't be written as {format_}: "
            "adapter deploy can make it"
        )
    return table[resource.kind]
