"""A call to Lambda's Invoke API: HTTP request → Call, or Refused in the words that AWS has for it.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
https://docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html

The messages are as AWS gave them to others: LocalStack's recordings (`*.snapshot.json` in its
tests/aws/services/lambda_) and the threads https://github.com/aws/aws-pdk/issues/771,
https://github.com/boto/boto3/issues/2153.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .http_leg import request_of
from .runtime_api import ARN
from .visit import Visit
from .wire import collected

if TYPE_CHECKING:
    from starlette.requests import Request as HTTPRequest
    from starlette.types import Scope

    from ..message import Request


# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB and 1 MB
PAYLOAD_LIMIT = 6 << 20
_EVENT_LIMIT = 1 << 20
_ASYNC_LIMIT = 256 << 10
_CONTEXT_LIMIT = 3583


@dataclass(frozen=True)
class Operation:
    """One of the API's, its path, and the invocation types that it takes, the usual one first."""

    name: str
    path: re.Pattern[str]
    types: tuple[str, ...]
    event_limit: int = _EVENT_LIMIT


STREAM = "InvokeWithResponseStream"
_OPERATIONS = (
    Operation(
        "Invoke",
        re.compile("/2015-03-31/functions/([^/]+)/invocations"),
        ("RequestResponse", "Event", "DryRun"),
    ),
    Operation(
        STREAM,
        re.compile("/2021-11-15/functions/([^/]+)/response-streaming-invocations"),
        ("RequestResponse", "DryRun"),
    ),
    Operation(
        "InvokeAsync",
        re.compile("/2014-11-13/functions/([^/]+)/invoke-async/?"),
        ("Event",),
        _ASYNC_LIMIT,
    ),
)

# Names and qualifiers as botocore's model of the service has them: NamespacedFunctionName.
_REGION = r"(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}"
_NAME_PATTERN = (
    rf"(arn:(aws[a-zA-Z-]*)?:lambda:)?({_REGION}:)?(\d{{12}}:)?(function:)?"
    r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
_QUALIFIER_PATTERN = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
_TENANT_PATTERN = r"[a-zA-Z0-9\._:\/=+\-@ ]+"
_NAME = re.compile(
    rf"(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:{_REGION}:)?(?:[0-9]{{12}}:)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_.-]+)(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9_-]+))?"
)


class Refused(Exception):  # noqa: N818  # an answer, by which the call ends
    """What AWS says instead of doing what was asked for."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.status = status
        self.kind = kind
        self.message = message


@dataclass(frozen=True)
class Call:
    """What a caller wants.

    type     RequestResponse, Event or DryRun
    request  as it came
    tail     whether it wants the end of the log
    kind     as Visit.kind has it
    told     what the function is told besides its event, by the names that Invocation has
    """

    operation: str
    function: str
    type: str
    payload: bytes
    request: Request
    tail: bool = False
    kind: str = "invoke"
    told: dict[str, str] = field(default_factory=dict)

    @property
    def qualified_arn(self) -> str:
        return f"{ARN}{self.function}:{self.told.get('qualifier', '$LATEST')}"

    def visit(self) -> Visit:
        """What is shown of it."""
        return Visit(self.request, self.kind, function=self.function, event=value_of(self.payload))


def value_of(body: bytes) -> Any:
    """What JSON text says; other text as it is."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def operation_of(scope: Scope) -> tuple[Operation, str] | None:
    """(the operation that a request is for, the function as it stands in the path), if any."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    path = scope["raw_path"].decode("latin-1")
    for operation in _OPERATIONS:
        if match := operation.path.fullmatch(path):
            return operation, unquote(match[1])
    return None


async def call_of(request: HTTPRequest, operation: Operation, function: str) -> Call:
    """Raises Refused, and ClientDisconnect."""
    payload, size = await collected(request.stream(), PAYLOAD_LIMIT)
    name, qualifier = function_of(function, request.query_params.get("Qualifier", ""))
    kind = operation.types[0]
    if operation.name != "InvokeAsync":
        kind = _one_of(request, "X-Amz-Invocation-Type", "invocationType", operation.types)
    tail = _one_of(request, "X-Amz-Log-Type", "logType", ("None", "Tail")) == "Tail"
    told = {"qualifier": qualifier, "tenant_id": _tenant(request)}
    if kind != "Event":  # Lambda passes it on for synchronous invocations only
        told["client_context"] = _client_context(request)
    _check_size(size, kind, operation)
    _check_json(payload)
    told = {name: value for name, value in told.items() if value}
    asked = request_of(request.scope, payload, "")
    return Call(operation.name, name, kind, payload or b"{}", asked, tail, told=told)


def function_of(text: str, asked: str) -> tuple[str, str]:
    """(the name, the qualifier or ''), of a name, a partial or a whole ARN. Raises Refused."""
    match = _NAME.fullmatch(text)
    if match is None or len(text) > 256:
        raise _invalid(text, "functionName", f"regular expression pattern: {_NAME_PATTERN}")
    if asked and not (re.fullmatch(r"[a-zA-Z0-9$_.-]+", asked) and len(asked) <= 128):
        raise _invalid(asked, "qualifier", f"regular expression pattern: {_QUALIFIER_PATTERN}")
    named = match["qualifier"] or ""
    if asked and named and asked != named:
        message = "The derived qualifier from the function name does not match the specified "
        raise Refused(400, "InvalidParameterValueException", f"{message}qualifier.")
    return match["name"], asked or named


def not_found(function: str, qualifier: str = "") -> Refused:
    arn = f"{ARN}{function}:{qualifier}" if qualifier else ARN + function
    return Refused(404, "ResourceNotFoundException", f"Function not found: {arn}")


def _invalid(value: str, name: str, constraint: str) -> Refused:
    message = (
        f"1 validation error detected: Value '{value:.300}' at '{name}' failed to satisfy "
        f"constraint: Member must satisfy {constraint}"
    )
    return Refused(400, "ValidationException", message)


def _one_of(request: HTTPRequest, header: str, name: str, values: tuple[str, ...]) -> str:
    value = request.headers.get(header, values[0])
    if value not in values:
        raise _invalid(value, name, f"enum value set: [{', '.join(values)}]")
    return value


def _tenant(request: HTTPRequest) -> str:
    tenant = request.headers.get("X-Amz-Tenant-Id", "")
    if tenant and not (re.fullmatch(_TENANT_PATTERN, tenant) and len(tenant) <= 256):
        raise _invalid(tenant, "tenantId", f"regular expression pattern: {_TENANT_PATTERN}")
    return tenant


def _client_context(request: HTTPRequest) -> str:
    """The client's JSON, which comes as base64; in ASCII, so that a header can carry it."""
    encoded = request.headers.get("X-Amz-Client-Context", "")
    if not encoded:
        return ""
    try:
        document = _loads(b64decode(encoded, validate=True))
        if isinstance(document, dict) and len(encoded) <= _CONTEXT_LIMIT:
            return json.dumps(document)
    except (ValueError, RecursionError):
        pass
    message = "Client context must be a valid Base64-encoded JSON object."
    raise Refused(400, "InvalidRequestContentException", message)


def _check_size(size: int, kind: str, operation: Operation) -> None:
    """AWS's model of the API calls it RequestTooLargeException; what it sends has this name."""
    if kind == "Event" and size > operation.event_limit:
        message = (
            f"{size} byte payload is too large for the Event invocation type "
            f"(limit {operation.event_limit} bytes)"
        )
    elif size > PAYLOAD_LIMIT:
        message = f"Request must be smaller than {PAYLOAD_LIMIT} bytes for the InvokeFunction "
        message += "operation"
    else:
        return
    raise Refused(413, "RequestEntityTooLargeException", message)


def _check_json(payload: bytes) -> None:
    """None at all is an empty object."""
    try:
        _loads(payload or b"{}", parse_int=str)  # with any number of digits
    except (ValueError, RecursionError) as error:
        message = "Could not parse request body into json: Could not parse payload into json: "
        raise Refused(400, "InvalidRequestContentException", message + _reason(error)) from None


def _loads(data: bytes, **options: Any) -> Any:
    """JSON as RFC 8259 has it: UTF-8 and no NaN. Raises ValueError, RecursionError."""
    return json.loads(data.decode(), parse_constant=_no_constant, **options)


def _no_constant(name: str) -> None:
    raise ValueError(f"Unrecognized token '{name}'")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}\n at [Source: REDACTED; line: {error.lineno}, column: {error.colno}]"
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)
