"""Whether the handler can be loaded, and is what its name says: as the runtime does it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..package import Report
    from . import Finding, Subject

WHAT = "handler"
_PROGRAM = "from adapter.check.trial import main; main()"
_SHOWN = 5
_CALLS = {
    "ASGI": "an ASGI app, which is called with (scope, receive, send)",
    "WSGI": "a WSGI app, which is called with (environ, start_response)",
    "Handler": "a Handler, which is called with (event, context)",
    "function": "a function(event, context)",
}


def check(subject: Subject, report: Report) -> Iterator[Finding]:
    function = subject.function
    if not subject.ours:
        shown = " ".join(function.command) or function.runtime
        yield subject.remark(WHAT, f"not looked at: {shown} loads it")
        return
    report(f"importing {function.handler}", 0, 0)
    try:
        told = trial(subject)
    except subprocess.TimeoutExpired:
        text = f"{function.handler} is not imported within {child.LIMIT_S} s, and Lambda gives 10"
        yield subject.problem(WHAT, text, "do less while the module is imported")
        return
    if "error" in told:
        yield subject.problem(WHAT, told["error"])
    elif not told["takes"]:
        text = f"{function.handler} is taken for {_CALLS[told['kind']]}; it takes other arguments"
        yield subject.problem(WHAT, text, _REMEDY)
    else:
        yield subject.ok(WHAT, f"{function.handler} is {_said(told)}{_elsewhere(subject)}")


_REMEDY = "name the app itself (main:app), or a function of two arguments (main.handler)"


def trial(subject: Subject) -> dict[str, Any]:
    """What a process says that loads it: `error`, or `kind`, `takes` and `type`."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "told.json")
        done = child.run(subject.function, ["-c", _PROGRAM, subject.function.handler, str(file)])
        if file.is_file():
            found: dict[str, Any] = json.loads(file.read_text("utf-8"))
            return found
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    said = "".join(f"\n  {line}" for line in lines[-_SHOWN:])
    ended = f"the process ended with status {done.returncode} while it was imported"
    return {"error": f"{subject.function.handler}: {ended}{said}"}


def _said(told: dict[str, Any]) -> str:
    if told["kind"] in ("ASGI", "WSGI"):
        return f"an {told['kind']} app ({told['type']})".replace("an W", "a W")
    return "a Handler" if told["kind"] == "Handler" else "a function(event, context)"


def _elsewhere(subject: Subject) -> str:
    here = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    there = subject.function.runtime
    return "" if here == there or not there.startswith("python") else f"; imported by {here} here"
