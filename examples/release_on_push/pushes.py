"""What a delivery says: a push of a commit to a branch, or something else.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_BRANCH = "refs/heads/"


@dataclass(frozen=True)
class Push:
    """A branch of a repository is at this commit now."""

    repository: str
    branch: str
    commit: str


class DeliveryError(Exception):
    """It can't be read."""


def of_github(headers: Mapping[str, str], body: bytes) -> list[Push]:
    """One push; none of a ping, of another event, of a tag, or of a branch that was deleted.

    Raises DeliveryError.
    """
    return _read(_github, body) if headers.get("x-github-event") == "push" else []


def _github(found: Mapping[str, Any]) -> list[Push]:
    ref, repository = found["ref"], found["repository"]["full_name"]
    if not ref.startswith(_BRANCH) or found["deleted"]:
        return []
    return [Push(repository, ref.removeprefix(_BRANCH), found["after"])]


def of_bitbucket(headers: Mapping[str, str], body: bytes) -> list[Push]:
    """One for each branch that was pushed. Raises DeliveryError."""
    return _read(_bitbucket, body) if headers.get("x-event-key") == "repo:push" else []


def _bitbucket(found: Mapping[str, Any]) -> list[Push]:
    repository = found["repository"]["full_name"]
    news = (change["new"] for change in found["push"]["changes"])
    return [
        Push(repository, new["name"], new["target"]["hash"])
        for new in news
        if new and new["type"] == "branch"  # a branch that was deleted has nothing new
    ]


def _read(read: Callable[[Mapping[str, Any]], list[Push]], body: bytes) -> list[Push]:
    found = _object(body)
    try:
        return read(found)
    except (KeyError, TypeError, AttributeError) as error:
        raise DeliveryError(f"this is no push as it is documented: {error!r}") from None


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise DeliveryError(
            "this is no JSON: set the webhook's content type to application/json"
        ) from None
    if not isinstance(found, dict):
        raise DeliveryError("this is no object of JSON")
    return found
