"""Requests out of what somebody wrote: a URL, headers, a body.

For the test client and `adapter event`, which stand where a client stands.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .message import Request
from .percent import quote_target, text_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Pair = tuple[str, str]

# A hop's own business: a front end reads them and does not pass them on.
HOP_BY_HOP = frozenset({"connection", "expect", "keep-alive", "te", "transfer-encoding", "upgrade"})

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._~\-]+)(:[0-9]{1,5})?")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def request_to(
    method: str,
    url: str,
    headers: Iterable[Pair],
    body: bytes,
    *,
    query: str | None = None,
    root_path: str = "",
    client: str = "203.0.113.1",
) -> Request:
    """The request that a client sends to `url`, percent-encoded or not. Raises ValueError.

    `query` replaces the one in the URL; `root_path` comes before its path.
    """
    target = urlsplit(url)
    return Request(
        method.upper(),
        root_path + quote_target(target.path or "/"),
        quote_target(target.query if query is None else query),
        tuple(headers),
        body,
        root_path=root_path,
        client=(client, None),
        server=(target.hostname or "testserver", target.port),
        scheme=target.scheme or "https",
    )


def native(text: str) -> str:
    """Header text as a native string: a character for each byte of its UTF-8."""
    return text if text.isascii() else text_to_bytes(text).decode("latin-1")


def unless_named(own: Iterable[Pair], sent: Iterable[tuple[str, object]]) -> list[Pair]:
    """Of the headers that a client sends unasked those that it was not told."""
    named = {name for name, _ in sent}
    return [pair for pair in own if pair[0] not in named]


def request_of_words(
    method: str,
    path: str,
    lines: Sequence[str] = (),
    body: bytes | None = None,
    *,
    is_json: bool = False,
    agent: str = "adapter",
    host: str = "api.example.com",
    client: str = "203.0.113.7",
    stage: str = "",
) -> Request:
    """What curl would send if it were told so. Raises ValueError, which says what is wrong."""
    given = [_header(line) for line in lines]
    url = _url(path, _host(dict(given).get("host") or host))
    own = [("host", urlsplit(url).netloc), ("user-agent", agent), *_unasked(body, is_json)]
    told = [(name, value) for name, value in given if value is not None and name not in HOP_BY_HOP]
    return request_to(
        _token(method, "HTTP method"),
        url,
        unless_named(own, given) + told,
        body or b"",
        root_path=f"/{stage}" if stage else "",
        client=str(ip_address(client)),
    )


def _url(path: str, host: str) -> str:
    """`path` as a URL, if it is none; its fragment stays with the client."""
    if path.startswith("/"):
        return f"https://{host}{path}"
    scheme, separator, rest = path.partition("://")
    if not separator or scheme not in ("http", "https"):
        raise ValueError(f"{path!r} is no path: it begins with /, or is a URL with https://")
    _host(re.split("[/?#]", rest, maxsplit=1)[0])
    return path


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError(f"{text!r} is no host: a name or an address, and a :port if you like")
    return text


def _token(text: str, kind: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{text!r} is no {kind}")
    return text


def _header(line: str) -> tuple[str, str | None]:
    """'Name: value' as a pair. As with curl, 'Name:' leaves it out, and 'Name;' is an empty one."""
    name, colon, value = line.partition(":")
    if not colon and line.endswith(";"):
        return _token(line[:-1], "header's name").lower(), ""
    if not colon:
        raise ValueError(f"{line!r} is no header: write 'Name: value'")
    if _CONTROL.search(value):
        raise ValueError(f"the header {line!r} holds a line break or control character")
    return _token(name, "header's name").lower(), native(value.strip(" \t")) or None


def _unasked(body: bytes | None, is_json: bool) -> list[Pair]:
    """What curl sends besides host and user-agent."""
    if body is None:
        return [("accept", "*/*")]
    form = "application/x-www-form-urlencoded"
    return [
        ("accept", "application/json" if is_json else "*/*"),
        ("content-type", "application/json" if is_json else form),
        ("content-length", str(len(body))),
    ]
