"""`python -m adapter.runtime main:app`: start the function, then answer invocations."""

from __future__ import annotations

import os
import signal
import sys
import threading

from ..errors import (
    AdapterError,
    LoadError,
    RuntimeAPIError,
    Terminated,
    ends_process,
    in_fork,
    mark_fork,
)
from . import logs
from .api import RuntimeAPI
from .load import load
from .loop import serve
from .sockets import BlockingNetwork, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .load import Function

_USUAL: dict[int, Any] = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
_USAGE = """usage: python -m adapter.runtime main:app
This is what Lambda starts in place of AWS's Python runtime; it needs AWS_LAMBDA_RUNTIME_API.
To run an app on your own machine: adapter dev main:app, or put AWS's emulator, aws-lambda-rie,
on the PATH, as AWS's container images do."""


def main(arguments: list[str]) -> int:
    """Serve the function named by the first argument, or by _HANDLER. Returns the exit status."""
    target = arguments[0] if arguments else os.environ.get("_HANDLER", "")
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API", "")
    if not address and target:
        _become_emulator(target)
    if not address or not target:
        print(_USAGE, file=sys.stderr)
        return 2
    logs.install()
    _on_signals(_end)
    os.register_at_fork(after_in_child=_in_child)
    try:
        return _run(RuntimeAPI(address, BlockingNetwork()), target)
    except RuntimeAPIError as error:
        logs.line(f"adapter: {error}", "ERROR")
        return 1
    except Terminated:
        return 0


def _become_emulator(target: str) -> None:
    """In a container that is not on Lambda: AWS's emulator around this command, if it is there.

    https://docs.aws.amazon.com/lambda/latest/dg/images-test.html
    """
    from shutil import which

    emulator = which("aws-lambda-rie")
    if emulator:
        start = "from adapter.runtime import start; start()"
        os.execv(emulator, [emulator, sys.executable, "-c", start, target])


def _run(api: RuntimeAPI, target: str) -> int:
    """Raises RuntimeAPIError when the Runtime API ends, Terminated when it is told to."""
    function: Function | None = None
    polls = _polls()
    try:
        function = load(target)
        if polls is None:
            _enter(function)
        _register(api)
        if not _restored(api):
            return 1
    except BaseException as error:  # whatever it is, Lambda is to hear of it
        if ends_process(error):
            raise
        _report_init(api, error)
        return 1
    if polls is not None:
        return _serve_many(function, api, polls)
    try:
        run(serve(function, api))
    finally:
        _leave(function)
    return 0


def _polls() -> int | None:
    """How many invocations may come at once; None where one at a time is the rule."""
    told = os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY")
    if not told:
        return None
    from .many import concurrency

    return concurrency(told)


def _serve_many(function: Function, api: RuntimeAPI, polls: int) -> int:
    from .many import serve_many
    from .workers import StartError, processes, supervise

    workers = processes(os.environ.get("ADAPTER_WORKERS"), polls)

    def work(number: int) -> None:
        _on_signals(_end)
        try:
            _enter(function)
        except BaseException as error:
            if ends_process(error):
                raise
            _report_init(api, error)
            raise StartError from error
        try:
            serve_many(function, api.address, (polls + number) // workers)
        finally:
            _leave(function)

    if workers > 1:
        supervise(workers, work)
    try:
        work(0)
    except StartError:
        return 1
    return 0


def _restored(api: RuntimeAPI) -> bool:
    """With SnapStart Lambda keeps this process's memory now, and environments begin with it.

    Whether this one may go on. Raises what a hook raises before.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return True
    from .snapstart import run_after_restore, run_before_snapshot

    run_before_snapshot()
    run(api.restored())
    try:
        run_after_restore()
    except BaseException as error:
        if ends_process(error):
            raise
        _report_restore(api, error)
        return False
    return True


def _register(api: RuntimeAPI) -> None:
    """Ask for a SIGTERM before the end; ADAPTER_EXTENSION=0 does not."""
    if os.environ.get("ADAPTER_EXTENSION") != "0":
        try:
            run(api.register())
        except RuntimeAPIError:  # it has no extensions: its /next says what else is wrong
            pass


def _enter(function: Any) -> None:
    """Start the app, in Lambda's init phase; a plain function has nothing to start."""
    enter = getattr(type(function), "__enter__", None)
    if enter is not None:
        enter(function)
    _stand_behind(signal.getsignal(signal.SIGTERM))


def _leave(function: Any) -> None:
    if in_fork():  # the app is its parent's
        return
    leave = getattr(type(function), "__exit__", None)
    if leave is not None:
        leave(function, None, None, None)


def _report_init(api: RuntimeAPI, error: BaseException) -> None:
    """Tell Lambda and the log why the function can't be started: in one line if it says all."""
    from .faults import document

    _on_signals(signal.SIG_IGN)  # this process ends already
    told = document(error)
    shown = isinstance(error, AdapterError) and error.__cause__ is None
    logs.error({**told, "stackTrace": []} if shown else told, "")
    kind = "Runtime.ImportModuleError" if isinstance(error, LoadError) else "Runtime.InitError"
    run(api.fail_init(told, kind))


def _report_restore(api: RuntimeAPI, error: BaseException) -> None:
    from .faults import document

    told = document(error)
    logs.error(told, "")
    run(api.fail_restore(told, "Runtime.AfterRestoreError"))


def _stand_behind(handler: Any) -> None:
    """An app may have taken SIGTERM for itself: it is called first, and does not end us alone."""
    if handler is _end or not callable(handler):
        return

    def both(number: int, frame: object) -> None:
        try:
            handler(number, frame)
        except SystemExit:
            pass
        _end(number, frame)

    _on_signals(both, signal.SIGTERM)


def _in_child() -> None:
    """In a process that the app forks off: its signals and its end are its own."""
    mark_fork()
    for number, action in _USUAL.items():
        found = signal.getsignal(number)
        if getattr(found, "before", found) is _end:
            signal.signal(number, action)


def _end(number: int, frame: object) -> None:
    _on_signals(signal.SIG_IGN)  # once is enough: the shutdown is not to be interrupted
    raise Terminated


def _on_signals(action: Any, *numbers: int) -> None:
    """For the orders to end, or for these. Not of a thread: Python's own condition."""
    if threading.current_thread() is threading.main_thread():
        for number in numbers or _USUAL:
            signal.signal(number, action)
