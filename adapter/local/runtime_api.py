"""Lambda's side of the Runtime API, for one environment: queue → /next, /response → queue.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

Any runtime can be its guest: ours, AWS's own, a shell script with curl.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..events._encode import LAMBDA_LIMIT
from ..events._gateway import ACCOUNT, request_id

ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"


@dataclass
class Outcome:
    """What came of an invocation: a result, as JSON; or an error document, if `failed`."""

    body: bytes
    failed: bool = False
    late: bool = False  # failed since it took too long


@dataclass
class Invocation:
    """One event on its way through a function."""

    event: bytes
    timeout: float
    id: str = field(default_factory=request_id)
    outcome: asyncio.Future[Outcome] = field(default_factory=lambda: _future())

    def end(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


def _future() -> asyncio.Future[Outcome]:
    return asyncio.get_running_loop().create_future()


def error_outcome(kind: str, message: str, *, late: bool = False) -> Outcome:
    """The failure that Lambda itself reports."""
    document = {"errorType": kind, "errorMessage": message}
    return Outcome(json.dumps(document).encode(), failed=True, late=late)


class RuntimeAPI:
    """The state of one environment as its runtime sees it, and the ASGI app that serves it."""

    def __init__(self, function_name: str) -> None:
        self.arn = ARN + function_name
        self.initialised = _future()  # ends with the first /next, or with an init error
        self._queue: asyncio.Queue[Invocation | None] = asyncio.Queue()
        self._current: Invocation | None = None
        self.app = Starlette(
            routes=[
                Route("/2018-06-01/runtime/invocation/next", self._next),
                Route(
                    "/2018-06-01/runtime/invocation/{id}/response", self._response, methods=["POST"]
                ),
                Route("/2018-06-01/runtime/invocation/{id}/error", self._error, methods=["POST"]),
                Route("/2018-06-01/runtime/init/error", self._init_error, methods=["POST"]),
            ]
        )

    def put(self, invocation: Invocation) -> None:
        """Hand an invocation to the runtime's next poll."""
        self._queue.put_nowait(invocation)

    def close(self) -> None:
        """End the poll that waits, if one does: this environment is over."""
        self._queue.put_nowait(None)

    async def _next(self, request: Request) -> Response:
        if not self.initialised.done():
            self.initialised.set_result(Outcome(b""))
        self._current = invocation = await self._queue.get()
        if invocation is None:
            return _refusal(500, "ContainerError", "this environment is over")
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": _trace_id(),
        }
        return Response(invocation.event, headers=headers, media_type="application/json")

    async def _response(self, request: Request) -> Response:
        body = await request.body()
        if len(body) > LAMBDA_LIMIT:
            kind, message = "Function.ResponseSizeTooLarge", _too_large(len(body))
            self._end(request, error_outcome(kind, message))
            return _refusal(413, "RequestEntityTooLarge", message)
        return self._end(request, Outcome(body))

    async def _error(self, request: Request) -> Response:
        return self._end(request, Outcome(await request.body(), failed=True))

    def _end(self, request: Request, outcome: Outcome) -> Response:
        invocation, self._current = self._current, None
        if invocation is None or invocation.id != request.path_params["id"]:
            self._current = invocation
            return _refusal(400, "InvalidRequestID", "this is not the invocation under way")
        invocation.end(outcome)
        return _accepted()

    async def _init_error(self, request: Request) -> Response:
        outcome = Outcome(await request.body(), failed=True)
        if self.initialised.done():
            return _refusal(403, "InvalidStateTransition", "the function was started already")
        self.initialised.set_result(outcome)
        return _accepted()


def _accepted() -> Response:
    return JSONResponse({"status": "OK"}, 202)


def _refusal(status: int, kind: str, message: str) -> Response:
    return JSONResponse({"errorType": kind, "errorMessage": message}, status)


def _too_large(size: int) -> str:
    return f"Response payload size ({size} bytes) exceeded maximum allowed payload size (6291556)."


def _trace_id() -> str:
    """https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader"""
    random: Any = request_id().replace("-", "")
    return f"Root=1-{int(time.time()):08x}-{random[:24]};Parent={random[:16]};Sampled=0"
