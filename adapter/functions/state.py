"""How far a run is: from the records of a channel, which may come late, twice and in any order.

A record is a JSON object with a `kind`:

    begin  of                       the run is sent
    done   chunk, of, value         a chunk is done; at most one a chunk
    error  chunk, of, name, type, message
                                    an attempt at one has failed
    told   chunk, of, told          what a function tells on its way
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import FunctionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Record = dict[str, Any]

ATTEMPTS = 3
"""How often Lambda tries an asynchronous event that a function fails at.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""


@dataclass(frozen=True)
class Progress:
    """A step of a run.

    done, of  chunks; of a run with one chunk the steps that its function tells of, once it does
    failed    chunks that have failed for the last time
    chunk     the one that this is about; None when a run begins
    value     its function's result, if it is done; None for one of over 16 KB
    error     of a failed attempt
    told      what its function tells: {"done": 3, "of": 10, …}; or {}
    """

    done: int
    of: int
    failed: int = 0
    chunk: int | None = None
    value: Any = None
    error: FunctionError | None = None
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunState:
    """How a run stands.

    done, failed, of  chunks; 0 of 0 for a run that nothing is known of
    values            {chunk: its function's result}, None for one of over 16 KB
    errors            {chunk: its last error}, also of those that may be tried again
    told              {chunk: what its function told last}
    over              whether each chunk is done or has failed for the last time
    """

    done: int
    failed: int
    of: int
    values: Mapping[int, Any] = field(default_factory=dict)
    errors: Mapping[int, FunctionError] = field(default_factory=dict)
    told: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    over: bool = False


class Tally:
    """Records → Progress and RunState. Each chunk counts once."""

    def __init__(self, of: int | None = None) -> None:
        self.of = of
        self._values: dict[int, Any] = {}
        self._errors: dict[int, FunctionError] = {}
        self._attempts: dict[int, int] = {}
        self._told: dict[int, dict[str, Any]] = {}

    @property
    def failed(self) -> int:
        return sum(count >= ATTEMPTS for count in self._attempts.values())

    @property
    def over(self) -> bool:
        return self.of is not None and len(self._values) + self.failed >= self.of

    def add(self, record: Record) -> Progress | None:
        """What there is to show; None for what is known already."""
        self.of = record["of"]
        if record["kind"] == "begin":
            self._attempts.clear()  # a run that is sent again tries its failed chunks again
            return self._step()
        chunk = record["chunk"]
        if chunk in self._values or self._told.get(chunk) == record.get("told", ...):
            return None
        return _ADD[record["kind"]](self, chunk, record)

    def _done(self, chunk: int, record: Record) -> Progress:
        self._values[chunk] = record["value"]
        self._attempts.pop(chunk, None)
        self._errors.pop(chunk, None)
        return self._step(chunk, value=record["value"])

    def _failed(self, chunk: int, record: Record) -> Progress:
        self._attempts[chunk] = self._attempts.get(chunk, 0) + 1
        self._errors[chunk] = FunctionError(record["name"], record["type"], record["message"], [])
        return self._step(chunk, error=self._errors[chunk])

    def _tells(self, chunk: int, record: Record) -> Progress:
        self._told[chunk] = record["told"]
        return self._step(chunk, told=record["told"])

    def _step(self, chunk: int | None = None, **more: Any) -> Progress:
        done, of = len(self._values), self.of or 0
        if of == 1 and self._told:
            (told,) = self._told.values()
            done, of = told["of"] if done else told["done"], told["of"]
        return Progress(done, of, self.failed, chunk, **more)

    def state(self, *, late: bool = False) -> RunState:
        """`late`: what is missing counts as failed."""
        done, of = len(self._values), self.of or 0
        failed = of - done if late else self.failed
        values, errors = dict(sorted(self._values.items())), dict(sorted(self._errors.items()))
        return RunState(done, failed, of, values, errors, dict(self._told), self.over)


_ADD = {"done": Tally._done, "error": Tally._failed, "told": Tally._tells}
