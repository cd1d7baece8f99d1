"""What Lambda and the front ends refuse, or cut short, of settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config.node import nearest
from ..config.routes import STREAMING
from ..config.variables import MOST, RESERVED, size
from ..package import LAYER
from ..runtime.load import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..config import API
    from ..package import Report
    from . import Finding, Subject

OURS = frozenset(
    {
        "ADAPTER_EXTENSION", "ADAPTER_LOCAL", "ADAPTER_PARAMETERS", "ADAPTER_PIPELINE",
        "ADAPTER_WORKERS",
    }
)  # fmt: skip
"""Variables that `adapter` reads on Lambda, besides OPTIONS."""

_WITH_PACKAGE = {"AWS_LAMBDA_EXEC_WRAPPER": f"{LAYER}/adapter/runtime/exec-wrapper"}
_HANDLER = 128  # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
_NEW_ACCOUNTS_MB = 3008

# How long front ends wait, in seconds; a REST API's limit can be raised, and by a route it is.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
_WAITS = {"http_api": 30.0, "http_api_v1": 30.0, "rest_api": 29.0, "websocket": 29.0}


def variables(subject: Subject, report: Report) -> Iterator[Finding]:
    """Their names, and their size."""
    told = {**_WITH_PACKAGE, **subject.function.variables}
    found = [*_reserved(subject), *_unknown(subject)]
    if size(told) > MOST:
        text = f"the environment variables are {size(told)} bytes, and Lambda takes {MOST}"
        remedy = "move the largest to a file of the package, or to SSM parameters"
        found.append(subject.problem("variables", text, remedy))
    if not found:
        text = f"{size(told)} bytes of {MOST}, with the one that the package needs"
        found.append(subject.ok("variables", text))
    yield from found


def _reserved(subject: Subject) -> Iterator[Finding]:
    if names := sorted(RESERVED.intersection(subject.function.variables)):
        text = f"Lambda sets these variables itself, and refuses others': {', '.join(names)}"
        yield subject.problem("variables", text, "leave them out, or give them other names")


def _unknown(subject: Subject) -> Iterator[Finding]:
    known = {*OPTIONS, *OURS}
    for name in sorted(subject.function.variables):
        if name.startswith("ADAPTER_") and name not in known:
            text = f"nothing here reads the variable {name}{nearest(name, sorted(known))}"
            yield subject.remark("variables", text)


def handler_name(subject: Subject, report: Report) -> Iterator[Finding]:
    length = len(subject.function.handler)
    if length > _HANDLER:
        text = f"the handler's name has {length} characters, and Lambda takes {_HANDLER}"
        yield subject.problem("handler", text, "give the module or the app a shorter name")


def memory(subject: Subject, report: Report) -> Iterator[Finding]:
    if subject.function.memory > _NEW_ACCOUNTS_MB:
        text = f"{subject.function.memory} MB: new accounts have {_NEW_ACCOUNTS_MB} MB at first"
        yield subject.remark("memory", text, "ask AWS's support for more, if Lambda refuses it")


def timeout(subject: Subject, report: Report) -> Iterator[Finding]:
    """Whether the front end gives up before the function."""
    function, wait = subject.function, _wait(subject)
    if wait is not None and function.timeout > wait:
        assert subject.api is not None
        text = (
            f"an invocation may take {function.timeout:g} s, and its {subject.api.kind} gives up "
            f"after {wait:g} s: the client gets an error while the function goes on"
        )
        yield subject.remark("timeout", text, f"timeout = {wait:g}, unless it has other callers")


def _wait(subject: Subject) -> float | None:
    """The longest that the API waits for the function; None if it doesn't, or has no limit."""
    api, function = subject.api, subject.function
    if api is None or api.kind not in _WAITS or function.stream:
        return None
    routes = [route for route in api.routes if route.function == function.name]
    return max((route.timeout or _WAITS[api.kind] for route in routes), default=None)


def stream(subject: Subject, report: Report) -> Iterator[Finding]:
    """Of `stream = true` the settings' reader says it; of the variable nobody else does."""
    told = subject.function.variables.get("ADAPTER_STREAM", "")
    if not _yes(told) or subject.api is None or not _routed(subject.api, subject.function.name):
        return
    if subject.api.kind not in STREAMING:
        text = f"ADAPTER_STREAM is set, and its {subject.api.kind} can't stream"
        yield subject.problem("stream", text, f"leave it out; {' and '.join(STREAMING)} can")
    elif not subject.function.stream:
        text = "ADAPTER_STREAM is set, and the API is not told that the function streams"
        yield subject.problem("stream", text, "write stream = true in its place")


def _yes(told: str) -> bool:
    """What makes no sense is said by the check of the handler."""
    try:
        return bool(OPTIONS["ADAPTER_STREAM"][1](told))
    except (KeyError, ValueError):
        return False


def _routed(api: API, name: str) -> bool:
    return any(route.function == name for route in api.routes)
