"""Whose fault it is, told by the type; what to do about it, told by the message."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class AdapterError(Exception):
    """Every error that this package raises on purpose."""


class EventError(AdapterError):
    """The event is not one that this function can answer: the caller or the trigger is wrong."""


class BadRequestError(EventError):
    """The event is one of ours, but what the client put into it can't be read: it gets a 400."""

    status = 400


class BodyTruncatedError(BadRequestError):
    """The front end passed on only the beginning of the body: the client gets a 413."""

    status = 413


class AppError(AdapterError):
    """The app broke the ASGI or WSGI protocol, or failed to start."""


class FailedEventError(AppError):
    """The app answered an event that is no HTTP request with another status than 2xx."""


class DeadlineError(AppError):
    """A request was stopped, since Lambda was about to end it."""


class ResponseTooLargeError(AppError):
    """The app's answer is larger than its front end delivers."""


class ResultError(AdapterError):
    """The function's result is one that the front end would refuse: AWS answers 502."""


class LoadError(AdapterError):
    """`main:app` or `main.handler` can't be imported."""


class RuntimeAPIError(AdapterError):
    """The Lambda Runtime API is away, refused a call, or gave an answer that is none.

    `over` if there is no use in asking it again.
    """

    over = False


class Terminated(KeyboardInterrupt):
    """The process is told to end: SIGTERM or Ctrl-C under our own runtime."""


_FORKED: list[bool] = []  # not empty in a process that the app has forked off


def mark_fork(*, by_app: bool = True) -> None:
    """This process began as a copy of the runtime's: what leaves the app in it is to end it."""
    _FORKED[:] = [True] if by_app else []


def in_fork() -> bool:
    """Whether the app has forked this process off, so that nothing of the runtime's is its own."""
    return bool(_FORKED)


def told(error: BaseException) -> str:
    """'ValueError: no such luck', whatever the error does when it is asked for its text."""
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException as another:
        if ends_process(another):
            raise
        return f"{type(error).__name__}, whose text can't be had: {type(another).__name__}"


def outside(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback from where it leaves this package; None if it never does.

    `importlib` counts as ours: through it the app is imported.
    """
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in (__package__, "importlib"):
            break
        traceback = traceback.tb_next
    return traceback


def is_cancelling(error: BaseException) -> bool:
    """Whether the running event loop ends this task; what an app raises comes as an AppError."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or not isinstance(error, asyncio.CancelledError):
        return False
    return asyncio._get_running_loop() is not None


def ends_process(error: BaseException) -> bool:
    """Whether `error` is the process's own end, and not something that the app raised.

    Where Ctrl-C raises KeyboardInterrupt, one may be the user's. Our runtime has a handler of its
    own there, so that under it a KeyboardInterrupt is the app's, as a SystemExit always is.
    """
    if isinstance(error, Terminated) or _FORKED:
        return True
    if not isinstance(error, KeyboardInterrupt):
        return False
    import signal

    return signal.getsignal(signal.SIGINT) is signal.default_int_handler
