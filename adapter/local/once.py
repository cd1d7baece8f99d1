"""One event through one environment: `adapter invoke` and `adapter replay`."""

from __future__ import annotations

import asyncio
import json
import signal
from base64 import b64encode
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import Function, function_name
from ..errors import ResultError
from ..events.stream import decode_head
from . import capture, dotfile
from .capture import Capture, kind_of
from .difference import Rules, difference, lines_of
from .inputs import InputError
from .invocation import Outcome, error_outcome
from .shown import Pretty, Raw
from .terminal import Terminal
from .workers import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from .invocation import Stream
    from .process import Log

    Piece = Callable[[bytes], None]

INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended; and of SIGTERM here


@dataclass(frozen=True)
class Job:
    """An event, and the function for it."""

    target: str
    event: Any
    timeout: float = 30.0
    stream: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of it.

    outcome  the result or the error document; of a streamed answer, how it ended
    pieces   a streamed answer, as it came; None of one that was not streamed
    """

    outcome: Outcome
    pieces: bytes | None = None

    @property
    def failed(self) -> bool:
        return self.outcome.failed

    @property
    def result(self) -> Any:
        """The result; of a streamed answer, what it would have been without streaming."""
        if self.pieces is None or self.failed:
            return _json(self.outcome.body)
        head, body = _parts(self.pieces)
        return {**head, **_as_text(body)}


def _json(data: bytes) -> Any:
    """A result as a value: null for an empty one, as Lambda has it; text for what is no JSON."""
    try:
        return json.loads(data) if data else None
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")


def _parts(pieces: bytes) -> tuple[dict[str, Any], bytes]:
    """The head and the body of a streamed answer, which may be without a head."""
    try:
        return decode_head(pieces) or ({}, pieces)
    except ResultError:
        return {}, pieces


def _as_text(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": b64encode(body).decode(), "isBase64Encoded": True}


# The commands


def invoke(job: Job, *, raw: bool = False, file: str | None = None) -> int:
    """Show what comes of a job, and capture it in `file`. Returns the exit status.

    Raises InputError for a job without a function.
    """
    if not job.target:
        raise InputError("which function? Name it: adapter invoke main:app, or main.handler")
    shown = Raw() if raw else Pretty()
    answer = send(job, shown.piece)
    if answer is None:
        return INTERRUPTED
    shown.end(answer)
    if file is not None:
        capture.write(file, captured(job, answer))
    return 1 if answer.failed else 0


def captured(job: Job, answer: Answer) -> Capture:
    """The exchange, to be kept."""
    return Capture(
        job.event,
        answer.result,
        job.target,
        kind_of(job.event),
        stream=job.stream,
        failed=answer.failed,
    )


def replay(before: Capture, target: str, timeout: float, rules: Rules) -> int:
    """Send a captured event again and show what is different. Returns the exit status."""
    job = Job(target, before.event, timeout, before.stream)
    answer = send(job, lambda piece: None)
    if answer is None:
        return INTERRUPTED
    after = replace(before, result=answer.result, failed=answer.failed)
    old, new = (lines_of(it.result, it.kind, rules, failed=it.failed) for it in (before, after))
    for line in difference(old, new, before.captured_at) or ["no difference"]:
        click.secho(line, fg=_COLOURS.get(line[:1]))
    return 1 if old != new else 0


_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


# One environment


def send(job: Job, piece: Piece) -> Answer | None:
    """What comes of a job, its log on stderr; None if the user stopped it."""
    terminal = Terminal(err=True, lambdas=True)
    try:
        return asyncio.run(_send(job, piece, terminal.show))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return None
    finally:
        terminal.close()


async def _send(job: Job, piece: Piece, log: Log) -> Answer:
    ourselves = asyncio.current_task()
    assert ourselves is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ourselves.cancel)
    name = function_name(Path.cwd())
    function = Function(name, job.target, folder=Path.cwd(), timeout=job.timeout, stream=job.stream)
    pool = Pool(function, size=1, log=log, variables=dotfile.variables(log))
    try:
        started = await _started(pool, job.timeout)
        if started.failed:
            return Answer(started)
        answer = await _taken(await pool.invoke(job.event), piece)
        await pool.idle()
        return answer
    finally:
        await pool.stop()


async def _started(pool: Pool, seconds: float) -> Outcome:
    try:
        return await asyncio.wait_for(pool.warm_up(), seconds)
    except TimeoutError:
        message = f"the function did not start within {seconds:g} seconds"
        return error_outcome("Sandbox.Timedout", message, late=True)


async def _taken(outcome: Outcome, piece: Piece) -> Answer:
    if outcome.stream is None:
        return Answer(outcome)
    pieces = await _pieces(outcome.stream, piece)
    return Answer(outcome.stream.end, pieces)


async def _pieces(stream: Stream, piece: Piece) -> bytes:
    data = bytearray()
    async for chunk in stream:
        data += chunk
        piece(chunk)
    return bytes(data)
