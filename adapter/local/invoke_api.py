"""Lambda's Invoke API, for boto3 and the AWS CLI with an `endpoint_url`.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html

Signatures are not checked, and of an ARN only the function's name counts and its qualifier. There
is one version of each function, $LATEST; any alias is taken to point to it.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response as HTTPResponse

from ..events._gateway import request_id
from .environment import VERSION
from .eventstream import MEDIA_TYPE, invoke_complete, payload_chunk
from .invoke_call import STREAM, Refused, call_of, not_found, operation_of
from .streaming import drain
from .visit import follow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from .asynchronous import Queue
    from .invocation import Invocation, Outcome
    from .invoke_call import Call, Operation
    from .process import Log
    from .visit import Watcher
    from .workers import Pool

_TAIL = 4096
_QUALIFIER = re.compile(r"\$LATEST(\.PUBLISHED)?|(?![0-9]+$)[a-zA-Z0-9_-]+")  # or an alias


class InvokeAPI:
    """An ASGI app: calls of `functions` by their names; any other request goes to `otherwise`."""

    def __init__(
        self,
        otherwise: ASGIApp,
        functions: Mapping[str, Pool],
        queue: Queue,
        log: Log,
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self._otherwise = otherwise
        self._functions = functions
        self._queue = queue
        self._log = log
        self._watchers = watchers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = operation_of(scope)
        if found is None:
            await self._otherwise(scope, receive, send)
            return
        try:
            answer = await self._answer(HTTPRequest(scope, receive), *found)
        except Refused as refused:
            answer = _refusal(refused)
        except ClientDisconnect:  # in the middle of its upload: there is nobody to answer
            return
        await answer(scope, receive, send)

    async def _answer(self, request: HTTPRequest, operation: Operation, function: str) -> ASGIApp:
        """Raises Refused, and ClientDisconnect."""
        call = await call_of(request, operation, function)
        pool = self._pool(call)
        if call.type == "DryRun":
            return HTTPResponse(None, 204, _headers(request_id()))
        if call.type == "Event":
            return HTTPResponse(b"", 202, _headers(self._queue.put(pool, call)))
        invocation = pool.begin(call.payload, **call.told)
        follow(call.visit(), invocation, self._watchers)
        if call.operation == STREAM:
            return _streamed(invocation, call)
        return await _buffered(invocation, call)

    def _pool(self, call: Call) -> Pool:
        """Raises Refused."""
        pool = self._functions.get(call.function)
        qualifier = call.told.get("qualifier", "")
        if pool is None:
            there = ", ".join(self._functions)
            self._log(f"adapter: no function is called {call.function}; there is: {there}")
            raise not_found(call.function, qualifier)
        if qualifier and not _QUALIFIER.fullmatch(qualifier):
            self._log(f"adapter: there is no version {qualifier}, only {VERSION} and aliases of it")
            raise not_found(call.function, qualifier)
        return pool


async def _buffered(invocation: Invocation, call: Call) -> HTTPResponse:
    outcome = await invocation.result()
    headers = {**_headers(invocation.id), "X-Amz-Executed-Version": VERSION}
    if outcome.failed:
        headers["X-Amz-Function-Error"] = "Unhandled"
    if call.tail:
        headers["X-Amz-Log-Result"] = await _tail(invocation)
    return HTTPResponse(outcome.body, 200, headers, "application/json")


def _streamed(invocation: Invocation, call: Call) -> ASGIApp:
    """Not Starlette's StreamingResponse: that one stops when the client hangs up."""
    headers = {
        **_headers(invocation.id),
        "Content-Type": MEDIA_TYPE,
        "X-Amz-Executed-Version": VERSION,
    }
    head = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        outcome = await asyncio.shield(invocation.outcome)
        await send({"type": "http.response.start", "status": 200, "headers": head})
        async for message in _messages(invocation, outcome, call):
            await send({"type": "http.response.body", "body": message, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return answer


async def _messages(invocation: Invocation, outcome: Outcome, call: Call) -> AsyncIterator[bytes]:
    """The bytes of a function's result, then how it ended: what a failure says is in there."""
    end = outcome
    if outcome.stream is not None:
        chunks = aiter(outcome.stream)
        try:
            async for chunk in chunks:
                yield payload_chunk(chunk)
        finally:  # a client that hangs up does not stop the function
            await drain(chunks)
        end = outcome.stream.end
    elif not outcome.failed:
        yield payload_chunk(outcome.body)
    yield invoke_complete(
        ErrorCode=end.error_type if end.failed else None,
        ErrorDetails=end.body.decode("utf-8", "replace") if end.failed else None,
        LogResult=await _tail(invocation) if call.tail else None,
    )


async def _tail(invocation: Invocation) -> str:
    """The end of the log, when it is complete: when the runtime asks for its next event."""
    await asyncio.shield(invocation.over)
    text = "".join(f"{line}\n" for line in invocation.log)
    return b64encode(text.encode()[-_TAIL:]).decode()


def _headers(event_id: str) -> dict[str, str]:
    return {"Date": formatdate(usegmt=True), "x-amzn-RequestId": event_id}


def _refusal(refused: Refused) -> HTTPResponse:
    """An error as the REST protocol with JSON has it.

    https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
    """
    missing = refused.kind == "ResourceNotFoundException"
    body = json.dumps({"Type": "User", "Message" if missing else "message": refused.message})
    headers = {**_headers(request_id()), "x-amzn-ErrorType": refused.kind}
    return HTTPResponse(body, refused.status, headers, "application/json")
