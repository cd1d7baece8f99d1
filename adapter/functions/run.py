"""A run: what was sent, and how far it is."""

from __future__ import annotations

import time

from .state import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator
    from contextlib import AbstractContextManager
    from typing import Any

    from .channel import Channel
    from .state import Progress, RunState


class Run:
    """Asynchronous calls of one function, under one id.

    id    for logs, for `adapter watch`, and for `Functions.run` elsewhere
    name  the function's; '' if it is not known
    of    how many chunks there are; None if that is not known yet

        for progress in run: ...          async for progress in run: ...
        state = run.wait(timeout=300)     state = await run

    Whoever comes late sees what was before, and each sees each chunk once. All of these raise
    AdapterError on AWS without Redis, as nothing is to be seen of a run there.
    """

    def __init__(
        self,
        channel: Channel,
        id: str,  # noqa: A002
        name: str = "",
        of: int | None = None,
        *,
        lent: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._channel = channel
        self.id = id
        self.name = name
        self.of = of
        self._lent = lent

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {self.name!r}, of={self.of})"

    def __iter__(self) -> Iterator[Progress]:
        """Until each chunk is done, or has failed for the last time."""
        return self._steps(Tally(self.of), None)

    def __aiter__(self) -> AsyncIterator[Progress]:
        return self._asteps(Tally(self.of))

    def wait(self, timeout: float | None = None) -> RunState:
        """How it ended. After `timeout` seconds what is not done counts as failed."""
        tally = Tally(self.of)
        for _ in self._steps(tally, timeout):
            pass
        return tally.state(late=not tally.over)

    def __await__(self) -> Generator[Any, None, RunState]:
        """`wait` without an end; `asyncio.timeout(300)` ends it with a TimeoutError."""
        return self._awaited().__await__()

    async def _awaited(self) -> RunState:
        tally = Tally(self.of)
        async for _ in self._asteps(tally):
            pass
        return tally.state()

    def state(self) -> RunState:
        """How it stands; at once, for pages that ask again and again."""
        tally = Tally(self.of)
        for record in self._channel.history(self.id):
            tally.add(record)
        return tally.state()

    def _steps(self, tally: Tally, timeout: float | None) -> Iterator[Progress]:
        end = None if timeout is None else time.monotonic() + timeout
        records = self._channel.watch(self.id, self.name, end)
        try:
            while not tally.over:
                with self._lent():
                    record = next(records)
                if record is None:
                    if end is not None and time.monotonic() >= end:
                        return  # and not before: what happened already is in the tally
                elif (step := tally.add(record)) is not None:
                    yield step
        finally:
            records.close()  # type: ignore[attr-defined]  # a generator, with a connection

    async def _asteps(self, tally: Tally) -> AsyncIterator[Progress]:
        records = self._channel.awatch(self.id, self.name)
        try:
            while not tally.over:
                record = await anext(records)
                if record is not None and (step := tally.add(record)) is not None:
                    yield step
        finally:
            await records.aclose()  # type: ignore[attr-defined]
