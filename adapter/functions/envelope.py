"""What a message carries besides itself, and the JSON that goes over the wire.

An asynchronous event has no ClientContext, so that ids travel in the message, under one key.
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
from contextvars import ContextVar

from ..errors import EventError
from ..message import LAMBDA_LIMIT
from .errors import CallDepthError, PayloadTooLarge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY = "_run"
MOST_DEEP = 32

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CALL_LIMIT = 6 << 20
EVENT_LIMIT = 1 << 20


class Envelope:
    """Of which run a message is a part.

    id      of the run; of a synchronous call that of the run or request which it serves
    chunk   its number in the run; None for a synchronous call
    of      how many chunks there are
    client  for whom the work is done; '' for nobody in particular
    depth   how many functions called each other to come here

    A value, though no dataclass: those take 5 ms of a cold start to import.
    """

    def __init__(
        self,
        id: str,  # noqa: A002
        chunk: int | None = None,
        of: int = 0,
        client: str = "",
        depth: int = 0,
    ) -> None:
        self.id = id
        self.chunk = chunk
        self.of = of
        self.client = client
        self.depth = depth

    def but(self, **other: Any) -> Envelope:
        """The same with other values."""
        return Envelope(**{**vars(self), **other})

    def around(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message with itself in it."""
        told = {name: value for name, value in vars(self).items() if value not in (None, "")}
        return {**message, KEY: told}

    def deeper(self) -> Envelope:
        """One step down. Raises CallDepthError."""
        if self.depth >= MOST_DEEP:
            raise CallDepthError(
                f"{self.id}: {MOST_DEEP} functions have called each other in a row: do two of "
                "them call each other without an end? The call was not made"
            )
        return self.but(depth=self.depth + 1)


HERE: ContextVar[Envelope | None] = ContextVar("adapter.functions.envelope", default=None)
"""That of the message which this code works on."""


def opened(event: Any) -> tuple[Any, Envelope | None]:
    """(the message, its envelope if it has one). Raises EventError for one that is none."""
    if not isinstance(event, dict) or KEY not in event:
        return event, None
    message = {name: value for name, value in event.items() if name != KEY}
    told = event[KEY]
    if not isinstance(told, dict) or not _TYPES.keys() >= told.keys() or "id" not in told:
        raise EventError(f"the event's {KEY!r} is {told!r:.200}: that key is kept for Functions")
    if any(type(value) is not _TYPES[name] for name, value in told.items()):
        raise EventError(f"the event's {KEY!r} has a value of another type: {told!r:.200}")
    return message, Envelope(**told)


_TYPES = {"id": str, "chunk": int, "of": int, "client": str, "depth": int}


def encoded(value: Any, what: str) -> bytes:
    """The bytes as boto3 sends them. Raises TypeError for what is no JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{what} is no JSON: {error}") from None


def payload_of(message: Any, envelope: Envelope, *, name: str, is_event: bool) -> bytes:
    """What goes to the function `name`.

    Raises PayloadTooLarge before anything is sent, and TypeError for what is no JSON object.
    """
    if not isinstance(message, dict):
        raise TypeError(
            f"a message for {name} is a dict, not {type(message).__name__}: put it in one, as "
            '{"items": […]}'
        )
    if KEY in message:
        raise TypeError(f"a message for {name} has {KEY!r}: that key is kept for Functions")
    payload = encoded(envelope.around(message), f"the message for {name}")
    limit = EVENT_LIMIT if is_event else CALL_LIMIT
    if len(payload) > limit:
        kind = "an asynchronous call" if is_event else "a synchronous call"
        raise PayloadTooLarge(
            f"the message for {name} has {len(payload):,} bytes; {kind} takes {limit:,}: put the "
            "data where both can read it (S3, a database) and send a reference"
        )
    return payload


def result_of(value: Any, name: str) -> bytes:
    """What comes back. Raises PayloadTooLarge, and TypeError for what is no JSON."""
    payload = encoded(value, f"the result of {name}")
    if len(payload) > LAMBDA_LIMIT:
        raise PayloadTooLarge(
            f"the result of {name} has {len(payload):,} bytes; Lambda returns {LAMBDA_LIMIT:,}: "
            "put the data where both can read it (S3, a database) and return a reference"
        )
    return payload
