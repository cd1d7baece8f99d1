"""The context object that a function gets, with the attributes of AWS's own.

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

import json
import os
import time
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


CURRENT: ContextVar[Any] = ContextVar("adapter.context", default=None)
"""The context of the invocation that this code runs for, or None; set by our own runtime.

Of many at once, each task and thread has its own.
"""


class Context:
    """aws_request_id, function_name, function_version, invoked_function_arn,
    memory_limit_in_mb (text, MB), log_group_name, log_stream_name, identity, client_context (or
    None), tenant_id (or None), trace_id (the X-Ray header, or None), and the deadline, in
    seconds since the epoch.
    """

    def __init__(
        self,
        aws_request_id: str,
        deadline_ms: int,
        invoked_function_arn: str = "",
        *,
        client_context: ClientContext | None = None,
        identity: Identity | None = None,
        tenant_id: str | None = None,
        trace_id: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.aws_request_id = aws_request_id
        self.invoked_function_arn = invoked_function_arn
        (
            self.function_name,
            self.function_version,
            self.memory_limit_in_mb,
            self.log_group_name,
            self.log_stream_name,
        ) = _environment() if environ is None else _environment_in(environ)
        self.client_context = client_context
        self.identity = identity or Identity()
        self.tenant_id = tenant_id
        self.trace_id = trace_id
        self.deadline = deadline_ms / 1000

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Context:
        """The context of an invocation, from the headers of the Runtime API's answer.

        https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next
        """
        deadline = headers.get("lambda-runtime-deadline-ms", "")
        return cls(
            headers.get("lambda-runtime-aws-request-id", ""),
            int(deadline) if deadline.isdecimal() else int(time.time() * 1000) + 3000,
            headers.get("lambda-runtime-invoked-function-arn", ""),
            client_context=ClientContext.of(headers.get("lambda-runtime-client-context")),
            identity=Identity.of(headers.get("lambda-runtime-cognito-identity")),
            tenant_id=headers.get("lambda-runtime-aws-tenant-id"),
            trace_id=headers.get("lambda-runtime-trace-id"),
        )

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation; 0 when they are over."""
        return max(0, int((self.deadline - time.time()) * 1000))

    def log(self, message: object) -> None:
        """Write to the function's log, as AWS's context object does."""
        os.write(1, str(message).encode())

    def __repr__(self) -> str:
        return f"Context({self.aws_request_id!r}, {self.invoked_function_arn!r})"


_VARIABLES = (
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
)
_ENVIRONMENT: list[list[str]] = []


def _environment() -> list[str]:
    """This process's; read once, since reading takes 1 µs for each."""
    if not _ENVIRONMENT:
        _ENVIRONMENT.append(_environment_in(os.environ))
    return _ENVIRONMENT[0]


def _environment_in(environ: Mapping[str, str]) -> list[str]:
    return [environ.get(name, "") for name in _VARIABLES]


class Identity:
    """The Cognito identity of a caller that uses the AWS mobile SDK; empty for others."""

    def __init__(
        self, cognito_identity_id: str | None = None, cognito_identity_pool_id: str | None = None
    ) -> None:
        self.cognito_identity_id = cognito_identity_id
        self.cognito_identity_pool_id = cognito_identity_pool_id

    @classmethod
    def of(cls, header: str | None) -> Identity:
        if not header:
            return cls()
        fields = _object(header)
        return cls(fields.get("cognitoIdentityId"), fields.get("cognitoIdentityPoolId"))


class ClientContext:
    """What a caller sent as `ClientContext`: `custom`, `env`, and the mobile `client`."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.custom: dict[str, Any] | None = fields.get("custom")
        self.env: dict[str, Any] | None = fields.get("env")
        self.client = Client(fields.get("client") or {})

    @classmethod
    def of(cls, header: str | None) -> ClientContext | None:
        if not header:
            return None
        fields = _object(header)
        return cls(fields) if fields else None


class Client:
    """The mobile app that called."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.installation_id = fields.get("installation_id")
        self.app_title = fields.get("app_title")
        self.app_version_name = fields.get("app_version_name")
        self.app_version_code = fields.get("app_version_code")
        self.app_package_name = fields.get("app_package_name")


def _object(header: str) -> dict[str, Any]:
    """The JSON object in a header, which a caller writes; {} for anything else."""
    try:
        value = json.loads(header)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
