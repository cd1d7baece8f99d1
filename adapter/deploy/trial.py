"""The one call that a new version gets before an alias names it.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..report import ReportError, run_of
from . import STAGE, DeployError
from .log_lines import harmless
from .patience import patiently

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


def tried(
    aws: AWS, name: str, version: str, event: Mapping[str, Any], timeout: int, stage: str = ""
) -> Trial:
    """Call the version, once. Raises DeployError if it is broken, with the end of its log.

    timeout  of the function, in seconds
    stage    for which it is; the version's own ARN does not tell
    """
    answer = _answer(aws, name, version, event, timeout, stage)
    payload = answer["Payload"].read()
    log = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
    if answer.get("FunctionError"):
        raise DeployError(_broken(name, version, f"it fails: {_error(payload)}", log))
    status = _status(payload)
    if status is None:
        raise DeployError(_broken(name, version, "it does not answer as a web app does", log))
    if status >= 500:
        raise DeployError(_broken(name, version, f"it answers {status}", log))
    return Trial(status, _run(log))


def _answer(
    aws: AWS, name: str, version: str, event: Mapping[str, Any], timeout: int, stage: str
) -> Any:
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
        return patiently(call, _PASSING)
    except ClientError as error:
        if error.response["Error"]["Code"] != "TooManyRequestsException":
            raise
        raise DeployError(
            f"version {version} of {name} is not released, since Lambda has no environment for it "
            f"now ({error.response.get('Reason', 'throttled')}): deploy again. If its reserved "
            f"concurrency is 0: aws lambda delete-function-concurrency --function-name {name}"
        ) from None


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


def _broken(name: str, version: str, what: str, log: str) -> str:
    end = f"The end of its log:\n{log.strip()}" if log.strip() else "It has logged nothing."
    return harmless(f"version {version} of {name} is not released, since {what}. {end}")


def _run(log: str) -> Run | None:
    """None where the function's system log level leaves reports out."""
    try:
        return run_of(log.splitlines())[0]
    except ReportError:
        return None
