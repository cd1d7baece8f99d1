"""Calls through boto3: to Lambda, or wherever AWS_ENDPOINT_URL_LAMBDA points.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html

boto3 is imported with the first call, which takes 0.3 s; AWS's managed runtimes for Python have it.
"""

from __future__ import annotations

import contextvars
import json
import os
import threading
from contextlib import nullcontext

from ..errors import AdapterError
from .alias import environment
from .errors import FunctionError, FunctionNotFoundError, PayloadTooLarge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ENDPOINT = "AWS_ENDPOINT_URL_LAMBDA"
"""https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html"""

AT_ONCE = 64
_SENT_AT_ONCE = 16

# A function runs for 15 minutes at the most; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_CONNECTION: dict[str, Any] = {
    "connect_timeout": 5,
    "read_timeout": 920,
    "tcp_keepalive": True,
    "max_pool_connections": AT_ONCE,
}
# The SDK would repeat a call that may have been done: its answer may be all that was lost. An
# event may come twice anyway, and one that is refused for now (429) is to be sent again.
_RETRIES: dict[str, dict[str, Any]] = {
    "RequestResponse": {"max_attempts": 0},
    "Event": {"mode": "standard", "total_max_attempts": 5},
}


class AWS:
    """Calls of the functions whose names `named` tells, with the alias of the caller."""

    lent = nullcontext

    def __init__(self, named: Callable[[str], str]) -> None:
        self._named = named
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()  # a session of boto3's is not for several threads

    def call(self, name: str, payload: bytes) -> bytes:
        """The result. Raises FunctionError, and what boto3 raises for a call that wasn't made."""
        failed, body = self._invoke("RequestResponse", name, payload)
        if failed:
            raise _failure(name, body)
        return body or b"null"

    def send(self, name: str, payloads: list[bytes]) -> None:
        """Raises what boto3 raises, with a note if some are sent."""
        if len(payloads) < 2:
            for payload in payloads:
                self._invoke("Event", name, payload)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_SENT_AT_ONCE) as pool:
            sent = [
                pool.submit(contextvars.copy_context().run, self._invoke, "Event", name, payload)
                for payload in payloads
            ]
        errors = [error for one in sent if (error := one.exception()) is not None]
        for error in errors[:1]:
            error.add_note(
                f"{len(errors)} of {len(sent)} chunks were not sent; a map with the id of this run "
                "sends those that are not done"
            )
            raise error

    def _invoke(self, kind: str, name: str, payload: bytes) -> tuple[bool, bytes]:
        """(whether the function failed, what it answered)"""
        alias = environment()
        client = self._client(kind)
        try:
            answer = client.invoke(
                FunctionName=self._named(name),
                Qualifier=alias,
                InvocationType=kind,
                Payload=payload,
            )
        except client.exceptions.ResourceNotFoundException as error:
            raise FunctionNotFoundError(
                f"there is no function {self._named(name)} with the alias {alias}, the environment "
                f"of its caller: deploy it there. ({error})"
            ) from None
        # Unread, its connection would not be used again, even where there is nothing to read.
        return "FunctionError" in answer, answer["Payload"].read()

    def _client(self, kind: str) -> Any:
        with self._lock:
            if kind not in self._clients:
                self._clients[kind] = _client_of(_RETRIES[kind])
            return self._clients[kind]


def _failure(name: str, body: bytes) -> AdapterError:
    try:
        document = json.loads(body)
    except ValueError:
        document = body.decode("utf-8", "replace")
    error = FunctionError.of(name, document)
    if error.type.rpartition(".")[2] == "ResponseSizeTooLarge":
        return PayloadTooLarge(
            f"the result of {name} is too large ({error.message}): put the data where both can "
            "read it (S3, a database) and return a reference"
        )
    return error


def _client_of(retries: Any) -> Any:
    try:
        import boto3
        from botocore import UNSIGNED
        from botocore.config import Config
    except ImportError as error:
        raise AdapterError(
            f"calls of functions need boto3 ({error}): pip install 'apigw-adapter[functions]'; "
            "only AWS's managed runtimes for Python have it"
        ) from error
    # What stands for Lambda on this machine checks no signatures, and gives no credentials.
    local = _is_here(os.environ.get(ENDPOINT, ""))
    signature = UNSIGNED if local else None
    return boto3.client(
        "lambda",
        region_name=os.environ.get("AWS_REGION") or ("us-east-1" if local else None),
        config=Config(retries=retries, signature_version=signature, **_CONNECTION),
    )


def _is_here(endpoint: str) -> bool:
    from urllib.parse import urlsplit

    return urlsplit(endpoint).hostname in ("127.0.0.1", "::1", "localhost")
