"""What one process remembers between its requests: a Lambda execution environment, or a server."""

import contextlib
import itertools
import os
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send


def now() -> datetime:
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Task:
    number: int
    accepted: datetime
    finished: datetime

    def as_dict(self) -> dict[str, Any]:
        return {
            "task": self.number,
            "accepted": timestamp(self.accepted),
            "finished": timestamp(self.finished),
        }


@dataclass
class Environment:
    started: datetime = field(default_factory=now)
    pid: int = field(default_factory=os.getpid)
    requests: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    # Anyone may start tasks, so the list has a limit: a process can live for hours.
    finished: deque[Task] = field(default_factory=lambda: deque(maxlen=20))

    def as_dict(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "started_at": timestamp(self.started),
            "pid": self.pid,
        }


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Environment]]:
    yield {"environment": Environment()}


class CountRequests:
    """Counts around the routes, so that what no route answers (404, 405) counts too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"]["environment"].requests += 1
        await self.app(scope, receive, send)
