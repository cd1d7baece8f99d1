"""Run by a process of its own: load what Lambda would load, and tell of it.

    python -c 'from adapter.check.trial import main; main()' main:app FILE

FILE gets an object of JSON: `error`, or `kind` and `takes`.
"""

from __future__ import annotations

import inspect
import json
import sys
from operator import attrgetter
from pathlib import Path
from typing import Any

from ..errors import AdapterError
from ..runtime.load import load


def main() -> None:
    target, file = sys.argv[1:]
    Path(file).write_text(json.dumps(_told(target)), "utf-8")


def _told(target: str) -> dict[str, Any]:
    try:
        load(target)
    except (AdapterError, TypeError, ValueError) as error:
        return {"error": str(error)}
    colon = ":" in target
    module, _, attribute = target.partition(":") if colon else target.rpartition(".")
    name = module.removeprefix("./").replace("/", ".")
    found = attrgetter(attribute)(sys.modules[name])
    kind = _kind(found) if colon else "function"
    return {"kind": kind, "takes": _takes(found, kind), "type": type(found).__qualname__}


def _kind(app: Any) -> str:
    """ASGI, WSGI or Handler: by the same rule as on Lambda."""
    from ..handler import Handler, runner_of

    return "Handler" if isinstance(app, Handler) else type(runner_of(app)).__name__


_ARGUMENTS = {"ASGI": 3, "WSGI": 2, "Handler": 2, "function": 2}


def _takes(found: Any, kind: str) -> bool:
    """Whether it can be called with as many arguments; true if Python can't tell."""
    try:
        inspect.signature(found).bind(*range(_ARGUMENTS[kind]))
    except ValueError:  # of some that are written in C
        return True
    except TypeError:
        return False
    return True
