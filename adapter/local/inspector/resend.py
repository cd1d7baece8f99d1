"""A request that somebody wrote on the page, as a value."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from ...message import Request
from ...percent import quote_target
from ...requests import HOP_BY_HOP, native

if TYPE_CHECKING:
    from ...message import Headers

# https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def request_of(told: Any, like: Request) -> Request:
    """What {method, url, headers: [[name, value]], text or base64} asks for.

    What it doesn't tell is as in `like`. Raises ValueError, which says what is wrong.
    """
    if not isinstance(told, dict):
        raise ValueError("the request is no JSON object")
    path, query = _target(_text(told, "url"))
    body = _body(told)
    return Request(
        _method(_text(told, "method")), path, query, _headers(told.get("headers"), body), body,
        root_path=like.root_path, client=like.client, server=like.server, scheme=like.scheme,
        http_version=like.http_version,
    )  # fmt: skip


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str):
        raise ValueError(f"the request's {name} is no text")
    return value.strip()


def _method(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{text!r} is no HTTP method")
    return text


def _target(url: str) -> tuple[str, str]:
    """Path and query of a path or of a whole URL, whose host the header tells."""
    if not url.startswith("/"):
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in ("http", "https"):
            raise ValueError(f"{url!r:.80} is no path: it begins with /, or is a URL with http://")
        url = rest[re.search(r"[/?#]|$", rest).start() :]  # type: ignore[union-attr]
    path, _, query = url.partition("#")[0].partition("?")
    return quote_target(path or "/"), quote_target(query)


def _headers(told: Any, body: bytes) -> Headers:
    """As pairs, less those of the connection, and with the body's own length."""
    if not isinstance(told, list) or not all(_is_pair(pair) for pair in told):
        raise ValueError("the request's headers are no pairs of texts")
    pairs = [_header(name, value) for name, value in told]
    kept = [pair for pair in pairs if pair[0] not in HOP_BY_HOP and pair[0] != "content-length"]
    length = body or any(name == "content-length" for name, _ in pairs)
    return (*kept, *([("content-length", str(len(body)))] if length else []))


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(it, str) for it in pair)


def _header(name: str, value: str) -> tuple[str, str]:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is no header's name")
    if _CONTROL.search(value):
        raise ValueError(f"the header {name} holds a line break or control character")
    return name.lower(), native(value.strip(" \t"))


def _body(told: dict[str, Any]) -> bytes:
    if told.get("base64") is not None:
        try:
            return b64decode(_text(told, "base64"), validate=True)
        except ValueError:
            raise ValueError("the body is no base64") from None
    text = told.get("text", "")
    if not isinstance(text, str):
        raise ValueError("the request's body is no text")
    return text.encode("utf-8", "replace")
