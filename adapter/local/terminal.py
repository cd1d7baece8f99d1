"""The lines that `adapter dev` shows, written by a thread of their own.

Whoever reads them may be slow, or gone (`adapter dev … | head`): that must not hold up requests.
"""

from __future__ import annotations

import queue
import sys
import threading

import click

_COLOURS = {
    "START": "bright_black",
    "END": "bright_black",
    "REPORT": "cyan",
    "[ERROR]": "red",
    "adapter:": "yellow",
    "reloading:": "yellow",
}
_LAMBDAS = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")
_MOST_WAITING = 10_000
_GRACE_S = 1.0


class Terminal:
    """Shows lines in the order in which they come, until `close`; with `err` on stderr.

    With `quiet` without notes, and without the lines that Lambda writes around a request.
    """

    def __init__(self, *, err: bool = False, quiet: bool = False) -> None:
        self._err = err
        self._quiet = quiet
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def show(self, line: str) -> None:
        """One line, in colour on a terminal; left out if ten thousand are waiting."""
        if self._quiet and line.startswith(_LAMBDAS):
            return
        colour = _COLOURS.get(line.partition(" ")[0])
        try:
            self._lines.put_nowait(click.style(line, fg=colour) if colour else line)
        except queue.Full:
            pass

    def note(self, line: str) -> None:
        """The same with a line that is neither the app's own nor an error."""
        if not self._quiet:
            self.show(line)

    def close(self) -> None:
        """Write what is waiting, if somebody reads it."""
        try:
            self._lines.put(None, timeout=_GRACE_S)
        except queue.Full:
            return
        self._writer.join(_GRACE_S)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                click.echo(line, err=self._err)
            except (OSError, ValueError):  # nobody reads them any more
                return
