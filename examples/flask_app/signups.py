"""Who signed up for what: the values, the rules for names, and which store keeps them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

LONGEST = 200  # characters; at most 800 bytes, and a DynamoDB sort key holds 1024


@dataclass(frozen=True)
class Person:
    name: str
    since: str  # ISO 8601, UTC


class Signups(Protocol):
    """What the app asks of a store. Both stores sort by the bytes of the name."""

    def add(self, event: str, person: Person) -> bool:
        """False if that name was there already; the first sign-up stays as it was."""

    def remove(self, event: str, name: str) -> bool:
        """False if there was nobody to remove."""

    def find(self, event: str, name: str) -> Person | None: ...

    def people(self, event: str) -> list[Person]: ...

    def events(self) -> dict[str, int]:
        """Each event with the number of people signed up for it."""


class BadNameError(ValueError):
    """A name that cannot be stored, or could not be reached by its URL."""


def clean(field: str, value: object) -> str:
    """The event's or the person's name as it is stored."""
    if not isinstance(value, str):
        raise BadNameError(f"{field} must be a string")
    # Without NFC, Zoë typed on two keyboards could sign up twice.
    text = unicodedata.normalize("NFC", value).strip()
    problem = _problem(field, text)
    if problem:
        raise BadNameError(f"{field} {problem}")
    return text


def _problem(field: str, text: str) -> str | None:
    if not text:
        return "must not be empty"
    if len(text) > LONGEST:
        return f"must not be longer than {LONGEST} characters"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        return "must not hold control characters"
    if text in (".", ".."):  # browsers and curl resolve these before they send the URL
        return "must not be . or .."
    if field == "event" and "/" in text:  # /api/events/<event>/<name> could not be told apart
        return "must not hold a slash"
    return None


def open_signups(environ: Mapping[str, str]) -> Signups:
    """The store this environment asks for; the other one is not even imported."""
    if wants_dynamodb(environ):
        from signups_dynamodb import open_dynamodb

        table = environ.get("TABLE_NAME", "signups")
        return open_dynamodb(table, environ.get("DYNAMODB_ENDPOINT_URL"))
    from signups_sqlite import open_sqlite

    beside = Path(__file__).with_name("signups.sqlite3")
    return open_sqlite(environ.get("SQLITE_PATH") or str(beside))


def wants_dynamodb(environ: Mapping[str, str]) -> bool:
    # `adapter dev` sets the function's name too, and ADAPTER_LOCAL to say it is not AWS.
    on_aws = "AWS_LAMBDA_FUNCTION_NAME" in environ and "ADAPTER_LOCAL" not in environ
    return on_aws or bool(environ.get("DYNAMODB_ENDPOINT_URL"))
