"""The calls of the Lambda Runtime API, as a runtime makes them.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

It is written on a socket because the loop is what this project exists for: importing
`http.client` alone takes 25 ms of a cold start, and a prototype on it cost 195 µs of CPU for each
invocation where one on a bare socket cost 75.
"""

from __future__ import annotations

import json
import os

from ..errors import RuntimeAPIError
from .connection import BrokenReplyError, Connection, HungUpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any

    from .connection import Reply
    from .sockets import Network

_RUNTIME = "/2018-06-01/runtime"
_EXTENSION = "/2020-01-01/extension"
_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
_LARGE = 65_536


class Invocation:
    """What identifies an invocation to Lambda; the second id is there where many run at once."""

    __slots__ = ("echo", "id")

    def __init__(self, headers: dict[str, str]) -> None:
        self.id = headers["lambda-runtime-aws-request-id"]
        echo = headers.get("lambda-runtime-invocation-id")
        self.echo = f"Lambda-Runtime-Invocation-Id: {echo}\r\n" if echo else ""


class RuntimeAPI:
    """A client for one loop of calls, at the `host:port` of AWS_LAMBDA_RUNTIME_API.

    `respond` may leave its bytes to the next call, so that both go out in one write: half of the
    round trips (ADAPTER_PIPELINE=0 keeps them apart). The reply to it is read then; `refused`
    says what Lambda did not take.

    Each raises RuntimeAPIError when the API is away or answers something that is no HTTP.
    """

    def __init__(self, address: str, network: Network) -> None:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise _over(f"AWS_LAMBDA_RUNTIME_API is {address!r}; it should be host:port")
        self.address = address
        self.network = network
        self._pipelines = os.environ.get("ADAPTER_PIPELINE") != "0"
        self.refused: str | None = None
        self._where = (host.strip("[]"), int(port))
        self._connection: Connection | None = None
        self._next = _message("GET", f"{_RUNTIME}/invocation/next", address)
        self._held: list[list[bytes]] = []  # calls that are not sent yet, in parts
        self._unanswered: list[list[bytes]] = []  # calls that are sent

    async def next(self) -> tuple[dict[str, str], bytes]:
        """Wait for an invocation: its headers, names in lower case, and its event as JSON."""
        reply = await self._call(self._next, "/next")
        status = reply.status
        if status == 500:
            raise _over(f"{self._name('/next')} with status 500: this environment is over")
        if status != 200:
            raise RuntimeAPIError(
                f"{self._name('/next')} with status {status}: {reply.body[:200]!r}"
            )
        headers = reply.headers()
        if not headers.get("lambda-runtime-aws-request-id"):
            raise RuntimeAPIError(f"{self._name('/next')} without a request id")
        return headers, reply.body

    async def respond(self, invocation: Invocation, result: list[bytes], *, hold: bool) -> None:
        """Post a result, in parts; `hold` leaves it to the next call, if that comes at once."""
        head = (
            f"POST {_RUNTIME}/invocation/{invocation.id}/response HTTP/1.1\r\n"
            f"Host: {self.address}\r\nContent-Type: application/json\r\n{invocation.echo}"
            f"Content-Length: {sum(map(len, result))}\r\n\r\n"
        )
        self._held.append([head.encode("latin-1"), *result])
        if not (hold and self._pipelines):
            await self._send()

    async def fail(
        self, invocation: Invocation, document: dict[str, Any], error_type: str, cause: str = ""
    ) -> None:
        """Report that an invocation failed."""
        path = f"{_RUNTIME}/invocation/{invocation.id}/error"
        headers = invocation.echo + f"{_ERROR_TYPE}: {error_type}\r\n"
        if cause:
            headers += f"Lambda-Runtime-Function-XRay-Error-Cause: {cause}\r\n"
        await self._post(path, _json(document), headers)

    async def fail_init(self, document: dict[str, Any], error_type: str) -> None:
        """Report that the function could not be started."""
        header = f"{_ERROR_TYPE}: {error_type}\r\n"
        await self._post(f"{_RUNTIME}/init/error", _json(document), header)

    async def restored(self) -> None:
        """Wait until this process goes on from its snapshot."""
        await self._call(_message("GET", f"{_RUNTIME}/restore/next", self.address), "/restore/next")

    async def fail_restore(self, document: dict[str, Any], error_type: str) -> None:
        """Report that a hook failed after the restore."""
        header = f"{_ERROR_TYPE}: {error_type}\r\n"
        await self._post(f"{_RUNTIME}/restore/error", _json(document), header)

    async def stream(
        self,
        invocation: Invocation,
        content_type: str,
        head: bytes,
        chunks: AsyncGenerator[bytes, None],
    ) -> BaseException | None:
        """Post a result as it is made: `head`, then `chunks`; the former waits for one of these.

        An error of `chunks` goes into the trailers, and is returned.
        https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
        """
        await self.settle()
        connection = self._connection = self._connection or await self._connected()
        opening = (
            f"POST {_RUNTIME}/invocation/{invocation.id}/response HTTP/1.1\r\n"
            f"Host: {self.address}\r\nContent-Type: {content_type}\r\n{invocation.echo}"
        )
        try:
            error = await _sent(connection, opening, head, chunks)
            self._note(await connection.reply())
        except (BrokenReplyError, HungUpError) as broken:
            name = self._name("/response")
            raise RuntimeAPIError(f"{name} to a stream with nothing usable: {broken}") from None
        finally:
            # "The runtime must close the underlying connection after it has successfully written
            # the response", says the page above.
            self._disconnect()
        return error

    async def register(self) -> bool:
        """Become an internal extension: only those get a SIGTERM. Whether Lambda agreed.

        The connection that then asks for events stays open and unread: there are none for it.
        https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
        """
        own = RuntimeAPI(self.address, self.network)
        headers = "Lambda-Extension-Name: adapter\r\n"
        call = _message("POST", f"{_EXTENSION}/register", self.address, b'{"events":[]}', headers)
        reply = await own._call(call, "/register")
        identifier = reply.headers().get("lambda-extension-identifier")
        if reply.status != 200 or not identifier:
            return False
        headers = f"Lambda-Extension-Identifier: {identifier}\r\n"
        path = f"{_EXTENSION}/event/next"
        own._held.append(_message("GET", path, self.address, headers=headers))
        await own._send()
        _WAITING.append(own)
        return True

    async def flush(self) -> None:
        """Send what is held."""
        if self._held:
            await self._send()

    async def settle(self) -> None:
        """Send what is held, and read every reply that is due."""
        await self.flush()
        while self._unanswered:
            self._note(await self._reply("/response"))

    def _note(self, reply: Reply) -> None:
        """What became of a post."""
        if reply.status >= 300:
            words = _words(reply.body)
            self.refused = f"Lambda refused a result with status {reply.status}: {words}"

    async def _post(self, path: str, body: bytes, headers: str) -> None:
        call = _message("POST", path, self.address, body, headers)
        self._note(await self._call(call, path[path.rindex("/") :]))

    async def _call(self, message: list[bytes], name: str) -> Reply:
        """The reply to `message`, which what is held goes out with."""
        self._held.append(message)
        await self._send()
        while len(self._unanswered) > 1:
            self._note(await self._reply("/response"))
        return await self._reply(name)

    async def _send(self) -> None:
        """Send what is held, in one write."""
        held, self._held = self._held, []
        self._unanswered += held
        if self._connection is None:
            self._connection = await self._connected()
        try:
            await self._connection.send(*_joined(held))
        except HungUpError:  # who reads the reply is told
            pass

    async def _reply(self, name: str) -> Reply:
        """The reply to the oldest call that has none."""
        connection = self._connection
        assert connection is not None
        try:
            try:
                reply = await connection.reply()
            except HungUpError:
                reply = await self._anew(connection)
        except (BrokenReplyError, HungUpError) as error:
            self._disconnect()
            self._unanswered.clear()
            raise RuntimeAPIError(f"{self._name(name)} with nothing usable: {error}") from None
        self._unanswered.pop(0)
        return reply

    async def _anew(self, connection: Connection) -> Reply:
        """A connection that is closed before the first byte had been closed while it was idle.

        So the calls are sent again; but not where the connection never brought a reply.
        """
        if not connection.replies:
            raise HungUpError("the connection was closed")
        connection.close()
        self._connection = await self._connected()
        await self._connection.send(*_joined(self._unanswered))
        return await self._connection.reply()

    async def _connected(self) -> Connection:
        try:
            return Connection(await self.network.connect(self._where))
        except OSError as error:
            self._unanswered.clear()
            raise _over(f"the Lambda Runtime API at {self.address} is away: {error}") from None

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _name(self, path: str) -> str:
        return f"the Lambda Runtime API at {self.address} answered {path}"


async def _sent(
    connection: Connection, opening: str, head: bytes, chunks: AsyncGenerator[bytes, None]
) -> BaseException | None:
    """The error of the chunks, if they had one. Raises BrokenReplyError."""
    from .streaming import send_stream

    try:
        return await send_stream(connection, opening, head, chunks)
    except HungUpError:  # it may have answered before the end: too large, say
        return None


_WAITING: list[RuntimeAPI] = []  # registered as extensions; their connections are to stay open


def _joined(calls: list[list[bytes]]) -> list[bytes]:
    """What to write: small parts as one, large ones as they are."""
    parts = [part for call in calls for part in call]
    return [b"".join(parts)] if sum(map(len, parts)) < _LARGE else parts


def _message(
    method: str, path: str, host: str, body: bytes = b"", headers: str = ""
) -> list[bytes]:
    """A call as it goes over the wire."""
    if method == "POST":
        headers += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: apigw-adapter\r\n{headers}\r\n"
    return [head.encode("latin-1") + body]


def error_type(error: BaseException) -> str:
    """`Function.ValueError`: Lambda knows only this form, and takes others for Runtime.Unknown."""
    name = type(error).__name__
    return f"Function.{name}" if name.isascii() and name.isalpha() else "Function.Error"


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _words(body: bytes) -> str:
    return body[:300].decode("utf-8", "replace") or "no reason given"


def _over(message: str) -> RuntimeAPIError:
    error = RuntimeAPIError(message)
    error.over = True
    return error
