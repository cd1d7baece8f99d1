"""Calls that AWS refuses until what was made just before has arrived everywhere.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Answer = TypeVar("Answer")

TRIES = 12
PAUSE_S = 5.0

# API Gateway lets DeleteRestApi through once in 30 seconds, UpdateUsagePlan once in 20, and others
# once in a few, of a whole account, which is more than the SDK waits of its own accord:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
# Nor does it know the conflict that passes: what was changed last isn't everywhere yet.
# https://github.com/hashicorp/terraform-provider-aws/issues/18018
_SLOW = {"TooManyRequestsException": "", "ConflictException": "concurrent modification"}


def patiently(call: Callable[[], Any], passing: Mapping[str, tuple[str, ...]]) -> Any:
    """What the call returns, which is made again for a minute while its refusal is one that passes.

    passing  by an error's code, texts of which its message contains one then

    Raises what boto3 raises.
    """
    from botocore.exceptions import ClientError

    for _ in range(TRIES - 1):
        try:
            return call()
        except ClientError as error:
            said = error.response["Error"]
            texts = passing.get(said["Code"], ())
            if not any(text in said.get("Message", "") for text in texts):
                raise
            time.sleep(PAUSE_S)
    return call()


def until(call: Callable[[], Answer], is_over: Callable[[Answer], bool]) -> Answer:
    """What the call returns, which is made again for a minute while that is not over."""
    for _ in range(TRIES - 1):
        found = call()
        if is_over(found):
            return found
        time.sleep(PAUSE_S)
    return call()


def slowly(client: Any) -> None:
    """Have a client of API Gateway wait for a minute more where the SDK gives up."""
    tries = client.meta.config.retries["total_max_attempts"] + TRIES

    def again(response: Any, attempts: int, **_: Any) -> float | None:
        """How long to wait for another try; None for none. The SDK's own handler comes first."""
        said = response[1].get("Error", {}) if response else {}
        text = _SLOW.get(said.get("Code", ""))
        passes = text is not None and text in said.get("Message", "")
        return PAUSE_S if passes and attempts < tries else None

    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"needs-retry.{service}", again)
