"""Handler: what Lambda calls."""

from __future__ import annotations

import os
import sys

from .errors import AppError, BadRequestError, ResponseTooLargeError
from .events import codec_of
from .message import Request, Response, is_async, plain, starts_with
from .percent import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Protocol

    class Runner(Protocol):
        """An App that can be started and stopped: ASGI or WSGI."""

        def __call__(self, request: Request, /) -> Response: ...
        def start(self) -> None: ...
        def stop(self) -> None: ...


class Handler:
    """A Lambda function for an ASGI 3 or WSGI app: `handler(event, context)` → result.

    app        an async callable is ASGI, a sync one is WSGI; `ASGI(app)` and `WSGI(app)` say it
               where that rule can't tell
    base_path  '/v1' if a custom domain maps that path to the app: where a request's path begins
               with it, it becomes the end of `root_path` and `SCRIPT_NAME`

    Entering a handler (`with handler:`) starts the app, leaving it stops it; otherwise it starts
    at the first call, and under AWS's own runtime here, in Lambda's init phase.

    Raises EventError for an event that is no HTTP request of a known front end, and AppError if
    the app fails to start. Whatever else happens in the app becomes a response with a 5xx status.
    """

    def __init__(self, app: Any, *, base_path: str = "") -> None:
        self._app = runner_of(app)
        self._respond = self._app.__call__  # as a method, which Python calls sooner
        self._base_path = quote_path("/" + base_path.strip("/")) if base_path.strip("/") else ""
        self._started = False
        if _under_awslambdaric():
            self.start()

    def __call__(self, event: Any, context: Any = None) -> dict[str, Any]:
        codec = codec_of(event)
        if not self._started:
            self.start()
        try:
            request = codec.decode_request(event, context)
        except BadRequestError as error:
            return codec.encode_response(plain(error.status, f"Bad Request: {error}"), event)
        if self._base_path:
            request.root_path = _with_base(request, self._base_path)
        if request.path == request.root_path:
            request.path += "/"  # what is left of it is the app's own root
        response = None
        try:
            response = self._respond(request)
            result = codec.encode_response(response, event)
        except KeyboardInterrupt:
            _close(response, request)
            raise
        except BaseException as error:  # noqa: BLE001  # SystemExit too: an app's end, not ours
            _close(response, request)
            _log(request, error)
            return codec.encode_response(_apology(error), event)
        _close(response, request)
        return result

    def start(self) -> None:
        """Start the app, once. Raises AppError if it fails to."""
        if not self._started:
            self._app.start()
            self._started = True

    def stop(self) -> None:
        """Stop the app; a later call starts it anew."""
        self._started = False
        self._app.stop()

    def __enter__(self) -> Handler:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def runner_of(app: Any) -> Runner:
    """`app` if it is a runner already, else the runner for it. Raises TypeError."""
    if not callable(app):
        raise TypeError(f"Handler wants an ASGI or WSGI app, which can be called; got {app!r:.80}")
    if isinstance(app, Handler):
        raise TypeError("Handler wants the app itself; this is a Handler already")
    if hasattr(app, "start") and hasattr(app, "stop") and type(app).__module__ in _RUNNERS:
        runner: Runner = app
        return runner
    if is_async(app):
        from .asgi import ASGI

        return ASGI(app)
    from .wsgi import WSGI

    return WSGI(app)


_RUNNERS = ("adapter.asgi", "adapter.wsgi")


# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
_ON_LAMBDA = ("AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME")


def _under_awslambdaric() -> bool:
    """Whether AWS's Python runtime imports us: on Lambda, and the loop is not ours."""
    return "adapter.runtime" not in sys.modules and any(name in os.environ for name in _ON_LAMBDA)


def _with_base(request: Request, base: str) -> str:
    """The root path with `base` behind it, if the path goes on with its whole segments."""
    root = request.root_path
    if root.endswith(base):  # the event told it already
        return root
    return root + base if starts_with(request.path[len(root) :], base) else root


def _apology(error: BaseException) -> Response:
    if isinstance(error, ResponseTooLargeError):
        return plain(500, f"Internal Server Error: {error}")
    return plain(500, "Internal Server Error")


def _close(response: Response | None, request: Request) -> None:
    """Let the app finish; the client has, or will have, its response whatever happens here."""
    if response is None:
        return
    try:
        response.close()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # SystemExit too
        _log(request, error)


def _log(request: Request, error: BaseException) -> None:
    """One record with the request id and, unless the message says it all, the traceback."""
    import logging  # 5 ms that only a failing request pays

    request_id = getattr(request.context, "aws_request_id", None)
    logging.getLogger("adapter").error(
        "%s %s failed%s: %s",
        request.method,
        request.path,
        f" (RequestId: {request_id})" if request_id else "",
        f"{type(error).__name__}: {error}",
        exc_info=None if isinstance(error, AppError) and error.__cause__ is None else error,
    )
