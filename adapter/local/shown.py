"""What `adapter invoke` writes to standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ResultError
from ..events.stream import decode_head
from .inputs import pretty, put

if TYPE_CHECKING:
    from .once import Answer


class Raw:
    """Every byte as the function gave it."""

    def piece(self, data: bytes) -> None:
        put(data)

    def end(self, answer: Answer) -> None:
        if answer.failed or answer.pieces is None:
            put(answer.outcome.body, err=answer.pieces is not None)


class Pretty:
    """JSON, indented; of a streamed answer the head, an empty line, and the body as it comes."""

    def __init__(self) -> None:
        self._begun = False
        self._data = b""  # what is not shown yet; then the last piece that was

    def piece(self, data: bytes) -> None:
        if self._begun:
            put(data)
            self._data = data or self._data
            return
        self._data += data
        try:
            found = decode_head(self._data)
        except ResultError:
            found = {}, self._data
        if found:
            self._show(*found)

    def _show(self, head: dict[str, Any], body: bytes) -> None:
        self._begun, self._data = True, body or b"\n"
        put(pretty(head) + b"\n" + body if head else body)

    def end(self, answer: Answer) -> None:
        """The result; after a stream, why it broke off."""
        if answer.pieces is not None:
            if not self._begun:
                self._show({}, self._data)
            if not self._data.endswith(b"\n"):
                put(b"\n")
        if answer.pieces is None or answer.failed:
            put(pretty(answer.result), err=answer.pieces is not None)
