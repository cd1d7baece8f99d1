"""Where a deployed stage is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .aws import AWS
    from .deployment import Deployment


def url(aws: AWS, deployment: Deployment, known: Mapping[str, str]) -> str:
    """https://a1b2c3.execute-api.eu-west-1.amazonaws.com/ and the like, with a / at its end.

    `known` is what `apply` gave back.
    """
    api, name = deployment.project.api, f"{deployment.app}-{deployment.stage}"
    if api.kind == "function_url":
        return known[f"function_url:{api.routes[0].function}:{deployment.stage}"]
    if api.kind == "rest_api":
        host = f"{known[f'rest_api:{name}']}.execute-api.{known['AWS::Region']}"
        return f"https://{host}.{_suffix(known['AWS::Partition'])}/{api.stage or deployment.stage}/"
    kind = "websocket_api" if api.kind == "websocket" else "http_api"
    found = aws.client("apigatewayv2").get_api(ApiId=known[f"{kind}:{name}"])
    stage = api.stage or (deployment.stage if api.kind == "websocket" else "")
    return f"{found['ApiEndpoint']}/{stage}{'/' if stage else ''}"


def _suffix(partition: str) -> str:
    """amazonaws.com, of China amazonaws.com.cn: as the SDK's own list of partitions has it."""
    from botocore.loaders import create_loader

    found = create_loader().load_data("partitions")["partitions"]
    return next(str(one["outputs"]["dnsSuffix"]) for one in found if one["id"] == partition)
