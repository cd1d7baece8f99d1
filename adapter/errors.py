"""Whose fault it is, told by the type; what to do about it, told by the message."""

from __future__ import annotations


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


def ends_process(error: BaseException) -> bool:
    """Whether `error` is the process's own end, and not something that the app raised.

    Where Ctrl-C raises KeyboardInterrupt, one may be the user's. Our runtime has a handler of its
    own there, so that under it a KeyboardInterrupt is the app's, as a SystemExit always is.
    """
    if not isinstance(error, KeyboardInterrupt) or isinstance(error, Terminated):
        return isinstance(error, Terminated)
    import signal

    return signal.getsignal(signal.SIGINT) is signal.default_int_handler
