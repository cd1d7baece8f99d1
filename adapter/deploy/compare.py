"""What is wanted, compared with what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """By key: what it is, what it is to be; of the keys that are wanted."""
    return {
        key: (found.get(key), value)
        for key, value in wanted.items()
        if _plain(found.get(key)) != _plain(value)
    }


def _plain(value: Any) -> Any:
    """Tuples as lists, so that they compare."""
    return list(value) if isinstance(value, tuple) else value
