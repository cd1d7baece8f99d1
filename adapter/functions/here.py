"""What this code works on, and the ids of what comes of it."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from contextvars import ContextVar

from .alias import INVOKED, context
from .envelope import HERE, Envelope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NAME: ContextVar[str] = ContextVar("adapter.functions.name", default="")
"""That of the function at work."""

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@contextmanager
def at_work(name: str, envelope: Envelope | None, invoked: Any) -> Iterator[None]:
    """While a function runs; one that is called in process is still in its caller's invocation."""
    named = NAME.set(name)
    message = HERE.set(envelope)
    invocation = INVOKED.set(invoked if invoked is not None else INVOKED.get())
    try:
        yield
    finally:
        NAME.reset(named)
        HERE.reset(message)
        INVOKED.reset(invocation)


def here(client: str | None) -> Envelope:
    """That of the message at work; of a request, or of nothing, one with its id or a new one.

    Raises TypeError for a client that is no text.
    """
    envelope = HERE.get() or Envelope(_request_id() or _token(8))
    if client is None:
        return envelope
    if not isinstance(client, str):
        raise TypeError(f"the client is {client!r:.80}; it should be text")
    return envelope.but(client=client)


def _token(size: int) -> str:
    return os.urandom(size).hex()  # as `secrets` makes it, which takes 3 ms to import


def _request_id() -> str:
    found = str(getattr(context(), "aws_request_id", None) or "")
    return found if _ID.fullmatch(found) else ""


def run_id(told: str | None) -> str:
    """It begins as that of the run or request does from which it comes. Raises ValueError."""
    if told is not None:
        if not isinstance(told, str) or not _ID.fullmatch(told):
            raise ValueError(f"{told!r} is no id of a run: letters, digits and . _ -, at most 64")
        return told
    envelope = HERE.get()
    root = (envelope.id if envelope else _request_id()).partition(".")[0]
    return f"{root}.{_token(4)}" if 0 < len(root) <= 40 else _token(8)
