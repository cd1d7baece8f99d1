"""Settings with their Sub texts filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import Sub

_NAME = re.compile(r"\$\{([^}]+)\}")


def filled(value: Any, known: Mapping[str, str]) -> Any:
    """The same value, with text in place of each Sub. What isn't known stays a Sub."""
    if isinstance(value, Sub):
        return _text(value, known)
    if isinstance(value, Mapping):
        return {name: filled(each, known) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [filled(each, known) for each in value]
    return value


def _text(value: Sub, known: Mapping[str, str]) -> str | Sub:
    text = _NAME.sub(lambda found: known.get(found[1], found[0]), value.text)
    return Sub(text) if any(name not in known for name in _NAME.findall(value.text)) else text


def names(value: Any) -> set[str]:
    """What the Sub texts within a value refer to: {"AWS::Region", "http_api:shop-dev"}."""
    if isinstance(value, Sub):
        return set(_NAME.findall(value.text))
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return set().union(*map(names, value))
    return set()
