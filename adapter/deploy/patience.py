"""Calls that AWS refuses until what was made just before has arrived everywhere.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TRIES = 12
PAUSE_S = 5.0


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
