"""What the makers of a Terraform configuration share: labels, references, names of arguments.

Terraform's AWS provider has AWS's own names in other letters, but for a few: FunctionName is
function_name. A mapping among the settings is a block, or the value of an argument if its keys are
the user's own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import mapped
from .hcl import Block, Expression, quoted
from .references import book, names, parts

if TYPE_CHECKING:
    from .. import Resource, Sub
    from . import Plan

_WORDS = {
    ("function", "alias"): "aws_lambda_alias.{}.arn",
    ("function", "arn"): "aws_lambda_function.{}.arn",
    ("function_url", "id"): "aws_lambda_function_url.{}.function_url",
    ("http_api", "id"): "aws_apigatewayv2_api.{}.id",
    ("layer", "id"): "aws_lambda_layer_version.{}.arn",
    ("rest_api", "id"): "aws_api_gateway_rest_api.{}.id",
    ("role", "arn"): "aws_iam_role.{}.arn",
    ("role", "id"): "aws_iam_role.{}.arn",
    ("rule", "arn"): "aws_cloudwatch_event_rule.{}.arn",
    ("websocket_api", "id"): "aws_apigatewayv2_api.{}.id",
}
_PSEUDO = {
    "${AWS::Partition}": "data.aws_partition.current.partition",
    "${AWS::Region}": "data.aws_region.current.id",
    "${AWS::AccountId}": "data.aws_caller_identity.current.account_id",
}
_MAPPINGS = frozenset({"InputPathsMap", "StageVariables", "Tags", "Variables"})
_WORD = re.compile(r"[A-Z][a-z0-9]*|[a-z0-9]+")


@dataclass
class Made:
    """A configuration while it is made.

    labels     by kind and name
    variables  blocks of them
    """

    plan: Plan
    labels: Mapping[tuple[str, str], str] = field(init=False)
    variables: list[tuple[str, Block]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.labels = names(self.plan, lambda resource, short: snake(short), by_kind=True)
        self._book = {**_PSEUDO, **book(self.plan, self.labels, _WORDS)}

    def label(self, one: Resource) -> str:
        return self.labels[one.kind, one.name]

    def value(self, value: Any) -> Any:
        """The same, with an Expression in place of each Sub."""
        return mapped(value, lambda sub: _expression(sub, self._book))

    def plain(self, value: Any) -> Any:
        """The same, in which nothing refers to a resource."""
        return mapped(value, lambda sub: _expression(sub, _PSEUDO))

    def resource(self, type_: str, label: str, body: Mapping[str, Any]) -> tuple[str, Block]:
        """A resource's block; what is empty is left out: AWS has its own defaults for it."""
        told = {
            name: value
            for name, value in self.value(body).items()
            if value not in ({}, [], "", None)
        }
        return "resource", Block(told, (type_, label))

    def variable(self, name: str, description: str, *, sensitive: bool = False) -> Expression:
        """A reference to a variable of the configuration, which is a text."""
        body: dict[str, Any] = {"type": Expression("string"), "description": description}
        self.variables.append(
            ("variable", Block({**body, **({"sensitive": True} if sensitive else {})}, (name,)))
        )
        return Expression(f"var.{name}")

    def path(self, file: Path) -> Expression:
        """Of a file, from the configuration's folder."""
        found = Path(os.path.relpath(file, self.plan.folder)).as_posix()
        return Expression(f'"${{path.module}}/{quoted(found)[1:]}')


def arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as arguments and blocks; a Sub stays one."""
    return {_snake(name): _argument(name, value) for name, value in settings.items()}


def _argument(name: str, value: Any) -> Any:
    if isinstance(value, Mapping) and name not in _MAPPINGS:
        return Block(arguments(value)) if value else None
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        return [Block(arguments(each)) for each in value]
    return value


def renamed(found: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Arguments with other names, in blocks too: what the provider calls otherwise than AWS."""
    return {names.get(name, name): _inside(value, names) for name, value in found.items()}


def _inside(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_inside(each, names) for each in value]
    return replace(value, body=renamed(value.body, names)) if isinstance(value, Block) else value


def _snake(name: str) -> str:
    """memory_size of MemorySize."""
    return "_".join(word.lower() for word in _WORD.findall(name))


def snake(text: str) -> str:
    """A label. https://developer.hashicorp.com/terraform/language/style#resource-naming"""
    found = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return found if found[:1].isalpha() else f"_{found}"


def _expression(text: Sub, book: Mapping[str, str]) -> Any:
    split = parts(text, book)
    if len(split) == 1:
        return split[0]
    if len(split) == 3 and not split[0] and not split[2]:
        return Expression(split[1])
    inner = (f"${{{part}}}" if at % 2 else quoted(part)[1:-1] for at, part in enumerate(split))
    return Expression(f'"{"".join(inner)}"')
