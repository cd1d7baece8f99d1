"""One event loop for the life of the environment, quick about requests that never wait.

`run_until_complete` spends 9 µs on every call: a callback, a `select`, a pass over the loop. Most
requests don't need one, their coroutine ends in its first step. So this loop takes the step that
a new Task schedules and runs it on the spot; only what is not done then goes through the loop.
The task is an ordinary `asyncio.Task` from its first instruction on, as asyncio's timeouts and
task groups, anyio and contextvars expect.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
import weakref
from asyncio import Task, _get_running_loop, _set_running_loop
from sys import get_asyncgen_hooks, set_asyncgen_hooks

from .errors import ends_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from contextvars import Context
    from typing import Any


_END_S = 1.0  # for tasks that are cancelled at the end


def _nothing() -> None: ...


class Loop(asyncio.SelectorEventLoop):
    """Not closed by anyone but its owner; usable from any thread, by one at a time."""

    _made = False  # its constructor has come to its end
    _stepping = False  # in a first step, which asyncio knows nothing of
    _woken = False  # something waits for the loop since that step began
    _new_task = False  # the next callback is a new task's first step
    _first_step: tuple[Callable[..., Any], Context | None] = _nothing, None

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()
        first_iteration = self._asyncgen_firstiter_hook  # type: ignore[attr-defined]
        self._generator_hooks = (first_iteration, self._close_generator)
        self._root = self._begin_root()
        self._process = os.getpid()
        self._made = True

    def begin(self, coroutine: Coroutine[Any, Any, Any]) -> Task[Any]:
        """A task for `coroutine`, its first step done. Exceptions stay in the task."""
        try:
            if _get_running_loop() is not None:
                begun: Task[Any] = self._elsewhere(self.begin, coroutine)
                return begun
            with self._turn:
                self._new_task, self._woken = True, False
                task = Task(coroutine, loop=self, name="adapter")  # making one up takes time
                step, context = self._first_step
                self._first_step = _nothing, None
                assert context is not None
                # What the loop does around each callback:
                hooks = get_asyncgen_hooks()
                _set_running_loop(self)
                set_asyncgen_hooks(*self._generator_hooks)
                self._stepping = True
                try:
                    context.run(step)
                finally:
                    self._stepping = False
                    _set_running_loop(None)
                    set_asyncgen_hooks(*hooks)
                if self._woken and task.done():  # the app started something beside its response
                    self._one_pass()
                return task
        except BaseException:
            coroutine.close()  # it may not have begun, which Python would warn of
            raise

    def _begin_root(self) -> asyncio.Task[None]:
        """A task that waits as long as the loop lives.

        anyio keeps its worker threads as long as the task that was given to `run_until_complete`,
        which it knows by this callback; otherwise each sync endpoint would get a new thread. They
        are no daemons, so they must be let go before Python waits for them at its exit.
        """
        root = self.begin(_forever(self))
        root._log_destroy_pending = False  # type: ignore[attr-defined]
        root.add_done_callback(asyncio.base_events._run_until_complete_cb)  # type: ignore[attr-defined]
        loop = weakref.ref(self)
        threading._register_atexit(lambda: _end_root(loop()))  # type: ignore[attr-defined]
        return root

    def end_root(self) -> None:
        """Let go of the worker threads; a process that the app has forked off has none."""
        if self._process == os.getpid():
            self.in_turn(self._cancel, self._root)

    def _cancel(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        for _ in range(3):  # the end of the task, its callbacks, and what those scheduled
            self.call_soon(self.stop)
            self.run_forever()

    def finish(self, future: asyncio.Future[Any]) -> Any:
        """The result of `future`; runs the loop until there is one."""
        return self.in_turn(self._complete, future)

    def _complete(self, future: asyncio.Future[Any]) -> Any:
        """A task of the app's own that exits ends itself, and not whoever waits here.

        asyncio hands a SystemExit or KeyboardInterrupt to the one that runs the loop.
        """
        while True:
            try:
                return self.run_until_complete(future)
            except (SystemExit, KeyboardInterrupt) as error:
                if ends_process(error) or future.done():
                    raise
                _log_stray(error)
            except RuntimeError:
                if future.done() or self.is_closed() or self.is_running():
                    raise
                _log_stray(RuntimeError("it stopped the loop"))

    def _one_pass(self) -> None:
        self.call_soon(self.stop)
        try:
            self.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            if ends_process(error):
                raise
            _log_stray(error)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The result of `coroutine`."""
        task = self.begin(coroutine)
        return task.result() if task.done() else self.finish(task)

    def is_running(self) -> bool:
        return self._stepping or super().is_running()

    def call_soon(  # type: ignore[override]  # as asyncio's own: whatever fits the callback
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        if self._new_task:  # a Task's constructor schedules its first step
            self._new_task = False
            self._first_step = (callback, context)
            return None  # type: ignore[return-value]  # a Task drops it
        self._woken = True
        return super().call_soon(callback, *args, context=context)

    def in_turn(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """`call(*arguments)` when no other thread has the loop, outside of any running loop."""
        if _get_running_loop() is not None:
            return self._elsewhere(self.in_turn, call, *arguments)
        with self._turn:
            return call(*arguments)

    def _elsewhere(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """`call(*arguments)` in a thread of its own: this one is inside a running loop."""
        if _get_running_loop() is self:
            raise RuntimeError("the app called its own handler: it waits for itself")
        return _in_a_thread(lambda: call(*arguments))

    def _close_generator(self, generator: AsyncGenerator[Any, Any]) -> None:
        if _get_running_loop() is self:
            self.create_task(generator.aclose())
        elif not self.is_closed():  # the garbage collector may run in any thread
            self.call_soon_threadsafe(self.create_task, generator.aclose())

    def end(self) -> None:
        """Cancel what is left, and close."""
        self.end_root()
        tasks = asyncio.all_tasks(self)
        for task in tasks:
            task.cancel()
        if tasks:
            self.run(asyncio.wait(tasks, timeout=_END_S))
        self.run(self.shutdown_asyncgens())
        self.run(self.shutdown_default_executor())
        self.close()

    def __del__(self) -> None:
        # Its owner may go without a word, at the end of a test for example; that is no mistake.
        if self._made and self._process == os.getpid() and not self.is_closed():
            self.close()


def _log_stray(error: BaseException) -> None:
    import logging

    logging.getLogger("adapter").error("a task of the app raised %r", error)


async def _forever(loop: Loop) -> None:
    await loop.create_future()


def _end_root(loop: Loop | None) -> None:
    if loop is not None and not loop.is_closed():
        loop.end_root()


def _in_a_thread(call: Callable[[], Any]) -> Any:
    """The result of `call` in a thread of its own: this one is inside a running loop."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.extend((True, call()))
        except BaseException as error:  # noqa: BLE001  # handed over to the waiting thread
            outcome.extend((False, error))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,))
    thread.start()
    thread.join()
    fine, value = outcome
    if fine:
        return value
    raise value
