"""Any value as JSON or as text, whatever is in it: a log line is never lost for its content."""

from __future__ import annotations

import json

from ..errors import ends_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DEPTH = 50

# Not ensure_ascii: people read this. Not NaN: Lambda takes a line with it for plain text.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode


def dumps(document: dict[str, Any]) -> str:
    """`document` as one line of JSON; what JSON has no form for is text in it."""
    try:
        return _encode(document)
    except Exception:  # noqa: BLE001  # a cycle, a NaN, a key that is a tuple, a __str__ that raises
        return _encode(_plain(document, ()))


def text(value: object) -> str:
    """`str(value)` that can't fail and can be encoded: of a lone surrogate the escape is left."""
    try:
        said = str(value)
    except BaseException as error:  # whatever somebody's __str__ raises
        if ends_process(error):
            raise
        said = f"<{type(value).__name__} whose str() raised {type(error).__name__}>"
    return said.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(value: Any, above: tuple[int, ...]) -> Any:
    """The value with all in it that the encoder refuses as text; `above` are what it is part of."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | int | float):
        return value if _encodes(value) else text(value)
    if not isinstance(value, dict | list | tuple) or id(value) in above or len(above) > _DEPTH:
        return text(value)
    above = (*above, id(value))
    if isinstance(value, dict):
        return {_key(key): _plain(each, above) for key, each in value.items()}
    return [_plain(each, above) for each in value]


def _key(key: object) -> str:
    return key if isinstance(key, str) else text(key)


def _encodes(value: str | float) -> bool:
    try:
        _encode(value)
    except Exception:  # noqa: BLE001  # NaN, or more digits than Python writes out
        return False
    return True
