"""The lines that one environment logs, and to which invocation each belongs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .invocation import Invocation
    from .process import Log

_KEPT = 1000  # lines that come while no invocation is under way


class Journal:
    """A log callable: it shows a line, and keeps it with the invocations that are under way.

    Where many run in one process, a line with the request id of one of them is that one's, and
    any other may be of each. What comes while none is under way goes to the next one: that is what
    its environment said while it started, and on Lambda a process stands still in between.
    """

    def __init__(self, show: Log) -> None:
        self._show = show
        self._under_way: list[Invocation] = []
        self._before: deque[str] = deque(maxlen=_KEPT)

    def __call__(self, line: str) -> None:
        self._show(line)
        named = [invocation for invocation in self._under_way if invocation.id in line]
        for invocation in named or self._under_way:
            invocation.log.append(line)
        if not self._under_way:
            self._before.append(line)

    def begin(self, invocation: Invocation) -> None:
        """From here on lines may be of this one, and those that nobody had are."""
        invocation.log.extend(self._before)
        self._before.clear()
        self._under_way.append(invocation)

    def end(self, invocation: Invocation) -> None:
        self._under_way.remove(invocation)
