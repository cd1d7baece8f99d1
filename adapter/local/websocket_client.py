"""A client of the local WebSocket API, from its handshake on."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Send

    from ..message import Request, Response

NO_CODE, VANISHED = 1005, 1006
GOING_AWAY = (1001, "Going away")
NORMAL = (1000, "Connection Closed Normally")
BINARY = (1003, "")

# What AWS's own events say where the client says nothing: recorded ones that are public, and
# https://github.com/boto/boto3/issues/3789 for the code 1000.
_REASONS = {NO_CODE: "Client-side close frame status not set"}


class SlowError(Exception):
    """A client does not read what it is sent."""


@dataclass(frozen=True)
class Limits:
    """Seconds: of silence, of a connection, of a function's answer, of a client's not reading.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
    """

    idle: float = 600.0
    life: float = 7200.0
    answer: float = 29.0
    reading: float = 10.0


@dataclass(eq=False)
class Client:
    """One client.

    told        what every event of it holds: `events.websocket.connection_of`
    request     its handshake
    last_active when something went over it last, as time.time() tells it
    ended       the code and reason with which we closed it; None while we did not
    """

    told: dict[str, Any]
    request: Request
    limits: Limits
    receive: Receive
    send: Send
    last_active: float = field(default_factory=time.time)
    ended: tuple[int, str] | None = None
    _began: float = field(default_factory=time.monotonic)
    _quiet_since: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        found: str = self.told["connectionId"]
        return found

    async def refuse(self, response: Response) -> None:
        """Answer the handshake with an HTTP response."""
        headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
        start = {"type": "websocket.http.response.start", "status": response.status}
        body = {"type": "websocket.http.response.body", "body": b"".join(response.body)}
        await self._told({**start, "headers": headers})
        await self._told(body)

    async def accept(self, subprotocol: str | None) -> None:
        await self._told({"type": "websocket.accept", "subprotocol": subprotocol})

    async def post(self, text: str) -> None:
        """Send a message. Raises SlowError; one to a client that is gone is lost."""
        if self.ended is not None:
            return
        self._touch()
        try:
            async with asyncio.timeout(self.limits.reading):
                await self._told({"type": "websocket.send", "text": text})
        except TimeoutError:
            raise SlowError from None

    async def close(self, code: int, reason: str) -> None:
        """End it from our side: once."""
        if self.ended is None:
            self.ended = (code, reason)
            await self._told({"type": "websocket.close", "code": code, "reason": reason})

    async def _told(self, message: Message) -> None:
        try:
            await self.send(message)
        except (OSError, RuntimeError):
            # It is gone, or about to: uvicorn raises RuntimeError between a close of its own, for
            # a frame that is too large say, and the connection's end. `next` hears of it, too.
            pass

    async def next(self) -> str | tuple[int, str]:
        """Its next message; or, at the end, the code and reason.

        API Gateway takes no binary frames:
        https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
        """
        while True:
            try:
                async with asyncio.timeout(self._patience()):
                    message = await self.receive()
            except TimeoutError:
                if self._patience() == 0:
                    await self.close(*GOING_AWAY)
                continue
            if message["type"] == "websocket.disconnect":
                return self.ended or _end_told(message)
            self._touch()
            if message.get("text") is not None:
                text: str = message["text"]
                return text
            await self.close(*BINARY)

    def _touch(self) -> None:
        self.last_active, self._quiet_since = time.time(), time.monotonic()

    def _patience(self) -> float | None:
        """Seconds until it has been silent, or there, for too long; None if we have closed it."""
        if self.ended is not None:
            return None
        end = min(self._quiet_since + self.limits.idle, self._began + self.limits.life)
        return max(0.0, end - time.monotonic())


def _end_told(message: Message) -> tuple[int, str]:
    """uvicorn says 1005, and nothing of a reason, where a connection broke off."""
    code, reason = message.get("code", VANISHED), message.get("reason")
    if code == NO_CODE and reason is None:
        code = VANISHED
    return code, reason or _REASONS.get(code, "")
