"""The front end of a stage: an API or a function's URL, and who may call the functions.

What stands in front always leads to a function's alias, the stage's own, so that a new version is
live when the alias has it, and the API needn't be touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...config import LambdaAuthorizer
from .. import DeployError, Resource, Sub
from . import api_http, api_rest, api_url, api_websocket
from .api_parts import permission

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..deployment import Deployment

_MAKERS = {
    "http_api": api_http.of,
    "http_api_v1": api_http.of,
    "rest_api": api_rest.of,
    "websocket": api_websocket.of,
}
_BY_HAND = {
    "alb": "a load balancer is more than one app's: make a target group of the function's alias",
    "vpc_lattice": "a service network is more than one app's: register the function's alias in a "
    "target group of it",
    "lambda_edge": "CloudFront takes a version of a function in us-east-1: name it in the "
    "distribution's behaviour",
}


def of(deployment: Deployment) -> Iterator[Resource]:
    """The resources of the front end. Raises DeployError for one that isn't made here."""
    kind = deployment.project.api.kind
    if kind == "function_url":
        yield from api_url.of(deployment)
    elif kind in _MAKERS:
        resource = _MAKERS[kind](deployment)
        yield resource
        yield from _permissions(deployment, resource)
    else:
        how = _BY_HAND[kind.removesuffix("_v2").removesuffix("_multi")]
        raise DeployError(
            f"adapter deploy makes no {kind}: {how}; "
            "or set [tool.adapter] kind to http_api, rest_api or function_url"
        )


# https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html: the ARN
# that a call comes from is API/STAGE/METHOD/PATH, that of an authorizer's API/authorizers/ID. One
# statement for all routes, since a function's policy has room for 20 KB:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_SOURCE = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"


def _permissions(deployment: Deployment, api: Resource) -> Iterator[Resource]:
    found = deployment.project.api
    called = _unique(route.function for route in found.routes)
    asked = _unique(
        one.function for one in found.authorizers.values() if isinstance(one, LambdaAuthorizer)
    )
    label = api.kind.replace("_", "-")
    for functions, what, path in (
        (called, label, "*/*"),
        (asked, f"{label}-authorizer", "authorizers/*"),
    ):
        source = Sub(f"{_SOURCE}${{{api.kind}:{api.name}}}/{path}")
        for function in functions:
            yield permission(
                deployment,
                function,
                what,
                {
                    "Action": "lambda:InvokeFunction",
                    "Principal": "apigateway.amazonaws.com",
                    "SourceArn": source,
                },
            )


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
