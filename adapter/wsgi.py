"""The WSGI runner: a Request into an environ, what the app yields into a Response.

https://peps.python.org/pep-3333/
"""

from __future__ import annotations

import os
import sys
from io import BytesIO
from itertools import chain

from .errors import AppError
from .message import Response
from .percent import latin_1_or_utf_8, text_to_bytes, unquote_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Any

    from .message import Headers, Request

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
    WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_CONSTANT = {
    "wsgi.version": (1, 0),
    "wsgi.input_terminated": True,
    "wsgi.multithread": "AWS_LAMBDA_MAX_CONCURRENCY" in os.environ,  # runtime/many.py
    "wsgi.multiprocess": True,  # Lambda runs as many environments as there are requests
    "wsgi.run_once": False,
}
_NO_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class WSGI:
    """An App that runs a WSGI application. It has nothing to start or stop."""

    deadline_margin = 0.0  # synchronous code can't be stopped

    def __init__(self, app: WSGIApp) -> None:
        self.app = app

    def __call__(self, request: Request) -> Response:
        """Raises what the app raises, and AppError where it breaks the protocol."""
        reply = _Reply()
        reply.begin(self.app(environ_of(request), reply.start_response))
        return reply

    def start(self) -> None: ...

    def stop(self) -> None: ...


def environ_of(request: Request) -> dict[str, Any]:
    """The environ; text in it is native: one character for each byte."""
    path, script_name, query = request.path, request.root_path, request.query
    target = f"{path}?{query}" if query else path
    if "%" in path:
        path, script_name = unquote_text(path, "latin-1"), unquote_text(script_name, "latin-1")
    host, port = request.server
    event, context = request.event, request.context
    fields = {_KEYS[name]: value for name, value in request.headers}
    if len(fields) < len(request.headers) or "" in fields:
        fields = _joined(request.headers)
    environ: dict[str, Any] = {
        **_CONSTANT,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": script_name,
        "PATH_INFO": path[len(script_name) :] or "/",
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "SERVER_NAME": f"[{host}]" if ":" in host else host,
        "SERVER_PORT": str(port or (443 if request.scheme == "https" else 80)),
        "SERVER_PROTOCOL": f"HTTP/{request.http_version}",
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "aws.event": event,
        "aws.context": context,
        # The names under which serverless-wsgi and apig-wsgi have them.
        "serverless.event": event,
        "serverless.context": context,
        "apig_wsgi.full_event": event,
        "apig_wsgi.context": context,
        **fields,
    }
    client, user = request.client, request.user
    environ["REMOTE_ADDR"] = client[0] if client else ""  # RFC 3875: always set
    if client is not None and client[1] is not None:
        environ["REMOTE_PORT"] = str(client[1])
    if user is not None:
        environ["REMOTE_USER"] = text_to_bytes(user).decode("latin-1")
    if "CONTENT_LENGTH" in environ:  # what `wsgi.input` holds, whatever the client wrote there
        environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ


def _joined(headers: Headers) -> dict[str, str]:
    """The headers as the environ has them: repeated ones joined, some left out."""
    fields: dict[str, str] = {}
    for name, value in headers:
        key = _KEYS[name]
        between = "; " if name == "cookie" else ","
        fields[key] = fields[key] + between + value if key in fields else value
    fields.pop("", None)
    return fields


class _Keys(dict[str, str]):
    """'x-name' → 'HTTP_X_NAME'; '' for a name to leave out.

    `X_User` would become the key of `X-User`, which a front end may have set to be believed:
    names with an underscore are dropped, as nginx and gunicorn do.
    """

    def __missing__(self, name: str) -> str:
        if "_" in name:
            return ""
        key = _NO_PREFIX.get(name) or "HTTP_" + name.upper().replace("-", "_")
        if len(self) < 500:  # clients choose the names
            self[name] = key
        return key


_KEYS = _Keys()


class _Reply(Response):
    """The response, as the app makes it through `start_response`, `write` and its iterable."""

    __slots__ = ("_chunks", "_sent", "_written")

    def __init__(self) -> None:
        self.status = 0
        self._written: list[bytes] | None = None
        self._sent = False

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
        /,
    ) -> Callable[[bytes], None]:
        if exc_info:
            try:
                if self._sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # the traceback holds this frame: a cycle, as PEP 3333 warns
        elif self.status:
            raise AppError("the app called start_response twice without exc_info")
        self.status = _STATUSES[status] if type(status) is str else _status(status)
        self.headers = tuple([
            (name.lower(), value if type(value) is str and value.isascii() else _native(value))
            for name, value in headers
        ])  # fmt: skip
        return self._write

    def _write(self, data: bytes) -> None:
        if self._written is None:
            self._written = []
        self._written.append(data)
        self._sent = self._sent or bool(data)

    def begin(self, chunks: Iterable[bytes]) -> None:
        """Take what the app returned, up to its first bytes.

        Until then the app may still call start_response: for the first time, or again with
        exc_info.
        """
        self._chunks: object = chunks
        try:
            if type(chunks) is not list:
                chunks = iter(chunks)
                first = b""
                for first in chunks:
                    if first:
                        break
                if not isinstance(first, bytes | bytearray | memoryview):
                    raise AppError(f"the app's body is {type(first).__name__}; WSGI wants bytes")
                chunks = chain((first,), chunks)
            if not self.status:
                raise AppError("the app did not call start_response before the body")
        except BaseException:
            self.close()
            raise
        self._sent = True
        self.body = chunks if self._written is None else chain(self._written, chunks)

    def close(self) -> None:
        """The `close()` of the app's own iterable: once."""
        close = getattr(self._chunks, "close", None)
        self._chunks = None
        if close is not None:
            close()

    @property
    def finished(self) -> bool:
        return not hasattr(self._chunks, "close")


def _status(status: str) -> int:
    if isinstance(status, str) and status[:3].isdecimal() and status[3:4] in ("", " "):
        return int(status[:3])
    raise AppError(f"the app answered with status {status!r}; WSGI wants text like '200 OK'")


class _Statuses(dict[str, int]):
    """'200 OK' → 200"""

    def __missing__(self, line: str) -> int:
        status = _status(line)
        if len(self) < 100:  # apps may make lines up
            self[line] = status
        return status


_STATUSES = _Statuses()


def _native(value: str) -> str:
    """The value as it should be; text beyond Latin-1, which it should not be, as UTF-8."""
    if not isinstance(value, str):
        raise AppError(f"the app answered with a header value {value!r}; WSGI wants text")
    return latin_1_or_utf_8(value)
