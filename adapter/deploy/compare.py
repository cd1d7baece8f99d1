"""What is wanted, compared with what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from . import Found, Resource

TAGS = "tags"


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """By key: what it is, what it is to be; of the keys that are wanted."""
    return {
        key: (found.get(key), value)
        for key, value in wanted.items()
        if _plain(found.get(key)) != _plain(value)
    }


def of_tags(wanted: Resource, found: Found) -> dict[str, tuple[Any, Any]]:
    """The same of tags, all of them under one key. Others may have theirs on it besides."""
    there = {name: found.tags[name] for name in wanted.tags if name in found.tags}
    return {} if there == wanted.tags else {TAGS: (there, dict(wanted.tags))}


def _plain(value: Any) -> Any:
    """Tuples as lists, so that they compare."""
    return list(value) if isinstance(value, tuple) else value
