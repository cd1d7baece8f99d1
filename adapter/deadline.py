"""What still runs shortly before Lambda ends it: found out, and told with where it is.

A coroutine can be cancelled, and its runner does that. Synchronous code can't be: it is reported,
and left to Lambda.
"""

from __future__ import annotations

import sys
import time
from _thread import allocate_lock, get_ident, start_new_thread  # `threading` takes 2 ms to import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

MARGIN_S = 0.5
"""How long before its deadline a request is stopped: time to answer and to log."""

_SHOWN = 4
_NEVER = float("inf")
_LONGEST_S = 3600.0


def deadline_of(context: Any) -> float | None:
    """When Lambda ends the invocation, as `time.time()` tells it; None if the context does not.

    Not monotonic: an environment may be frozen in between.
    """
    deadline: float | None = getattr(context, "deadline", None)  # of our own runtime
    if deadline is None:
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        return time.time() + remaining() / 1000 if remaining is not None else None
    return deadline


class Watch:
    """A thread that says `report(what, where)` of each call that is still under way at its time."""

    def __init__(self, report: Callable[[Any, str], None]) -> None:
        self._report = report
        self._calls: dict[int, tuple[float, int, Any]] = {}  # when it is late, its thread, itself
        self._wakes_at = _NEVER
        self._news = allocate_lock()
        self._started = False

    def begin(self, call: Any, late_at: float) -> None:
        """This thread begins `call`, which is to end before `late_at`."""
        self._calls[id(call)] = late_at, get_ident(), call
        if late_at < self._wakes_at:  # once in a time-out, as each call is late after the last one
            self._wakes_at = late_at
            self._wake()

    def end(self, call: Any) -> None:
        self._calls.pop(id(call), None)

    def _wake(self) -> None:
        if not self._started:
            self._started = True
            start_new_thread(self._watch, ())
        elif self._news.locked():
            try:
                self._news.release()
            except RuntimeError:  # another thread did
                pass

    def _watch(self) -> None:
        while True:
            pause = max(0.0, min(self._wakes_at - time.time(), _LONGEST_S))
            if not self._news.acquire(timeout=pause):
                self._wakes_at = _NEVER  # from here on a call that begins wakes us
                self._tell()
            self._wakes_at = min([self._wakes_at, *[at for at, _, _ in list(self._calls.values())]])

    def _tell(self) -> None:
        now = time.time()
        for key, (late_at, thread, call) in list(self._calls.items()):
            if late_at <= now and self._calls.pop(key, None) is not None:
                self._report(call, where(_stack(sys._current_frames().get(thread))))


def where(frames: list[tuple[str, int, str]]) -> str:
    """The innermost frames as text, the innermost last."""
    shown = [f"{name} ({_short(file)}:{line})" for file, line, name in frames[-_SHOWN:]]
    return " → ".join(shown) or "nowhere that Python knows of"


def _stack(frame: FrameType | None) -> list[tuple[str, int, str]]:
    frames = []
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_name))
        frame = frame.f_back
    return frames[::-1]


def awaiting(coroutine: Any) -> list[tuple[str, int, str]]:
    """The frames of a suspended coroutine, down to what it waits for."""
    frames = []
    while coroutine is not None:
        frame = _first(coroutine, "cr_frame", "gi_frame", "ag_frame")
        if frame is not None:
            frames.append((frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_name))
        coroutine = _first(coroutine, "cr_await", "gi_yieldfrom", "ag_await")
    return frames


def _first(value: Any, *names: str) -> Any:
    return next((getattr(value, name) for name in names if hasattr(value, name)), None)


def _short(file: str) -> str:
    """A path from the last site-packages or folder on: what a log line has room for."""
    return file.rpartition("site-packages/")[2] if "site-packages/" in file else file
