"""A client of the Lambda Runtime API: one keep-alive connection, one call at a time.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

It is written on a socket because the loop is what this project exists for: importing
`http.client` alone takes 25 ms of a cold start, and a prototype on it cost 195 µs of CPU for each
invocation where one on a bare socket cost 75.
"""

from __future__ import annotations

import json
import socket

from ..errors import RuntimeAPIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Reply = tuple[int, dict[str, str], bytes]

_VERSION = "/2018-06-01/runtime"
_HEAD_LIMIT = 1 << 20


class RuntimeAPI:
    """The calls that a runtime makes, to the `host:port` of AWS_LAMBDA_RUNTIME_API.

    Each raises RuntimeAPIError when the API is away or answers something that is no HTTP.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise RuntimeAPIError(f"AWS_LAMBDA_RUNTIME_API is {address!r}; it should be host:port")
        self.address = address
        self._where = (host.strip("[]"), int(port))
        self._connection: Connection | None = None

    def next(self) -> tuple[dict[str, str], bytes]:
        """Wait for an invocation: its headers, names in lower case, and its event as JSON."""
        status, headers, body = self._call("GET", "/invocation/next")
        if status != 200:
            raise RuntimeAPIError(f"{self._name('/next')} with status {status}: {body[:200]!r}")
        if not headers.get("lambda-runtime-aws-request-id"):
            raise RuntimeAPIError(f"{self._name('/next')} without a request id")
        return headers, body

    def respond(self, request_id: str, result: bytes) -> int:
        """Post an invocation's result. Returns the status: 202, or why it was refused."""
        return self._post(f"/invocation/{request_id}/response", result, "")

    def fail(self, request_id: str, document: dict[str, Any], error_type: str) -> int:
        """Report that an invocation failed."""
        return self._post(f"/invocation/{request_id}/error", _json(document), error_type)

    def fail_init(self, document: dict[str, Any], error_type: str) -> int:
        """Report that the function could not be started."""
        return self._post("/init/error", _json(document), error_type)

    def _post(self, path: str, body: bytes, error_type: str) -> int:
        status, _, _ = self._call("POST", path, body, error_type)
        if status == 500:  # "Container error. Non-recoverable state. Runtime should exit promptly."
            raise RuntimeAPIError(f"{self._name(path)} with status 500: this environment is over")
        return status

    def _call(self, method: str, path: str, body: bytes = b"", error_type: str = "") -> Reply:
        message = request_bytes(method, path, self.address, body, error_type)
        try:
            return self._exchange(message)
        except (OSError, EOFError) as error:
            self._connection = None
            raise RuntimeAPIError(f"{self._name(path)} with nothing usable: {error}") from None

    def _exchange(self, message: bytes) -> Reply:
        if self._connection is not None:
            try:
                return self._connection.exchange(message)
            except ConnectionUnusedError:  # the other side hung up while nothing was under way
                self._connection.close()
        self._connection = Connection(self._where)
        return self._connection.exchange(message)

    def _name(self, path: str) -> str:
        return f"the Lambda Runtime API at {self.address} answered {path}"


def request_bytes(method: str, path: str, host: str, body: bytes, error_type: str) -> bytes:
    """A call as it goes over the wire."""
    lines = [f"{method} {_VERSION}{path} HTTP/1.1", f"Host: {host}", "User-Agent: apigw-adapter"]
    if method == "POST":
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    if error_type:
        lines.append(f"Lambda-Runtime-Function-Error-Type: {error_type}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


class ConnectionUnusedError(EOFError):
    """A connection was closed before the first byte of an answer."""


class Connection:
    """One connection: requests go out whole, answers come back whole."""

    def __init__(self, where: tuple[str, int]) -> None:
        self._socket = socket.create_connection(where)
        # Without it the second small packet of an exchange waits 40 ms for the first one's ACK.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def exchange(self, message: bytes) -> Reply:
        try:
            self._socket.sendall(message)
            self._fill()
        except (ConnectionError, EOFError) as error:
            raise ConnectionUnusedError(str(error)) from None
        status, headers = self._head()
        return status, headers, self._body(headers)

    def close(self) -> None:
        self._socket.close()

    def _fill(self, size: int = 65536) -> None:
        data = self._socket.recv(size)
        if not data:
            raise EOFError("the connection was closed")
        self._buffer += data

    def _head(self) -> tuple[int, dict[str, str]]:
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _HEAD_LIMIT:
                raise EOFError("its headers have no end")
            self._fill()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
            raise EOFError(f"it begins with {first[:60]!r}, which is no HTTP answer")
        pairs = [line.partition(":") for line in lines]
        return int(rest[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self._take(_number(headers.get("content-length", "0"), 10))

    def _chunk(self) -> bytes:
        size = _number(self._line().partition(b";")[0].decode("latin-1"), 16)
        data = self._take(size)
        while self._line():  # the end of the chunk, or the trailers behind the last one
            if size:
                raise EOFError("a chunk is longer than it said")
        return data

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > _HEAD_LIMIT:
                raise EOFError("a line of it has no end")
            self._fill()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _take(self, size: int) -> bytes:
        parts, missing = [self._buffer[:size]], size - len(self._buffer)
        self._buffer = self._buffer[size:]
        while missing > 0:
            data = self._socket.recv(min(missing, 1 << 20))
            if not data:
                raise EOFError("the connection was closed in the middle of an answer")
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)


def _number(text: str, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError:
        number = -1
    if number < 0:
        raise EOFError(f"it gives {text[:20]!r} as a length")
    return number
