"""What a source of events is: a row of the table in `sources`, and what a request is made by."""

from __future__ import annotations

import json

from ..errors import AppError, EventError
from ..message import Request
from . import _cloudevent, _encode
from ._item import Item, as_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..message import Headers, Response

    Attributes = dict[str, object]
    Records = Callable[[Any], list[tuple[str, Any]]]

PARTIAL = "partial"
"""A batch that a poller has: it wants to hear which records failed, if its mapping says so."""
EACH = "each"
"""Whoever sent it hears no more than whether all was done: a failure fails the invocation."""
ANSWER = "answer"
"""The same; the app's answer is the result if it is JSON: a direct call or a destination has it."""
REPLY = "reply"
"""Whoever sent it waits for a result: the app's answer, which has to be JSON."""
RETURN = "return"
"""The same; no body stands for the event, unchanged, which is what is waited for."""


class Source:
    """A row of the table.

    name         the first segment of the path, and of what events of it have in common
    told         by what its events are recognised, for the reader
    matches      whether an event is one; asked in the order of the table
    result       PARTIAL, EACH, ANSWER, REPLY or RETURN
    records      the records of an event, each with the key it stood under; None if an event is one
    called       the second segment of the path: a queue's name, say; '' if it can't be told
    called_by    what that is, for the reader
    body         bytes, and the media type if it does not go by them
    attributes   CloudEvents', without the prefix `ce-`
    more         headers besides
    group        what has to stay in order stops at its first failure; None for no order
    identifier   what the record is called in `batchItemFailures`
    words        what an EventError calls such an event, where it isn't answered
    """

    def __init__(
        self,
        name: str,
        told: str,
        matches: Callable[[Any], bool],
        result: str,
        *,
        records: Records | None = None,
        called: Callable[[Item], str] = lambda item: item.function,
        called_by: str = "function",
        body: Callable[[Item], tuple[bytes, str]] = as_json,
        attributes: Callable[[Item], Attributes] = lambda item: {},
        more: Callable[[Item], Headers] = lambda item: (),
        group: Callable[[Item], str | None] = lambda item: None,
        identifier: Callable[[Item], str] = lambda item: "",
        words: str = "",
    ) -> None:
        self.name = name
        self.told = told
        self.matches = matches
        self.result = result
        self.records = records
        self.called = called
        self.called_by = called_by
        self.body = body
        self.attributes = attributes
        self.more = more
        self.group = group
        self.identifier = identifier
        self.words = words

    def items(self, event: Any, context: Any) -> list[Item]:
        """Raises EventError. What they are called is read now: the app gets the event to change."""
        assert self.records is not None
        items = [
            Item(event, context, record, number, where)
            for number, (where, record) in enumerate(self.records(event))
        ]
        for item in items:
            item.group, item.name = self.group(item), self.identifier(item)
        return items

    def request_of(self, item: Item) -> Request:
        """Raises EventError, and BadRequestError for a body that can't be decoded."""
        name = self.called(item)
        if not name:
            raise EventError(f"a record from {self.name} does not name its {self.called_by}")
        if not {".", ".."}.isdisjoint(name.split("/")):  # of which a router makes another path
            raise EventError(f"{name!r} is no name for the path of an event from {self.name}")
        body, media_type = self.body(item)
        attributes: Attributes = {
            "id": item.fallback_id,
            "source": f"aws:{self.name}",
            "type": f"com.amazonaws.{self.name}",
        }
        attributes.update({key: value for key, value in self.attributes(item).items() if value})
        return Request(
            "POST",
            _cloudevent.path_of(self.name, name),
            headers=(
                ("host", "localhost"),
                *_cloudevent.headers_of(attributes),
                *self.more(item),
                *_cloudevent.body_headers(body, media_type),
            ),
            body=body,
            event=item.event,
            context=item.context,
        )

    # Of an event that is one record

    def decode_request(self, event: Any, context: Any = None) -> Request:
        """Raises EventError."""
        return self.request_of(Item(event, context, event))

    def encode_response(self, response: Response, event: Any) -> Any:
        """The result. Raises AppError for an answer that is to be JSON and is none."""
        status, _, text, encoded, _ = _encode.parts_of(response, "POST")
        if self.result == EACH or not 200 <= status <= 299:
            return None
        if not text:
            return event if self.result == RETURN else None
        try:
            return _value_of("" if encoded else text)
        except (ValueError, RecursionError) as error:
            if self.result == ANSWER:
                return None
            raise AppError(
                f"the app's answer is the result of an event from {self.name}, and has to be "
                f"JSON; it is none: {error}"
            ) from None

    def tells_status(self, event: Any) -> bool:
        return False

    def error_of(self, status: int) -> str:
        """The words that the sender takes for more than a failure, if there are such.

        API Gateway answers its client with 401 for an authorizer's error of this very text:
        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
        """
        return "Unauthorized" if self.name == "authorizer" and status == 401 else ""


def _value_of(text: str) -> Any:
    """Raises ValueError, for NaN and its like, too, which JSON has not."""
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
