"""Tags as most of AWS's services have them: a list of keys and values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """[{"Key": "adapter:app", "Value": "shop"}]"""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_of(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """{"adapter:app": "shop"}"""
    return {tag["Key"]: tag["Value"] for tag in found}
