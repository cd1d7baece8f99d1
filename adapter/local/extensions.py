"""Lambda's Extensions API, for the extensions that run inside the runtime's own process.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html

What a runtime has of it: with one registered, Lambda ends its process with SIGTERM before SIGKILL.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..events._gateway import ACCOUNT, request_id
from .wire import Answer, json_answer

if TYPE_CHECKING:
    from .invocation import Invocation
    from .wire import Call

_MOST = 10
_IDENTIFIER = "Lambda-Extension-Identifier"


@dataclass
class Extension:
    """One that registered, and the events that wait for it."""

    name: str
    events: list[Any]
    id: str = field(default_factory=request_id)
    ready: bool = False
    queue: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)


class Extensions:
    """The extensions of one environment."""

    def __init__(self, function: dict[str, str], *, invoke_events: bool) -> None:
        self._function = function
        self._allowed = ["INVOKE"] if invoke_events else []
        self._by_id: dict[str, Extension] = {}
        self.closed = False  # with the runtime's first poll

    @property
    def registered(self) -> bool:
        return bool(self._by_id)

    @property
    def ready(self) -> bool:
        """Whether each has asked for its first event: before that no init phase is complete."""
        return all(extension.ready for extension in self._by_id.values())

    async def register(self, call: Call) -> Answer:
        name = call.headers.get("lambda-extension-name", "")
        if not name:
            return _forbidden("Extension.InvalidExtensionName", "Empty extension name")
        try:
            events = _events(await call.read(_BODY_LIMIT))
        except (ValueError, RecursionError) as error:
            return _forbidden("InvalidRequestFormat", str(error))
        refused = self._refusal(name, events)
        if refused:
            return _forbidden(*refused)
        extension = Extension(name, events)
        self._by_id[extension.id] = extension
        return self._registered(extension, call.headers.get("lambda-extension-accept-feature", ""))

    def _refusal(self, name: str, events: list[Any]) -> tuple[str, str] | None:
        for event in events:
            if event not in self._allowed:
                return "Extension.InvalidEventType", f"{event}: not for an internal extension"
        if self.closed:
            return "Extension.RegistrationClosed", "Extension registration closed already"
        if any(extension.name == name for extension in self._by_id.values()):
            message = "Extension with this name already registered"
            return "Extension.InvalidExtensionState", message
        if len(self._by_id) >= _MOST:
            return "Extension.TooManyExtensions", f"Extension limit ({_MOST}) reached"
        return None

    def _registered(self, extension: Extension, features: str) -> Answer:
        told = dict(self._function)
        if "accountId" in [feature.strip() for feature in features.split(",")]:
            told["accountId"] = ACCOUNT
        answer = json_answer(200, told)
        answer.headers[_IDENTIFIER] = extension.id
        return answer

    def of(self, call: Call) -> Extension | Answer:
        """The extension that calls, or what it is told."""
        identifier = call.headers.get(_IDENTIFIER.lower(), "")
        if not identifier:
            message = f"Missing {_IDENTIFIER} header"
            return _forbidden("Extension.MissingExtensionIdentifier", message)
        extension = self._by_id.get(identifier)
        if extension is None:
            kind = "Extension.UnknownExtensionIdentifier"
            return _forbidden(kind, f"Unknown extension {identifier}")
        return extension

    def tell(self, invocation: Invocation, arn: str) -> None:
        """An invocation begins."""
        for extension in self._by_id.values():
            if "INVOKE" in extension.events:
                extension.queue.put_nowait(_invoke_event(invocation, arn))


_BODY_LIMIT = 65_536


def _events(read: tuple[bytes, int]) -> list[Any]:
    """Raises ValueError, RecursionError."""
    body, _ = read
    document = json.loads(body)
    events = document.get("events") if isinstance(document, dict) else document
    if events is None:
        return []
    if not isinstance(events, list):
        raise ValueError(f"events is {events!r:.80}, not a list")
    return events


def _invoke_event(invocation: Invocation, arn: str) -> dict[str, Any]:
    return {
        "eventType": "INVOKE",
        "deadlineMs": int(invocation.deadline * 1000),
        "requestId": invocation.id,
        "invokedFunctionArn": arn,
        "tracing": {"type": "X-Amzn-Trace-Id", "value": invocation.trace_id},
    }


async def next_event(extension: Extension) -> Answer:
    """Blocks; for good, if it registered for nothing."""
    answer = json_answer(200, await extension.queue.get())
    answer.headers["Lambda-Extension-Event-Identifier"] = request_id()
    return answer


def _forbidden(kind: str, message: str) -> Answer:
    return json_answer(403, {"errorType": kind, "errorMessage": message})
