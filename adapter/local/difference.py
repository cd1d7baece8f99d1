"""Two answers to the same event as lines of text, much as `curl -i` shows them; where they differ.

What differs each time is left out, and JSON is compared as the value it is, unless one is strict.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ResultError
from ..events import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..message import Response

VOLATILE = frozenset({
    "age", "date", "expires", "server-timing", "traceparent", "traceresponse", "x-amz-apigw-id",
    "x-amz-cf-id", "x-amz-request-id", "x-amzn-requestid", "x-amzn-trace-id", "x-correlation-id",
    "x-process-time", "x-request-id", "x-response-time", "x-runtime",
})  # fmt: skip
"""Headers that differ from one answer to the next: times, and ids of a request."""

_VOLATILE_FIELDS = ("requestId", "stackTrace")  # of an error document; lines move when code does
_ID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@dataclass(frozen=True)
class Rules:
    """What counts as a difference. `ignored` are header names in lower case."""

    strict: bool = False
    ignored: frozenset[str] = frozenset()

    def counts(self, name: str) -> bool:
        return name not in self.ignored and (self.strict or name not in VOLATILE)


def difference(captured: list[str], answered: list[str], captured_at: str) -> list[str]:
    """A unified diff, for a terminal; [] if there is none."""
    before = f"captured {captured_at}".rstrip()
    lines = difflib.unified_diff(captured, answered, before, "now", lineterm="")
    return [_shown(line) for line in lines]


def lines_of(result: Any, kind: str | None, rules: Rules, *, failed: bool = False) -> list[str]:
    """A function's result: the response that a front end makes of it, or its JSON."""
    if failed:
        return ["the function failed", *_json_lines(_steady(result, rules), rules)]
    if kind is None:
        return _json_lines(result, rules)
    try:
        return list(_response_lines(KINDS[kind].decode_response(result), rules))
    except ResultError as error:
        return [f"{kind} refuses the result: {error}", *_json_lines(result, rules)]


def _steady(document: Any, rules: Rules) -> Any:
    """An error document without what differs each time."""
    if rules.strict or not isinstance(document, dict):
        return document
    kept = {name: value for name, value in document.items() if name not in _VOLATILE_FIELDS}
    if isinstance(kept.get("errorMessage"), str):
        kept["errorMessage"] = _ID.sub("…", kept["errorMessage"])
    return kept


def _response_lines(response: Response, rules: Rules) -> Iterator[str]:
    yield f"status: {response.status}"
    for name, value in sorted(response.headers, key=lambda pair: pair[0]):
        if rules.counts(name):
            yield f"{name}: {_header_text(value)}"
    body = b"".join(response.body)
    if body:
        yield ""
        yield from _body_lines(body, rules)


def _header_text(value: str) -> str:
    """A native string as it is meant: as UTF-8, else as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _body_lines(body: bytes, rules: Rules) -> list[str]:
    """Text line by line; a JSON object or list indented; of anything else its size and hash."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return [f"{len(body):,} bytes, SHA-256 {hashlib.sha256(body).hexdigest()}"]
    try:
        value = None if rules.strict else json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return _json_lines(value, rules) if isinstance(value, dict | list) else text.split("\n")


def _json_lines(value: Any, rules: Rules) -> list[str]:
    sort = not rules.strict
    try:
        return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=sort).split("\n")
    except RecursionError:  # indenting goes less deep
        return [json.dumps(value, ensure_ascii=False, sort_keys=sort)]


def _shown(line: str) -> str:
    """A line in which nothing can command a terminal."""
    if line.isprintable():
        return line
    return "".join([_visible(character) for character in line])


def _visible(character: str) -> str:
    if character.isprintable() or character == "\t":
        return character
    return character.encode("unicode_escape").decode()
