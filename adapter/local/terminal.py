"""What `adapter dev` writes: lines to read, or with `json` an object a line for machines.

A thread of its own writes them. Whoever reads them may be slow, or gone (`adapter dev … | head`):
that must not hold up requests.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import click

from .lines import fields_of, line_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Log
    from .visit import Visit

_COLOURS = {"[ERROR]": "red", "adapter:": "yellow", "reloading:": "yellow"}
_LAMBDAS = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")
_MOST_WAITING = 10_000
_GATHERED_S = 0.01  # what comes so close together is written at once
_GRACE_S = 1.0


class Terminal:
    """Shows lines in the order in which they come, until `close`; with `err` on stderr.

    lambdas  also those that Lambda writes around a request; a visit's line says the same shorter
    quiet    what an app says and what went wrong, and nothing else
    json     objects with a `type`: log, note, request
    """

    def __init__(
        self, *, err: bool = False, lambdas: bool = False, quiet: bool = False, json: bool = False
    ) -> None:
        self._err = err
        self._lambdas = lambdas
        self._quiet = quiet
        self._put = self._put_object if json else self._put_line
        self._shown: WeakSet[Visit] = WeakSet()
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        # click has it for the thread of a command alone, and another one writes.
        context = click.get_current_context(silent=True)
        self._color = context.color if context else None
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def show(self, line: str) -> None:
        """One line of a log, in colour on a terminal; left out if ten thousand are waiting."""
        self._log(line)

    def of(self, function: str) -> Log:
        """The same for the log of one of many functions."""
        return lambda line: self._log(line, function)

    def _log(self, line: str, function: str = "") -> None:
        if self._lambdas or not line.startswith(_LAMBDAS):
            self._put(lambda: _coloured(line, function), _said("log", line, function))

    def note(self, line: str) -> None:
        """A line that is neither an app's own nor an error; it may have colours of its own."""
        if not self._quiet:
            self._put(lambda: line, _said("note", click.unstyle(line)))

    def visit(self, visit: Visit) -> None:
        """A request, once it is answered."""
        if "sent" not in visit.marks or visit in self._shown or self._quiet:
            return
        self._shown.add(visit)
        self._put(lambda: line_of(visit), {"type": "request", **fields_of(visit)})

    def _put_line(self, line: Callable[[], str], _: dict[str, Any]) -> None:
        self._enqueue(line())

    def _put_object(self, _: Callable[[], str], fields: dict[str, Any]) -> None:
        told = {name: value for name, value in fields.items() if value != ""}
        self._enqueue(json.dumps({"time": round(time.time(), 3), **told}))

    def _enqueue(self, line: str) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            pass

    def close(self) -> None:
        """Write what is waiting, if somebody reads it."""
        try:
            self._lines.put(None, timeout=_GRACE_S)
        except queue.Full:
            return
        self._writer.join(_GRACE_S)

    def _write(self) -> None:
        """Each time that this thread wakes up, those that serve requests wait for it."""
        lines: list[str | None] = []
        while None not in lines:
            lines = [self._lines.get()]
            time.sleep(_GATHERED_S)
            lines += [self._lines.get() for _ in range(self._lines.qsize())]
            told = [line for line in lines if line is not None]
            try:
                if told:
                    click.echo("\n".join(told), err=self._err, color=self._color)
            except (OSError, ValueError):  # nobody reads them any more
                return


def _said(kind: str, line: str, function: str = "") -> dict[str, Any]:
    return {"type": kind, "message": line, "function": function}


def _coloured(line: str, function: str) -> str:
    colour = _COLOURS.get(line.partition(" ")[0])
    told = click.style(line, fg=colour) if colour else line
    return f"{click.style(function, fg='bright_black')} {told}" if function else told
