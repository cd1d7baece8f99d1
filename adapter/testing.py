"""A test client: requests through a front end's event, as JSON text, and back. No sockets.

from adapter.testing import Client

def test_front_page():
    with Client(handler, kind="rest_api", stage="prod") as client:
        assert client.get("/").status == 200
"""

from __future__ import annotations

import json
import time
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from .context import Context
from .errors import AdapterError
from .events import KINDS, STAGED
from .events._gateway import ACCOUNT, forwarded, request_id
from .message import Request, Response
from .requests import native, request_to, unless_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Pairs = Mapping[str, str] | Iterable[tuple[str, str]]


class Client:
    """Sends requests to `handler(event, context)` as the front end `kind` would.

    handler  a `Handler`, or any function(event, context)
    kind     one of adapter.events.KINDS: http_api, http_api_v1, rest_api, function_url, alb,
             alb_multi, vpc_lattice, vpc_lattice_v2, lambda_edge
    stage    the stage of a rest_api or http_api; its name stands before every path, as in the
             URL that API Gateway gives an API

    Entering the client enters the handler, so that the app is started and stopped with it.
    Cookies that a response sets are sent with the next request, as a browser does.
    """

    def __init__(
        self, handler: Callable[[Any, Any], Any], kind: str = "http_api", *, stage: str = ""
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"there is no front end {kind!r}; there are {', '.join(KINDS)}")
        if stage and kind not in STAGED:
            raise ValueError(f"{kind} has no stages; {', '.join(STAGED)} have")
        self.handler = handler
        self.codec = KINDS[kind]
        self.root_path = f"/{stage}" if stage else ""
        self.cookies: dict[str, str] = {}

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Pairs | None = None,
        headers: Pairs | None = None,
        json: Any = None,
        data: Mapping[str, Any] | str | bytes | None = None,
    ) -> Reply:
        """Send one request.

        url     a path with or without a query, percent-encoded or not; or a whole URL
        params  the query, instead of the one in `url`
        json    a value to send as application/json
        data    a body, or a mapping to send as a form
        """
        body, content_type = _body(json, data)
        sent = [(name.lower(), native(value)) for name, value in _pairs(headers)]
        sent += unless_named(self._own_headers(url, body, content_type), sent)
        query = urlencode(list(_pairs(params)), doseq=True) if params else None
        return self._exchange(
            request_to(method, url, sent, body, query=query, root_path=self.root_path)
        )

    def _own_headers(
        self, url: str, body: bytes, content_type: str | None
    ) -> list[tuple[str, str]]:
        """What a client sends unasked."""
        headers = [("host", urlsplit(url).netloc or "testserver"), ("user-agent", "adapter")]
        if self.cookies:
            cookie = "; ".join([f"{name}={value}" for name, value in self.cookies.items()])
            headers.append(("cookie", cookie))
        if content_type:
            headers.append(("content-type", content_type))
        if body:
            headers.append(("content-length", str(len(body))))
        return headers

    def _exchange(self, request: Request) -> Reply:
        event = json.loads(json.dumps(self.codec.encode_request(forwarded(request))))
        result = json.loads(json.dumps(self.handler(event, _context())))
        reply = Reply(self.codec.decode_response(result), event, result)
        self._keep_cookies(reply)
        return reply

    def _keep_cookies(self, reply: Reply) -> None:
        for line in reply.header_values("set-cookie"):
            for name, morsel in _morsels(line):
                if morsel["max-age"] == "0" or "1970" in morsel["expires"]:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.coded_value

    def get(self, url: str, **rest: Any) -> Reply:
        return self.request("GET", url, **rest)

    def head(self, url: str, **rest: Any) -> Reply:
        return self.request("HEAD", url, **rest)

    def post(self, url: str, **rest: Any) -> Reply:
        return self.request("POST", url, **rest)

    def put(self, url: str, **rest: Any) -> Reply:
        return self.request("PUT", url, **rest)

    def patch(self, url: str, **rest: Any) -> Reply:
        return self.request("PATCH", url, **rest)

    def delete(self, url: str, **rest: Any) -> Reply:
        return self.request("DELETE", url, **rest)

    def options(self, url: str, **rest: Any) -> Reply:
        return self.request("OPTIONS", url, **rest)

    def __enter__(self) -> Client:
        enter = getattr(self.handler, "__enter__", None)
        if enter is not None:
            enter()
        return self

    def __exit__(self, *error: object) -> None:
        leave = getattr(self.handler, "__exit__", None)
        if leave is not None:
            leave(*error)


class Reply:
    """What the client of the front end gets, and the event and the result in between."""

    def __init__(self, response: Response, event: dict[str, Any], result: Any) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = b"".join(response.body)
        self.event = event
        self.result = result

    @property
    def status_code(self) -> int:
        return self.status

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The value of a header, repeated ones joined; None if it is absent."""
        return ", ".join(self.header_values(name)) or None

    def header_values(self, name: str) -> list[str]:
        """Each value of a header."""
        return [value for key, value in self.headers if key == name.lower()]

    def __repr__(self) -> str:
        return f"<Reply {self.status} {self.header('content-type')} {len(self.body)} bytes>"


def _context() -> Context:
    """As Lambda would give it, with half a minute left."""
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:local"
    environ = {"AWS_LAMBDA_FUNCTION_NAME": "local", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST"}
    return Context(request_id(), int(time.time() * 1000) + 30_000, arn, environ=environ)


def _pairs(pairs: Pairs | None) -> Iterable[tuple[str, str]]:
    items = getattr(pairs, "items", None)
    return items() if items else pairs or ()  # type: ignore[return-value]


def _body(value: Any, data: Mapping[str, Any] | str | bytes | None) -> tuple[bytes, str | None]:
    """The bytes to send and their media type."""
    if value is not None:
        if data is not None:
            raise AdapterError("a request has one body: pass json= or data=, not both")
        return json.dumps(value).encode(), "application/json"
    if isinstance(data, bytes):
        return data, None
    if isinstance(data, str):
        return data.encode(), "text/plain; charset=utf-8"
    if data is not None:
        return urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded"
    return b"", None


def _morsels(line: str) -> Iterable[tuple[str, Any]]:
    try:
        return SimpleCookie(line).items()
    except CookieError:  # a cookie that browsers take and http.cookies doesn't
        return ()
