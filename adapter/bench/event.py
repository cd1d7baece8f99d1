"""The event that is sent again and again, and whether the answer to it is one."""

from __future__ import annotations

import json
from typing import Any

from ..errors import ResultError
from ..events import KINDS
from ..events._gateway import forwarded
from ..events.stream import decode_head
from ..requests import request_of_words
from . import BenchError


def get(kind: str, path: str) -> Any:
    """What a front end of this kind makes of `GET path`. Raises BenchError."""
    if kind not in KINDS:
        raise BenchError(f"a {kind} has no GET: write its event to a file, and say --event FILE")
    try:
        return KINDS[kind].encode_request(forwarded(request_of_words("GET", path)))
    except ValueError as error:
        raise BenchError(f"--path: {error}") from None


def refusal(result: bytes, path: str) -> str:
    """Why the answer is none whose time says anything, in words; "" for a good one.

    result  as a caller of Lambda gets it: JSON, or a streamed answer with its head
    """
    status = _status(result)
    if status >= 500:
        return f"the app answered {status} to GET {path}: its log says why (adapter dev shows it)"
    if status >= 400:
        return f"the app answered {status} to GET {path}: name a path that it serves (--path)"
    return ""


def _status(result: bytes) -> int:
    """The HTTP status; 0 for what has none, as the result of a function(event, context)."""
    try:
        told = json.loads(result)
    except (ValueError, RecursionError):
        told = _head(result)
    found = told.get("statusCode") if isinstance(told, dict) else None
    return found if isinstance(found, int) else 0


def _head(result: bytes) -> Any:
    try:
        return (decode_head(result) or ({}, b""))[0]
    except ResultError:
        return {}
