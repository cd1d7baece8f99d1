"""The one call that a new version gets before an alias names it.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..report import ReportError, run_of
from . import STAGE, DeployError, patience
from .log_lines import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..report import Run
    from .aws import AWS

# A cold start comes on top of the function's timeout: 10 s, and a second try of the init phase.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
_MORE_S = 30

# Of a version that nobody called for weeks Lambda has to make its network anew.
# https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
_PASSING = {"ResourceConflictException": ("Pending",), "ResourceNotReadyException": ("",)}

# What Lambda needs the function's role for before the function's own code runs.
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
_PASSING_IF_YOUNG = {"KMSAccessDeniedException": ("",), "EC2AccessDeniedException": ("",)}
# In an error of boto3, which has the code and the message of the service that refused.
_DENIED = re.compile(r"AccessDenied|AuthorizationError|is not authorized to perform")
_YOUNG = (
    " (if it lacks a right: its role got some in this run, which take a moment to arrive "
    "everywhere, and a second run may pass)"
)

_ENDS_HEAD = b"\0" * 8
"""Invoke gives an answer that is streamed as it is, its head and these first.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
https://github.com/aws/aws-lambda-web-adapter/issues/476
"""


@dataclass(frozen=True)
class Trial:
    """How it went.

    status  of the answer
    run     as Lambda's REPORT tells of it; None if the log has none
    """

    status: int
    run: Run | None

    @property
    def text(self) -> str:
        """200 in 12 ms, after 410 ms of init."""
        if self.run is None:
            return str(self.status)
        init = "" if self.run.init is None else f", after {self.run.init:.0f} ms of init"
        return f"{self.status} in {self.run.duration:.0f} ms{init}"


@dataclass(frozen=True)
class _Answer:
    """What Invoke gave; `failed` says whether the function raised."""

    failed: bool
    payload: bytes
    log: str

    @property
    def is_denied(self) -> bool:
        """Whether the function says that AWS refused something that it asked for."""
        return self.failed and bool(_DENIED.search(_error(self.payload)))


def tried(
    aws: AWS,
    name: str,
    version: str,
    event: Mapping[str, Any],
    timeout: int,
    stage: str = "",
    *,
    is_young: bool = False,
) -> Trial:
    """Call the version, once. Raises DeployError if it is broken, with the end of its log.

    timeout   of the function, in seconds
    stage     for which it is; the version's own ARN does not tell
    is_young  whether its role got rights just now: what is said to lack one is called again then,
              for a minute
    """
    passing = {**_PASSING, **_PASSING_IF_YOUNG} if is_young else _PASSING

    def call() -> _Answer:
        return _answer(aws, name, version, event, timeout, stage, passing)

    answer = patience.until(call, lambda one: not (is_young and one.is_denied))
    if answer.failed:
        raise _broken(name, version, f"it fails: {_error(answer.payload)}", answer.log)
    status = _status(answer.payload)
    if status is None:
        raise _broken(name, version, "it does not answer as a web app does", answer.log)
    if status >= 500:
        # Why, only its log may know.
        raise _broken(name, version, f"it answers {status}{_YOUNG * is_young}", answer.log)
    return Trial(status, _run(answer.log))


def _answer(
    aws: AWS,
    name: str,
    version: str,
    event: Mapping[str, Any],
    timeout: int,
    stage: str,
    passing: Mapping[str, tuple[str, ...]],
) -> _Answer:
    """Invoke's. Raises DeployError where Lambda lets nobody call the function."""
    from botocore.exceptions import ClientError

    client = aws.once("lambda", timeout + _MORE_S)
    context = base64.b64encode(json.dumps({"custom": {STAGE: stage}}).encode()).decode()

    def call() -> Any:
        return client.invoke(
            FunctionName=name,
            Qualifier=version,
            LogType="Tail",
            ClientContext=context,
            Payload=json.dumps(event).encode(),
        )

    try:
        found = patience.patiently(call, passing)
    except ClientError as error:
        if error.response["Error"]["Code"] != "TooManyRequestsException":
            raise
        raise DeployError(
            f"version {version} of {name} is not released, since Lambda has no environment for it "
            f"now ({error.response.get('Reason', 'throttled')}): deploy again. If its reserved "
            f"concurrency is 0: aws lambda delete-function-concurrency --function-name {name}"
        ) from None
    log = base64.b64decode(found.get("LogResult", "")).decode("utf-8", "replace")
    return _Answer(bool(found.get("FunctionError")), found["Payload"].read(), log)


def _status(payload: bytes) -> int | None:
    """Of a result, or of the head of one that is streamed."""
    try:
        found = json.loads(payload.partition(_ENDS_HEAD)[0])["statusCode"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, int) else None


def _error(payload: bytes) -> str:
    """RuntimeError: no database."""
    try:
        told = json.loads(payload)
        return f"{told.get('errorType', 'Error')}: {told.get('errorMessage', '')}"
    except (ValueError, AttributeError):
        return payload.decode("utf-8", "replace")[:500]


def _broken(name: str, version: str, what: str, log: str) -> DeployError:
    end = f"The end of its log:\n{log.strip()}" if log.strip() else "It has logged nothing."
    said = f"version {version} of {name} is not released, since {what}. {end}"
    return DeployError(harmless(said))


def _run(log: str) -> Run | None:
    """None where the function's system log level leaves reports out."""
    try:
        return run_of(log.splitlines())[0]
    except ReportError:
        return None
