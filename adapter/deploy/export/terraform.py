"""A plan as a configuration of Terraform's, in one file.

https://developer.hashicorp.com/terraform/language
https://registry.terraform.io/providers/hashicorp/aws/latest/docs
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import hcl, known, terraform_api, terraform_events, terraform_functions
from .hcl import Block, Expression
from .terraform_parts import Made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .. import Resource
    from . import Plan

# 6.29 is the first that lets a permission be for a function's URL alone.
# https://github.com/hashicorp/terraform-provider-aws/pull/44858
_PROVIDER = {"source": "hashicorp/aws", "version": ">= 6.29"}
_URLS = {
    "http_api": "aws_apigatewayv2_stage.{}.invoke_url",
    "websocket_api": "aws_apigatewayv2_stage.{}.invoke_url",
    "rest_api": "aws_api_gateway_stage.{}.invoke_url",
    "function_url": "aws_lambda_function_url.{}.function_url",
}
_DATA = ("aws_caller_identity", "aws_partition", "aws_region")

KINDS: dict[str, Callable[[Made, Resource], Iterator[tuple[str, Block]]]] = {
    **terraform_functions.KINDS,
    **terraform_api.KINDS,
    **terraform_events.KINDS,
}


def text(plan: Plan) -> str:
    """The file. Raises DeployError."""
    return hcl.text(blocks(plan))


def blocks(plan: Plan) -> list[tuple[str, Block]]:
    """The blocks of the file, each with its type. Raises DeployError."""
    made = Made(plan)
    own = [
        block
        for one in plan.resources
        for block in known(KINDS, one, "a configuration of Terraform's")(made, one)
    ]
    needed = {"required_providers": Block({"aws": _PROVIDER})}
    data = [("data", Block({}, (name, "current"))) for name in _DATA]
    return [("terraform", Block(needed)), *made.variables, *data, *own, *_outputs(made)]


def _outputs(made: Made) -> Iterator[tuple[str, Block]]:
    """The URL of what stands in front."""
    for kind, url in _URLS.items():
        for one in made.plan.of(kind):
            yield "output", Block({"value": Expression(url.format(made.label(one)))}, ("url",))
