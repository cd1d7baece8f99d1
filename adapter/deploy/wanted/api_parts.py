"""What the front ends share: ARNs, CORS settings, throttling, permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import Resource, Sub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...config import CORS, Throttle
    from ..deployment import Deployment

_FUNCTION = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
_INVOKE = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/"


def alias_arn(function: str, stage: str) -> Sub:
    return Sub(f"{_FUNCTION}{function}:{stage}")


def invocation_uri(function: str, stage: str, *, streams: bool = False) -> Sub:
    """How API Gateway names the call of a function.

    https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html#apigw-PutIntegration-request-uri
    https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
    """
    version = "2021-11-15" if streams else "2015-03-31"
    call = "response-streaming-invocations" if streams else "invocations"
    return Sub(f"{_INVOKE}{version}/functions/{alias_arn(function, stage).text}/{call}")


def milliseconds(seconds: float | None, default: int) -> int:
    return default if seconds is None else round(seconds * 1000)


def cors(found: CORS | None) -> dict[str, Any]:
    """{} for none. In the letters that AWS gives them back in, and in one order: they are sets."""
    if found is None:
        return {}
    lists = {
        "AllowOrigins": sorted(each.lower() for each in found.allow_origins),
        "AllowMethods": sorted(each.upper() for each in found.allow_methods),
        "AllowHeaders": sorted(each.lower() for each in found.allow_headers),
        "ExposeHeaders": sorted(each.lower() for each in found.expose_headers),
    }
    told: dict[str, Any] = {name: value for name, value in lists.items() if value}
    if found.max_age:
        told["MaxAge"] = found.max_age
    if found.allow_credentials:
        told["AllowCredentials"] = True
    return told


def throttling(found: Throttle | None) -> dict[str, Any]:
    """DefaultRouteSettings of an HTTP or WebSocket API's stage."""
    if found is None:
        return {}
    return {"ThrottlingRateLimit": float(found.rate), "ThrottlingBurstLimit": found.burst}


def permission(
    deployment: Deployment, function: str, what: str, settings: Mapping[str, Any]
) -> Resource:
    """A statement of an alias's policy, in the words of AddPermission.

    Its id has the stage's name, although each alias has a policy of its own: MiniStack has one for
    all of them.
    """
    alias = f"{function}:{deployment.stage}"
    sid = f"adapter-{deployment.stage}-{what}"
    return Resource("permission", f"{alias}/{sid}", settings, {"tags": deployment.stage_tags})
