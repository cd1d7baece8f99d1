"""Many invocations at once in one process, where Lambda allows it: Lambda Managed Instances.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-execution-environment.html

N polls wait side by side. An ASGI app's are tasks of its own event loop; a WSGI app's, and a plain
function's, are threads.
"""

from __future__ import annotations

import threading

from ..errors import RuntimeAPIError, ends_process
from . import logs
from .api import RuntimeAPI
from .loop import is_handler, serve
from .sockets import BlockingNetwork, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from typing import Any


def serve_many(function: Any, address: str, polls: int) -> None:
    """Answer up to `polls` invocations at once. Raises RuntimeAPIError when the API ends."""
    loop = function.loop if is_handler(function) else None
    if loop is not None:
        _in_tasks(function, address, polls, loop)
    else:
        _in_threads(function, address, polls)


def _in_tasks(function: Any, address: str, polls: int, loop: AbstractEventLoop) -> None:
    from .waiting import WaitingNetwork

    network = WaitingNetwork(loop)
    ended = loop.create_future()

    async def poll() -> None:
        try:
            await serve(function, RuntimeAPI(address, network), alone=False, in_loop=True)
        except BaseException as error:  # noqa: BLE001  # for whoever runs the loop to raise
            if not ended.done():
                ended.set_result(error)

    tasks = [loop.create_task(poll(), name=f"adapter-{number}") for number in range(polls)]
    while True:
        try:
            error = loop.run_until_complete(ended)
        except (SystemExit, KeyboardInterrupt) as raised:
            # One that a task of the app's own raised: asyncio hands those to whoever runs the loop.
            if ends_process(raised):
                raise
            logs.line(f"adapter: a task of the app raised {raised!r}", "ERROR")
        else:
            del tasks  # until here the loop knows them only weakly
            raise error


def _in_threads(function: Any, address: str, polls: int) -> None:
    ended: list[BaseException] = []
    over = threading.Event()

    def poll() -> None:
        try:
            run(serve(function, RuntimeAPI(address, BlockingNetwork()), alone=False))
        except BaseException as error:  # noqa: BLE001  # for the main thread to raise
            ended.append(error)
            over.set()

    for number in range(polls):
        threading.Thread(target=poll, name=f"adapter-{number}", daemon=True).start()
    over.wait()
    raise ended[0]


def concurrency(told: str | None) -> int | None:
    """The number in AWS_LAMBDA_MAX_CONCURRENCY; None where one at a time is the rule."""
    if not told:
        return None
    if not told.isdecimal() or not int(told):
        raise RuntimeAPIError(f"AWS_LAMBDA_MAX_CONCURRENCY is {told!r}; it should be a number")
    return int(told)
