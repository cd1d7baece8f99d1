"""Many invocations at once in one process, where Lambda allows it: Lambda Managed Instances.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-execution-environment.html

N polls wait side by side. An ASGI app's are tasks of its own event loop; a WSGI app's, and a plain
function's, are threads.
"""

from __future__ import annotations

import os
import signal
import threading

from ..errors import RuntimeAPIError, Terminated, in_fork
from . import logs
from .api import RuntimeAPI
from .loop import is_handler, serve
from .sockets import BlockingNetwork, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future, Task
    from collections.abc import Callable
    from typing import Any

    from ..loop import Loop

_END_S = 0.3  # of the half second that Lambda gives


def serve_many(function: Any, address: str, polls: int) -> None:
    """Answer up to `polls` invocations at once. Raises RuntimeAPIError when the API ends."""
    loop = function.loop if is_handler(function) else None
    if loop is not None:
        _in_tasks(function, address, polls, loop)
    else:
        _in_threads(function, address, polls)


def _in_tasks(function: Any, address: str, polls: int, loop: Loop) -> None:
    from .waiting import WaitingNetwork

    network = WaitingNetwork(loop)
    ended = loop.create_future()

    async def poll() -> None:
        try:
            await serve(function, RuntimeAPI(address, network), alone=False, in_loop=True)
        except BaseException as error:  # noqa: BLE001  # for whoever runs the loop to raise
            _leave_fork(error)
            if not ended.done():
                ended.set_result(error)

    _in_turn(loop, ended)
    tasks = [loop.create_task(poll(), name=f"adapter-{number}") for number in range(polls)]
    try:
        raise loop.finish(ended)
    except BaseException as error:
        _leave_fork(error)
        _cancel(tasks, loop)
        raise


def _in_turn(loop: Loop, ended: Future[BaseException]) -> None:
    """Let an order to end come in the loop's turn: raised, it could land in asyncio's own code."""
    if threading.current_thread() is not threading.main_thread():
        return

    def end(error: BaseException) -> None:
        if not ended.done():
            ended.set_result(error)

    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if callable(before):
            signal.signal(
                number, _Order(before, lambda error: loop.call_soon_threadsafe(end, error))
            )


class _Order:
    """A signal's handler: what `before`, the one it stands for, raises goes to `tell`."""

    def __init__(self, before: Any, tell: Callable[[BaseException], object]) -> None:
        self.before = before
        self._tell = tell

    def __call__(self, number: int, frame: object) -> None:
        try:
            self.before(number, frame)
        except Terminated as error:
            self._tell(error)


def _cancel(tasks: list[Task[None]], loop: Loop) -> None:
    """End the polls, so that none goes on while the app is shut down."""
    from asyncio import wait

    for task in tasks:
        task.cancel()
    loop.run(wait(tasks, timeout=_END_S))


def _in_threads(function: Any, address: str, polls: int) -> None:
    ended: list[BaseException] = []
    over = threading.Event()

    def poll() -> None:
        try:
            run(serve(function, RuntimeAPI(address, BlockingNetwork()), alone=False))
        except BaseException as error:  # noqa: BLE001  # for the main thread to raise
            _leave_fork(error)
            ended.append(error)
            over.set()

    for number in range(polls):
        threading.Thread(target=poll, name=f"adapter-{number}", daemon=True).start()
    over.wait()
    raise ended[0]


def _leave_fork(error: BaseException) -> None:
    """What leaves the app in a process that it forked off ends that, with Python's own status."""
    if not in_fork():
        return
    code = error.code if isinstance(error, SystemExit) else 1
    if not isinstance(error, SystemExit):
        from traceback import print_exception

        print_exception(error)
    logs.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def concurrency(told: str) -> int:
    """The number in AWS_LAMBDA_MAX_CONCURRENCY. Raises RuntimeAPIError."""
    if not told.isdecimal() or not int(told):
        raise RuntimeAPIError(f"AWS_LAMBDA_MAX_CONCURRENCY is {told!r}; it should be a number")
    return int(told)
