"""A captured exchange: an event, and what came of it, in a file of JSON.

    capture      1, the version of this format
    captured_at  when, as 2026-11-21T12:28:05Z
    target       main:app or main.handler; "" if it is not known
    kind         the front end, one of adapter.events.KINDS; null for any other event
    stream       whether the function was told to stream (ADAPTER_STREAM=1)
    failed       whether the function failed; then `result` is the error document
    event        as the function got it
    result       as the function gave it; of a streamed answer head and body as one object

Only `event` and `result` must be there; a missing `kind` is told by the event. Other names may
stand beside these.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from typing import Any

from ..errors import EventError
from ..events import KINDS, codec_of
from .inputs import InputError, name_of, pretty, read_json

VERSION = 1


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@dataclass(frozen=True)
class Capture:
    """What such a file holds."""

    event: Any
    result: Any
    target: str = ""
    kind: str | None = None
    stream: bool = False
    failed: bool = False
    captured_at: str = field(default_factory=_now)


_TYPES: dict[str, type | tuple[type, ...]] = {
    "target": str,
    "kind": (str, type(None)),
    "stream": bool,
    "failed": bool,
    "captured_at": str,
}


def kind_of(event: Any) -> str | None:
    """The front end that sends such an event; None if it is no HTTP request."""
    try:
        codec = codec_of(event)
    except EventError:
        return None
    return next(kind for kind, found in KINDS.items() if found is codec)


def write(file: str, capture: Capture) -> None:
    """Raises InputError."""
    told = vars(capture)
    order = ("captured_at", "target", "kind", "stream", "failed", "event", "result")
    data = pretty({"capture": VERSION, **{name: told[name] for name in order}})
    try:
        with open(file, "wb") as opened:
            opened.write(data)
    except OSError as error:
        raise InputError(f"can't write {file}: {error.strerror}") from None


def read(file: str) -> Capture:
    """Raises InputError for a file that holds no captured exchange."""
    found = read_json(file)
    wrong = _wrong(found)
    if wrong:
        raise InputError(f"{name_of(file)} is no captured exchange: {wrong}")
    known = {entry.name for entry in fields(Capture)}
    told = {name: value for name, value in found.items() if name in known}
    return Capture(**{"captured_at": "", "kind": kind_of(found["event"]), **told})


def _wrong(found: Any) -> str:
    """What is wrong with the content of such a file, or ''."""
    if not isinstance(found, dict):
        return "it is no JSON object"
    for name in ("event", "result"):
        if name not in found:
            return f"it has no {name!r}"
    if found.get("capture", VERSION) != VERSION:
        return f"its format is {found['capture']!r:.40}, and this version reads {VERSION}"
    for name, kind in _TYPES.items():
        if name in found and not isinstance(found[name], kind):
            return f"its {name!r} is {found[name]!r:.40}"
    if found.get("kind") not in (None, *KINDS):
        return f"there is no front end {found['kind']!r:.40}; there are {', '.join(KINDS)}"
    return ""
