"""A bootstrap process in a session of its own, and its output line by line."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Log = Callable[[str], None]

_TAIL_S = 0.2  # for output that is still in the pipe when the process has ended
_TAILS = 20  # looks at it in this time
_MOST = 65_536  # bytes of a line; a longer one is logged in pieces


class Process:
    """What a runtime runs in. `exited` is done when the process is, with its exit status."""

    exited: asyncio.Task[int]

    def __init__(self, log: Log) -> None:
        self._log = log
        self._ending = False
        self._changing = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._pipe: int | None = None
        self._rest = b""  # of a line that has not ended
        self._measured: psutil.Process | None = None

    async def start(self, command: list[str], variables: dict[str, str], folder: Path) -> None:
        """Start it. Ctrl-C does not reach it: whoever started it ends it, in order."""
        # A pipe of our own. With one of asyncio's the end of the process is told only when nobody
        # holds the other end any more, and a child of the app may do so for long.
        reading, writing = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env=variables,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.exited = asyncio.create_task(self._process.wait())
        self.exited.add_done_callback(lambda _: self._signal_group(signal.SIGKILL))
        os.set_blocking(reading, False)
        self._pipe = reading
        asyncio.get_running_loop().add_reader(reading, self.read)

    @property
    def alive(self) -> bool:
        if self._ending or self._process is None or self.exited.done():
            return False
        try:  # asyncio hears of its end from a thread of its own, or some rounds of the loop later
            os.kill(self._process.pid, 0)
        except OSError:
            return False
        return True

    def status(self) -> str:
        """How it ended, in the words that Lambda has for it."""
        if not self.exited.done():
            return "signal: killed"
        status = self.exited.result()
        return f"exit status {status}" if status >= 0 else f"signal: {signal.strsignal(-status)}"

    def memory_mb(self) -> int:
        """The memory it holds now; 0 if it has ended."""
        if not self.alive or self._process is None:
            return 0
        try:
            if self._measured is None:  # to make one takes longer than to ask it
                self._measured = psutil.Process(self._process.pid)
            return self._measured.memory_info().rss >> 20
        except psutil.Error:  # it ended this moment
            return 0

    async def end(self, grace: float = 0) -> None:
        """End it, and what it started: at once, or with SIGTERM and so many seconds before."""
        async with self._changing:  # an earlier call may still be waiting
            if self._process is None:
                return
            if grace and self.alive:
                self._ending = True
                self._signal_group(signal.SIGTERM)
                await asyncio.wait({self.exited}, timeout=grace)
            self._ending = True
            if not self.exited.done():
                self._signal_group(signal.SIGKILL)
            await self.exited

    async def stop(self, grace: float = 0) -> None:
        """End it, and let its output run out."""
        await self.end(grace)
        for _ in range(_TAILS):  # a child of the app may hold the other end, and write for ever
            if self._pipe is None:
                break
            await asyncio.sleep(_TAIL_S / _TAILS)
        self._close()

    def read(self) -> None:
        """Log what it has written so far."""
        while self._pipe is not None:
            try:
                data = os.read(self._pipe, _MOST)
            except BlockingIOError:
                return
            if not data:
                self._close()
            self._log_lines(data)

    def _log_lines(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) >= _MOST:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._log(line.decode("utf-8", "replace"))

    def _close(self) -> None:
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            asyncio.get_running_loop().remove_reader(pipe)
            os.close(pipe)
            if self._rest:
                self._log_lines(b"\n")

    def _signal_group(self, number: int) -> None:
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except (ProcessLookupError, PermissionError):  # nobody is left in it
                pass
