"""Settings by alias in SSM's Parameter Store: /shop/prod/DATABASE_URL, secrets decrypted.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html

They are fetched all at once, and kept for five minutes: a new password comes to all environments
without a deployment. No value may get into a log or an error.
"""

from __future__ import annotations

import os
import threading
import time
from contextvars import ContextVar

from ..errors import AdapterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from logging import LogRecord
    from typing import Any

KEPT_S = 300
_AGAIN_S = 30  # after a refusal, while older values do

# Without an endpoint for SSM a function in a VPC hears nothing at all; what is slow is not that.
_CONNECTION: dict[str, Any] = {
    "connect_timeout": 2,
    "read_timeout": 5,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}


class _Known:
    """The values of one path, until when they are fresh; they are in no repr."""

    def __init__(self, values: Mapping[str, str], kept: float) -> None:
        self.values = values
        self.since = _now()
        self.kept = kept

    @property
    def fresh(self) -> bool:
        return 0 <= _now() - self.since < self.kept


_known: dict[str, _Known] = {}
_lock = threading.Lock()
_fetching: ContextVar[bool] = ContextVar("adapter.functions.settings_ssm", default=False)
_client: list[Any] = []


def path_of(alias: str) -> str:
    """/shop/prod/"""
    return f"/{os.environ['ADAPTER_PARAMETERS'].strip('/')}/{alias}/"


def values(alias: str) -> Mapping[str, str]:
    """By what follows the path. Raises AdapterError if they can't be had and never were."""
    path = path_of(alias)
    known = _known.get(path)
    if known is not None and known.fresh:
        return known.values
    # Where there are older values, one thread fetches new ones and the others don't wait.
    if not _lock.acquire(blocking=known is None):
        return known.values  # type: ignore[union-attr]
    try:
        known = _known.get(path)
        if known is None or not known.fresh:
            known = _known[path] = _renewed(path, known)
        return known.values
    finally:
        _lock.release()


def _now() -> float:
    """Lambda's environments are frozen between invocations, and a monotonic clock may be, too."""
    return time.time()


def _renewed(path: str, known: _Known | None) -> _Known:
    try:
        return _Known(_fetched(path), KEPT_S)
    except AdapterError as error:
        if known is None:
            raise
        import logging

        logging.getLogger("adapter").warning("%s. The values known so far go on.", error)
        return _Known(known.values, min(_AGAIN_S, KEPT_S))


def _fetched(path: str) -> dict[str, str]:
    client = _made()
    from botocore.exceptions import BotoCoreError, ClientError

    token = _fetching.set(True)
    try:
        pages = client.get_paginator("get_parameters_by_path").paginate(
            Path=path, Recursive=True, WithDecryption=True
        )
        return {
            one["Name"].removeprefix(path): one["Value"]
            for page in pages
            for one in page["Parameters"]
        }
    except (BotoCoreError, ClientError) as error:
        raise AdapterError(_refusal(path, error)) from None
    finally:
        _fetching.reset(token)


def _made() -> Any:
    """The client. Raises AdapterError without boto3, and without a region."""
    if _client:
        return _client[0]
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise AdapterError(
            f"settings in SSM need boto3 ({error}): pip install 'apigw-adapter[functions]'; "
            "only AWS's managed runtimes for Python have it"
        ) from error
    _silence()
    try:
        # The app's other threads may be at the default session, which is not for several.
        _client.append(boto3.Session().client("ssm", config=Config(**_CONNECTION)))
    except BotoCoreError as error:
        raise AdapterError(f"SSM can't be asked for settings: {error}") from None
    return _client[0]


def _silence() -> None:
    """On the level DEBUG botocore logs whole answers, and these have secrets in them."""
    import logging

    logging.getLogger("botocore.parsers").addFilter(_is_harmless)


def _is_harmless(record: LogRecord) -> bool:
    return not _fetching.get()


# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
_RIGHT = "the function's role needs ssm:GetParametersByPath on it"
# https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
_KEY = (
    "the function's role needs kms:Decrypt with the key of these parameters, and the key has to "
    "be enabled"
)
# https://docs.aws.amazon.com/general/latest/gr/ssm.html
_LATER = "SSM answers only so many calls a second in an account; ask again later"
_AWAY = (
    "SSM can't be reached; a function in a VPC needs an endpoint for ssm there, or a NAT gateway"
)


def _refusal(path: str, error: Exception) -> str:
    """One sentence, which has nothing of what was answered but AWS's code."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    kind = code or type(error).__name__
    return f"the settings of SSM below {path} can't be had ({kind}): {_remedy(error, code)}"


def _remedy(error: Exception, code: str) -> str:
    if not code:
        return _AWAY if "Connect" in type(error).__name__ else str(error)
    if code == "InvalidKeyId" or "kms:" in str(error) or "ciphertext" in str(error):
        return _KEY
    if code.startswith("AccessDenied") or code == "403":
        return _RIGHT
    return _LATER if "Throttl" in code or code == "TooManyUpdates" else "AWS refused the call"
