"""What happens, as it happens: server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html

A message holds what changed since the one before, each visit once and as it is now. The next one
is made when the connection has taken the last: a slow listener gets fewer, not later ones.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .rows import row, to_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .history import History

_PAUSE_S = 0.05  # between two messages
_BEAT_S = 10.0  # of silence, until the page must hear that the connection is alive


async def messages(history: History, last: str, about: dict[str, Any]) -> AsyncIterator[bytes]:
    """The stream from `last`, the id of the last message that was heard; '' for from the start."""
    version = version_of(last, history.run)
    yield b"retry: 1000\n\n"
    told, version = _message(history, version, about)
    yield told
    while not history.closed:
        if await history.changed(version, _BEAT_S):
            told, version = _message(history, version, {})
            yield told  # what changes until it is taken is newer than `version`
            await asyncio.sleep(_PAUSE_S)
        else:
            yield b"event: beat\ndata: {}\n\n"


def version_of(last: str, run: str) -> int:
    """The version in a message's id, if it was sent in this run; else 0."""
    sent_in, _, version = last.partition("-")
    return int(version) if sent_in == run and version.isascii() and version.isdecimal() else 0


def state(history: History, version: int) -> dict[str, Any]:
    """What changed since `version`, as the page takes it."""
    news = history.since(version)
    return {
        "whole": version == 0,
        "version": news.version,
        "oldest": news.oldest,
        "problem": news.problem,
        "runs": news.runs,
        "rows": [row(entry) for entry in news.entries],
    }


def _message(history: History, version: int, about: dict[str, Any]) -> tuple[bytes, int]:
    """What changed since `version`, and the version from which to go on."""
    told = {**state(history, version), **about}
    data = b"id: %s-%d\ndata: %s\n\n" % (history.run.encode(), told["version"], to_json(told))
    return data, told["version"]
