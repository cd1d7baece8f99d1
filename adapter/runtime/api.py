"""A client of the Lambda Runtime API: one keep-alive connection, one thing after the other.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

It is written on a socket because the loop is what this project exists for: importing
`http.client` alone takes 25 ms of a cold start, and a prototype on it cost 195 µs of CPU for each
invocation where one on a bare socket cost 75.
"""

from __future__ import annotations

import os

from ..errors import RuntimeAPIError
from . import calls, logs
from .connection import BrokenReplyError, Connection, HungUpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any

    from .calls import Call, Invocation
    from .connection import Reply
    from .sockets import Network

_GRACE_S = 0.2  # to come back for the next invocation
_LARGE = 65_536  # bytes that cost more to join with others than to send alone


class RuntimeAPI:
    """The Runtime API at the `host:port` of AWS_LAMBDA_RUNTIME_API.

    `respond` may leave its bytes to the next call, so that both go out in one write: half of the
    round trips (ADAPTER_PIPELINE=0 keeps them apart). The reply to it is read then. What Lambda
    refuses is logged.

    Each raises RuntimeAPIError when the API is away or answers something that is no HTTP.
    """

    def __init__(self, address: str, network: Network) -> None:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise _over(f"AWS_LAMBDA_RUNTIME_API is {address!r}; it should be host:port")
        self.address = address
        self.network = network
        self._pipelines = os.environ.get("ADAPTER_PIPELINE") != "0"
        self._where = (host.strip("[]"), int(port))
        self._connection: Connection | None = None
        self._next = calls.next_invocation(address)
        self._held: list[Call] = []  # not sent yet
        self._unanswered: list[Call] = []  # sent

    async def next(self) -> tuple[dict[str, str], bytes]:
        """Wait for an invocation: its headers, names in lower case, and its event as JSON."""
        reply = await self._call(self._next)
        if reply.status == 500:
            raise _over(f"{self._name(self._next)} with status 500: this environment is over")
        if reply.status != 200:
            raise RuntimeAPIError(
                f"{self._name(self._next)} with status {reply.status}: {_words(reply)}"
            )
        headers = reply.headers()
        if not headers.get("lambda-runtime-aws-request-id"):
            raise RuntimeAPIError(f"{self._name(self._next)} without a request id")
        return headers, reply.body

    async def respond(self, invocation: Invocation, result: list[bytes], *, hold: bool) -> None:
        """Post a result, in parts; `hold` leaves it to the next call, if that comes at once."""
        self._held.append(calls.response(self.address, invocation, result))
        if not (hold and self._pipelines):
            await self.flush()

    async def fail(
        self, invocation: Invocation, document: dict[str, Any], kind: str, cause: str = ""
    ) -> None:
        """Report that an invocation failed."""
        await self._post(calls.error(self.address, invocation, document, kind, cause))

    async def fail_init(self, document: dict[str, Any], kind: str) -> None:
        """Report that the function could not be started."""
        await self._post(calls.init_error(self.address, document, kind))

    async def restored(self) -> None:
        """Wait until this process goes on from its snapshot."""
        await self._call(calls.restore(self.address))

    async def fail_restore(self, document: dict[str, Any], kind: str) -> None:
        """Report that a hook failed after the restore."""
        await self._post(calls.restore_error(self.address, document, kind))

    async def stream(
        self,
        invocation: Invocation,
        content_type: str,
        head: bytes,
        chunks: AsyncGenerator[bytes, None],
        deadline: float,
    ) -> BaseException | None:
        """Post a result as it is made: `head`, then `chunks`; the former waits for one of these.

        An error of `chunks` goes into the trailers, and is returned. Shortly before `deadline` the
        connection is broken off: its reader may be so slow that nothing goes out any more.
        https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
        """
        call = calls.streamed_response(self.address, invocation, content_type)
        connection, error = await self._ready(), None
        connection.limit(deadline - _GRACE_S)
        try:
            error = await _sent(connection, call, head, chunks)
            _note(call, await connection.reply())
        except (BrokenReplyError, HungUpError) as broken:
            logs.line(f"adapter: {self._lost(call, broken)}", "ERROR")
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
        reply = await own._call(calls.register(self.address))
        identifier = reply.headers().get("lambda-extension-identifier")
        if reply.status != 200 or not identifier:
            return False
        own._held.append(calls.next_event(self.address, identifier))
        await own.flush()
        _EXTENSIONS.append(own)
        return True

    async def flush(self) -> None:
        """Send what is held, in one write."""
        if not self._held:
            return
        held, self._held = self._held, []
        self._unanswered += held
        if self._connection is None:
            self._connection = await self._connected()
        try:
            await self._connection.send(*_parts(held))
        except HungUpError:  # who reads the reply is told
            pass

    async def _ready(self) -> Connection:
        """A connection on which nothing is under way, and that is still open."""
        await self.flush()
        while self._unanswered:
            await self._settle_one()
        if self._connection is not None and self._connection.closed:
            self._disconnect()
        if self._connection is None:
            self._connection = await self._connected()
        return self._connection

    async def _post(self, call: Call) -> None:
        _note(call, await self._call(call))

    async def _call(self, call: Call) -> Reply:
        """The reply to `call`, which what is held goes out with."""
        self._held.append(call)
        await self.flush()
        while len(self._unanswered) > 1:
            await self._settle_one()
        return await self._reply()

    async def _settle_one(self) -> None:
        call = self._unanswered[0]
        _note(call, await self._reply())

    async def _reply(self) -> Reply:
        """The reply to the oldest call that has none."""
        connection = self._connection
        assert connection is not None
        try:
            try:
                reply = await connection.reply()
            except HungUpError:
                reply = await self._anew(connection)
        except (BrokenReplyError, HungUpError) as error:
            call = self._unanswered[0]
            self._disconnect()
            self._unanswered.clear()
            raise self._lost(call, error) from None
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
        await self._connection.send(*_parts(self._unanswered))
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

    def _lost(self, call: Call, error: Exception) -> RuntimeAPIError:
        message = f"{self._name(call)} with nothing usable: {error}"
        if call.name.endswith(("/response", "/error")):
            message += "; what was posted may be lost"
        return RuntimeAPIError(message)

    def _name(self, call: Call) -> str:
        return f"the Lambda Runtime API at {self.address} answered {call.name}"


_EXTENSIONS: list[RuntimeAPI] = []  # their connections are to stay open


async def _sent(
    connection: Connection, call: Call, head: bytes, chunks: AsyncGenerator[bytes, None]
) -> BaseException | None:
    """The error of the chunks, if they had one."""
    from .streaming import send_stream

    try:
        return await send_stream(connection, call, head, chunks)
    except HungUpError:  # it may have answered before the end: too large, say
        return None


def _note(call: Call, reply: Reply) -> None:
    """Log what Lambda did not take: too large, say, or too late."""
    if reply.status >= 300:
        text = f"adapter: Lambda refused {call.name} with status {reply.status}: {_words(reply)}"
        logs.line(text, "ERROR")


def _parts(sent: list[Call]) -> list[bytes]:
    """What to write: small parts as one, large ones as they are."""
    parts = [part for call in sent for part in call.parts]
    return [b"".join(parts)] if sum(map(len, parts)) < _LARGE else parts


def _words(reply: Reply) -> str:
    return reply.body[:300].decode("utf-8", "replace").strip() or "no reason given"


def _over(message: str) -> RuntimeAPIError:
    error = RuntimeAPIError(message)
    error.over = True
    return error
