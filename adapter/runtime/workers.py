"""Worker processes for many invocations at once: the app is imported once, then forked.

For apps that are held up by Python's lock. A process that dies is replaced.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time

from ..errors import RuntimeAPIError, Terminated, mark_fork
from . import logs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

_OVER = 75  # the exit status of a worker that Lambda has nothing more for
_ORDERS = {signal.SIGTERM, signal.SIGINT}
_PAUSE_S = 0.5  # before a worker is replaced that did not live as long


class StartError(Exception):
    """The app could not be started, and Lambda has been told."""


def supervise(workers: int, work: Callable[[int], None]) -> NoReturn:
    """Keep as many processes at `work(number)`. Raises RuntimeAPIError when one finds it over."""
    gc.freeze()  # what was imported stays shared: the collector does not write to it
    running: dict[int, tuple[int, float]] = {}
    try:
        for number in range(workers):
            _start(running, work, number)
        while True:
            worker, status = os.wait()
            if worker not in running:  # a child of the app's own
                continue
            number, began = running.pop(worker)
            code = os.waitstatus_to_exitcode(status)
            if code == _OVER:
                raise RuntimeAPIError("a worker has found this environment to be over")
            logs.line(f"adapter: worker {worker} ended ({_how(code)}); starting another", "ERROR")
            if time.monotonic() - began < _PAUSE_S:
                time.sleep(_PAUSE_S)
            _start(running, work, number)
    finally:
        _end(list(running))


def _start(running: dict[int, tuple[int, float]], work: Callable[[int], None], number: int) -> None:
    """Fork a worker. An order to end waits until it is known."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ORDERS)
    worker = os.fork()
    if not worker:
        _be_worker(work, number)
    running[worker] = number, time.monotonic()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ORDERS)


def _be_worker(work: Callable[[int], None], number: int) -> NoReturn:
    code = 1
    try:
        mark_fork(by_app=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ORDERS)
        logs.redirect_worker_output()
        work(number)
    except StartError:  # the others would not start either
        code = _OVER
    except RuntimeAPIError as error:
        logs.line(f"adapter: {error}", "ERROR")
        code = _OVER
    except Terminated:
        code = 0
    except BaseException as error:  # noqa: BLE001  # nothing is to go on in the parent's frames
        logs.line(f"adapter: a worker failed: {error!r}", "ERROR")
    finally:
        logs.flush()
        os._exit(code)


def _end(workers: list[int]) -> None:
    """SIGTERM to all, and wait: Lambda ends what takes too long."""
    for act in (_terminate, _wait_for):
        for worker in workers:
            try:
                act(worker)
            except (ProcessLookupError, ChildProcessError):  # it had ended when the order came
                pass


def _terminate(worker: int) -> None:
    os.kill(worker, signal.SIGTERM)


def _wait_for(worker: int) -> None:
    os.waitpid(worker, 0)


def _how(code: int) -> str:
    return f"exit status {code}" if code >= 0 else str(signal.strsignal(-code))


def processes(told: str | None, polls: int) -> int:
    """The number in ADAPTER_WORKERS, 1 without; not more than there are polls."""
    if not told:
        return 1
    if not told.isdecimal() or not int(told):
        print(f"adapter: ADAPTER_WORKERS is {told!r}; it should be a number", file=sys.stderr)
        return 1
    return min(int(told), polls)
