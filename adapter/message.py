"""The two values that travel along the line, and the type of an app.

    event ─decode_request→ Request ─App→ Response ─encode_response→ result

`dataclasses` would write these two classes, but it imports `inspect` and `re`: 6 to 12 ms of every
cold start, as much as the rest of the package together (`benchmarks/imports.py`). What it would
generate stands here by hand.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    App = Callable[["Request"], "Response"]
    Address = tuple[str, int | None]

Headers = tuple[tuple[str, str], ...]
"""Pairs of lower-case name and value in wire order; values are PEP 3333 native strings: each
character stands for one byte, so `value.encode("latin-1")` is what goes over the wire."""


LAMBDA_LIMIT = 6_291_556
"""Bytes of a buffered result. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


class Request:
    """What the client sent. `path` and `query` are still percent-encoded, and ASCII.

    path       begins with `/` and includes `root_path`, so that it is what the client asked for
    root_path  the leading segments of `path` that belong to the stage or the base path; no
               trailing slash, empty if there are none
    query      without the `?`
    client     (host, port) of the peer; a port that the event does not tell is None; None if the
               event tells neither
    server     (host, port) as the client addressed it
    user       who the front end's authorizer says it is (`REMOTE_USER`), or None
    event, context
               as Lambda gave them, for `scope["aws.event"]` and `environ["aws.event"]`; they
               don't count in a comparison
    """

    __slots__ = (
        "body", "client", "context", "event", "headers", "http_version", "method", "path",
        "query", "root_path", "scheme", "server", "user",
    )  # fmt: skip

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Headers = (),
        body: bytes = b"",
        root_path: str = "",
        client: Address | None = None,
        server: Address = ("localhost", None),
        scheme: str = "https",
        http_version: str = "1.1",
        user: str | None = None,
        event: Any = None,
        context: Any = None,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.root_path = root_path
        self.client = client
        self.server = server
        self.scheme = scheme
        self.http_version = http_version
        self.user = user
        self.event = event
        self.context = context

    def _told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name not in _NOT_COMPARED}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Request):
            return NotImplemented
        return self._told() == other._told()

    __hash__ = None  # type: ignore[assignment]  # as a dataclass with eq has it

    def __repr__(self) -> str:
        return f"Request({', '.join(f'{name}={value!r}' for name, value in self._told().items())})"


_NOT_COMPARED = ("event", "context")


class Response:
    """What the app answers. `body` yields bytes once; then `close()` is called, also on error.

    `close()` lets the app finish: it is the `close()` of a WSGI iterable, and for ASGI the rest
    of the coroutine, its background tasks for example.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Headers = (), body: Iterable[bytes] = ()) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def close(self) -> None:
        close = getattr(self.body, "close", None)
        if close is not None:
            close()

    @property
    def finished(self) -> bool:
        """Whether `close()` has nothing left to do."""
        return not hasattr(self.body, "close")

    def __repr__(self) -> str:
        return f"Response({self.status}, {self.headers!r}, {self.body!r})"


class Base64(str):
    """Text that JSON writes as it is: nobody need look for characters to escape.

    `raw` are its bytes, so that nobody need make them again.
    """

    raw: bytes

    def __new__(cls, raw: bytes) -> Base64:
        text = super().__new__(cls, raw, "ascii")
        text.raw = raw
        return text


def starts_with(path: str, prefix: str) -> bool:
    """Whether `prefix` is made of the first whole segments of `path`."""
    return path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/")


def is_async(app: Any) -> bool:
    """Whether calling `app` makes a coroutine; `inspect` tells it too, at 5 ms of cold start."""
    while hasattr(app, "func") and hasattr(app, "keywords"):  # functools.partial
        app = app.func
    code = getattr(app, "__code__", None) or getattr(app.__call__, "__code__", None)
    coroutine = 0x80  # inspect.CO_COROUTINE
    return bool(code and code.co_flags & coroutine)


def plain(status: int, text: str) -> Response:
    """A short answer in the adapter's own words."""
    headers = (("content-type", "text/plain; charset=utf-8"),)
    return Response(status, headers, [text.encode()])
