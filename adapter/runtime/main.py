"""`python -m adapter.runtime main:app`: start the function, then answer invocations."""

from __future__ import annotations

import os
import signal
import sys
import threading

from ..errors import AdapterError, LoadError, RuntimeAPIError
from .api import RuntimeAPI
from .load import load
from .loop import described, error_document, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .load import Function

_USAGE = """usage: python -m adapter.runtime main:app
This is what Lambda starts in place of AWS's Python runtime; it needs AWS_LAMBDA_RUNTIME_API.
To run an app on your own machine: adapter dev main:app"""


def main(arguments: list[str]) -> int:
    """Serve the function named by the first argument, or by _HANDLER. Returns the exit status."""
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API", "")
    target = arguments[0] if arguments else os.environ.get("_HANDLER", "")
    if not address or not target:
        print(_USAGE, file=sys.stderr)
        return 2
    _let_logs_through()
    _on_sigterm(signal.default_int_handler)  # to end as Ctrl-C does: with the app's own shutdown
    try:
        return _run(RuntimeAPI(address), target)
    except RuntimeAPIError as error:
        print(f"adapter: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        _on_sigterm(signal.SIG_IGN)  # this process ends already


def _run(api: RuntimeAPI, target: str) -> int:
    """Raises RuntimeAPIError when the Runtime API ends, KeyboardInterrupt when the user does."""
    function: Function | None = None
    try:
        function = load(target)
        _enter(function)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # whatever it is, Lambda is to hear of it
        _report_init(api, error)
        return 1
    try:
        serve(function, api)
    finally:
        _leave(function)


def _enter(function: Any) -> None:
    """Start the app, in Lambda's init phase; a plain function has nothing to start."""
    enter = getattr(type(function), "__enter__", None)
    if enter is not None:
        enter(function)


def _leave(function: Any) -> None:
    leave = getattr(type(function), "__exit__", None)
    if leave is not None:
        leave(function, None, None, None)


def _report_init(api: RuntimeAPI, error: BaseException) -> None:
    """Tell Lambda and the log why the function can't be started: in one line if it says all."""
    if isinstance(error, AdapterError) and error.__cause__ is None:
        text = str(error)
    else:
        text = described(error)
    print(f"[ERROR] {text}", file=sys.stderr)
    _on_sigterm(signal.SIG_IGN)  # this process ends by itself
    kind = "Runtime.ImportModuleError" if isinstance(error, LoadError) else "Runtime.InitError"
    api.fail_init(error_document(error), kind)


def _let_logs_through() -> None:
    """What the app prints appears at once: an environment may be frozen before a buffer is full."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(line_buffering=True)


def _on_sigterm(action: Any) -> None:
    if threading.current_thread() is threading.main_thread():  # Python's own condition
        signal.signal(signal.SIGTERM, action)
