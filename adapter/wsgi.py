"""The WSGI runner: a Request into an environ, what the app yields into a Response.

https://peps.python.org/pep-3333/
"""

from __future__ import annotations

import sys
from io import BytesIO
from itertools import chain

from .errors import AppError
from .message import Response
from .percent import text_to_bytes, unquote_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Any

    from .message import Headers, Request

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
    WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_KEYS: dict[str, str] = {}  # header name → environ key; clients choose names, so it is bounded
_NO_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class WSGI:
    """An App that runs a WSGI application. It has nothing to start or stop."""

    def __init__(self, app: WSGIApp) -> None:
        self.app = app

    def __call__(self, request: Request) -> Response:
        """Raises what the app raises, and AppError where it breaks the protocol."""
        reply = _Reply()
        chunks = self.app(environ_of(request), reply.start_response)
        try:
            body = _until_started(iter(chunks), reply)
        except BaseException:
            _close(chunks)
            raise
        return Response(reply.status, reply.headers, _Body(body, chunks))

    def start(self) -> None: ...

    def stop(self) -> None: ...


def environ_of(request: Request) -> dict[str, Any]:
    """The environ; text in it is native: one character for each byte."""
    path = unquote_text(request.path, "latin-1")
    script_name = unquote_text(request.root_path, "latin-1")
    host, port = request.server
    query = request.query
    target = f"{request.path}?{query}" if query else request.path
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": script_name,
        "PATH_INFO": path[len(script_name) :] or "/",
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "SERVER_NAME": f"[{host}]" if ":" in host else host,
        "SERVER_PORT": str(port or (443 if request.scheme == "https" else 80)),
        "SERVER_PROTOCOL": f"HTTP/{request.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,  # Lambda runs as many environments as there are requests
        "wsgi.run_once": False,
        "aws.event": request.event,
        "aws.context": request.context,
        # The names under which serverless-wsgi and apig-wsgi have them.
        "serverless.event": request.event,
        "serverless.context": request.context,
        "apig_wsgi.full_event": request.event,
        "apig_wsgi.context": request.context,
    }
    environ["REMOTE_ADDR"] = request.client[0] if request.client else ""  # RFC 3875: always set
    if request.client is not None and request.client[1] is not None:
        environ["REMOTE_PORT"] = str(request.client[1])
    if request.user is not None:
        environ["REMOTE_USER"] = text_to_bytes(request.user).decode("latin-1")
    _add_headers(environ, request)
    return environ


def _add_headers(environ: dict[str, Any], request: Request) -> None:
    for name, value in request.headers:
        key = _KEYS.get(name) or _key(name)
        if not key:
            continue
        if key not in environ:
            environ[key] = value
        elif key != "CONTENT_LENGTH":
            environ[key] += ("; " if name == "cookie" else ",") + value
    if "CONTENT_LENGTH" in environ:  # what `wsgi.input` holds, whatever the client wrote there
        environ["CONTENT_LENGTH"] = str(len(request.body))


def _key(name: str) -> str:
    """'x-name' → 'HTTP_X_NAME'; '' for a name to leave out.

    `X_User` would become the key of `X-User`, which a front end may have set to be believed:
    names with an underscore are dropped, as nginx and gunicorn do.
    """
    if "_" in name:
        return ""
    key = _NO_PREFIX.get(name) or "HTTP_" + name.upper().replace("-", "_")
    if len(_KEYS) < 500:
        _KEYS[name] = key
    return key


class _Reply:
    """What the app says through `start_response` and `write`."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers = ()
        self.written: list[bytes] = []
        self.sent = False

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
        /,
    ) -> Callable[[bytes], None]:
        if exc_info:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # the traceback holds this frame: a cycle, as PEP 3333 warns
        elif self.status:
            raise AppError("the app called start_response twice without exc_info")
        self.status = _status(status)
        self.headers = tuple([(name.lower(), _native(value)) for name, value in headers])
        return self.write

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.sent = self.sent or bool(data)


def _status(status: str) -> int:
    if isinstance(status, str) and status[:3].isdecimal() and status[3:4] in ("", " "):
        return int(status[:3])
    raise AppError(f"the app answered with status {status!r}; WSGI wants text like '200 OK'")


def _native(value: str) -> str:
    """The value as it should be; text beyond Latin-1, which it should not be, as UTF-8."""
    if not isinstance(value, str):
        raise AppError(f"the app answered with a header value {value!r}; WSGI wants text")
    if value.isascii():
        return value
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode("latin-1")
    return value


def _until_started(chunks: Iterator[bytes], reply: _Reply) -> Iterator[bytes]:
    """The whole body, once its first bytes are there.

    Until then the app may still call start_response: for the first time, or again with exc_info.
    """
    first = b""
    for first in chunks:
        if first:
            break
    if not reply.status:
        raise AppError("the app did not call start_response before the body")
    reply.sent = True
    return chain(reply.written, (first,), chunks)


class _Body:
    """The body, and the `close()` of the app's own iterable: once."""

    def __init__(self, body: Iterator[bytes], chunks: object) -> None:
        self._body = body
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self._body

    def close(self) -> None:
        chunks, self._chunks = self._chunks, None
        _close(chunks)


def _close(chunks: object) -> None:
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
