"""`breakpoint()` in an environment: the debugger in the terminal of `adapter dev`.

It runs in the app's process, which has no terminal of its own: its output is a log, its input is
empty. PYTHONBREAKPOINT names `stop`.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pdb

_PASSED_OVER = (
    "adapter: breakpoint() was passed over: it opens a debugger with "
    "`adapter dev --workers 1` in a terminal\n"
)
TTY = "ADAPTER_TTY"
PAUSE = "/adapter/pause"


def variables(workers: int) -> dict[str, str]:
    """What an environment is told: with several of them there is no debugger, they would mix."""
    if "PYTHONBREAKPOINT" in os.environ:  # the user's own choice
        return {}
    there = workers == 1 and sys.stdin is not None and sys.stdin.isatty()
    terminal = {TTY: os.ttyname(sys.stdin.fileno())} if there else {}
    return {"PYTHONBREAKPOINT": f"{__name__}.stop", **terminal}


def stop() -> None:
    """Debug the caller, if there is a terminal for it; otherwise say so and go on."""
    tty = os.environ.get(TTY)
    if not tty:
        sys.stdout.write(_PASSED_OVER)
        sys.stdout.flush()
        return
    _pause()
    _debugger(tty).set_trace(sys._getframe(1))


@cache
def _debugger(tty: str) -> pdb.Pdb:
    """One, so that its breakpoints stay. The terminal is not its own: no job control for it."""
    import pdb

    reading = os.open(tty, os.O_RDONLY | os.O_NOCTTY)
    writing = os.open(tty, os.O_WRONLY | os.O_NOCTTY)
    return pdb.Pdb(
        stdin=os.fdopen(reading, encoding="utf-8", errors="replace"),
        stdout=os.fdopen(writing, "w", encoding="utf-8", errors="replace"),
        nosigint=True,
    )


def _pause() -> None:
    """No time limit counts for the request any more."""
    import http.client

    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"], timeout=5)
    try:
        connection.request("POST", PAUSE)
        connection.getresponse().read()
    finally:
        connection.close()
