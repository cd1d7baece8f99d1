"""One event to a deployed function: `adapter invoke --remote`.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ResultError
from ..events.stream import decode_head
from . import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .aws import AWS


# https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html, and a cold start
_PATIENCE_S = 930


@dataclass(frozen=True)
class Answer:
    """What came of it.

    body     the result, or the error document if it failed
    log      the last 4 KB of the invocation's log
    version  that answered
    """

    body: bytes
    failed: bool
    log: str
    version: str

    @property
    def streamed(self) -> tuple[dict[str, Any], bytes] | None:
        """Head and body of an answer that the function streams; None for any other."""
        try:
            return None if self.failed else decode_head(self.body)
        except ResultError:
            return None

    @property
    def result(self) -> Any:
        """As a value; null for an empty one, text for what is no JSON."""
        if self.streamed:
            head, body = self.streamed
            return {**head, **_text(body)}
        try:
            return json.loads(self.body) if self.body else None
        except (ValueError, RecursionError):
            return self.body.decode("utf-8", "replace")


def _text(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def client_of(aws: AWS) -> Any:
    """Of Lambda, for `invoke`. Threads may share one, but not make theirs of one session.

    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
    """
    return aws.once("lambda", _PATIENCE_S)


def invoke(client: Any, function: str, stage: str, event: Any) -> Answer:
    """Send one event to a stage of a function. Raises DeployError, and what boto3 raises."""
    try:
        found = client.invoke(
            FunctionName=function,
            Qualifier=stage,
            LogType="Tail",
            Payload=json.dumps(event).encode(),
        )
    except client.exceptions.ResourceNotFoundException:
        raise DeployError(
            f"there is no {function}:{stage} in {client.meta.region_name}: is it deployed, and are "
            "--stage and --region right? (adapter releases)"
        ) from None
    return Answer(
        found["Payload"].read(),
        bool(found.get("FunctionError")),
        base64.b64decode(found.get("LogResult", "")).decode("utf-8", "replace"),
        found.get("ExecutedVersion", ""),
    )


def functions_of(names: Iterable[str], named: str) -> list[str]:
    """Those that are meant: the one that is named, or all. Raises DeployError."""
    return [function_of(names, named)] if named else list(names)


def function_of(names: Iterable[str], named: str) -> str:
    """The function that is meant: the one that is named, or the only one. Raises DeployError."""
    known = tuple(names)
    listed = ", ".join(known)
    if named and named not in known:
        raise DeployError(
            f"there is no function {named!r:.70} in pyproject.toml; there are: {listed}"
        )
    if not named and len(known) > 1:
        raise DeployError(f"which function? There are: {listed}")
    return named or known[0]
