"""One record of an event that is no HTTP request, and how its fields are read.

AWS writes the fields, but not each test event and emulator does: a missing or wrong one is '' here,
and an EventError where there is no request without it.
"""

from __future__ import annotations

import json
import os
from binascii import a2b_base64

from ..errors import BadRequestError, EventError
from ..percent import text_to_bytes
from ._cloudevent import JSON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

UNPACKED_LIMIT = 64 * 1024 * 1024
"""Bytes of what came compressed: less than fit into a small function's memory."""


class Item:
    """A record; of an event that is one, the event itself.

    where   the key that it stood under, in an event that has its records so: 'topic-0'
    number  its place in the event, from 0
    group   what it has to stay in order with; None for no order
    name    what it is called in `batchItemFailures`; '' if it is not
    tried   whether it was begun
    done    whether the app has answered it with a 2xx; if not, `reason` says what happened
    """

    __slots__ = (
        "context", "done", "event", "group", "name", "number", "reason", "record", "tried", "where",
    )  # fmt: skip

    def __init__(
        self, event: Any, context: Any, record: Any, number: int = 0, where: str = ""
    ) -> None:
        self.event = event
        self.context = context
        self.record = record
        self.number = number
        self.where = where
        self.group: str | None = None
        self.name = ""
        self.tried = False
        self.done = False
        self.reason = ""

    def value(self, *path: str) -> Any:
        """What is there in the record; None if nothing is."""
        return within(self.record, path)

    def text(self, *path: str) -> str:
        """The same for text; '' if it is none."""
        value = within(self.record, path)
        return value if isinstance(value, str) else ""

    @property
    def function(self) -> str:
        """The function's name, for sources that have none of their own."""
        told = getattr(self.context, "function_name", None)
        if isinstance(told, str) and told:
            return told
        return os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or "function"

    @property
    def fallback_id(self) -> str:
        """An id where the record has none: the same when Lambda tries the event again."""
        request = getattr(self.context, "aws_request_id", None) or os.urandom(8).hex()
        return f"{request}.{self.number}"


def within(value: Any, path: Iterable[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def last_of(arn: str, after: str = "") -> str:
    """The name in an ARN: its last part, or the part behind `after`.

    'arn:aws:sqs:us-east-1:123456789012:orders' → 'orders'
    'arn:aws:dynamodb:us-east-1:123456789012:table/people/stream/2024', '/' → 'people'
    """
    if not after:
        return arn.rpartition(":")[2]
    resource = arn.split(":", 5)[-1]
    return [*resource.split(after), ""][1] or resource


# Bodies: bytes, and the media type where it does not go by what they look like


def as_json(item: Item) -> tuple[bytes, str]:
    return json_of(item.record)


def json_of(value: Any) -> tuple[bytes, str]:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode(), JSON
    except UnicodeEncodeError:  # a lone surrogate, which JSON can escape
        return json.dumps(value, separators=(",", ":")).encode(), JSON


def from_text(item: Item, *path: str) -> tuple[bytes, str]:
    value = item.value(*path)
    if not isinstance(value, str):
        raise BadRequestError(f"the record has no text at {'.'.join(path)!r}")
    return text_to_bytes(value), ""


def from_base64(item: Item, *path: str) -> tuple[bytes, str]:
    """Null is an empty body: Kafka has such records."""
    value = item.value(*path)
    if value is None:
        return b"", ""
    if not isinstance(value, str):
        raise BadRequestError(f"the record has no text at {'.'.join(path)!r}")
    return decoded(value), ""


def decoded(text: str) -> bytes:
    """Raises BadRequestError."""
    try:
        return a2b_base64(text, strict_mode=True) if text else b""
    except ValueError as error:
        raise BadRequestError(f"the record's data is no base64: {error}") from None


def from_gzip(text: object) -> bytes:
    """Raises BadRequestError, and for what is larger than UNPACKED_LIMIT, too."""
    import zlib

    if not isinstance(text, str):
        raise BadRequestError("the event's data is no text")
    unpacker = zlib.decompressobj(47)  # of gzip, and of zlib's own form
    try:
        data = unpacker.decompress(decoded(text), UNPACKED_LIMIT)
    except zlib.error as error:
        raise BadRequestError(f"the event's data is no gzip: {error}") from None
    if unpacker.unconsumed_tail:
        raise BadRequestError(f"the event's data unpacks to over {UNPACKED_LIMIT:,} bytes")
    if not unpacker.eof:
        raise BadRequestError("the event's data is only the beginning of gzip")
    return data


def records_in(event: Any, name: str) -> list[tuple[str, Any]]:
    """[(where, record)] of a list in the event. Raises EventError."""
    records = event.get(name)
    if not isinstance(records, list):
        raise EventError(f"the event's {name!r} is no list")
    return [("", record) for record in records]


def records_by_key(event: Any, name: str) -> list[tuple[str, Any]]:
    """The same of lists in an object. Raises EventError."""
    lists = event.get(name)
    if not isinstance(lists, dict) or not all(isinstance(each, list) for each in lists.values()):
        raise EventError(f"the event's {name!r} is no object of lists")
    return [(key, record) for key, records in lists.items() for record in records]
