"""A request as a curl command for a POSIX shell, which sends the same bytes.

https://curl.se/docs/manpage.html
"""

from __future__ import annotations

import shlex
from base64 import b64encode
from typing import TYPE_CHECKING

from ...percent import text_to_bytes
from .content import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...message import Request

_LONGEST = 100_000
"""Bytes of a body as an argument: Linux takes 128 KiB in one (MAX_ARG_STRLEN, execve(2))."""

# What curl sends unasked; a header without a value takes it out.
_OWN = ("user-agent", "accept")


def curl(request: Request) -> str:
    """The command, one option a line. Needs `base64` where the body is binary or long."""
    lines = ["curl " + _how(request), *_headers(request)]
    before = ""
    if _as_argument(request.body):
        lines.append(f"--data-raw {quoted(request.body)}")
    elif request.body:
        before = f"printf %s {b64encode(request.body).decode()} | base64 -d | "
        lines.append("--data-binary @-")
    elif value_of(request.headers, "content-length"):
        lines.append("--data-raw ''")
    return before + " \\\n  ".join(lines)


def quoted(data: bytes) -> str:
    """A word for the shell that stands for these bytes, whatever they are (but for NUL)."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if text and all(character.isprintable() or character == "\n" for character in text):
        return shlex.quote(text)
    return f"\"$(printf '{''.join(map(_octal, data))}')\"" if data else "''"


def _octal(byte: int) -> str:
    """Of a format of printf's: a plain character as it is."""
    character = chr(byte)
    return character if character.isascii() and character.isalnum() else f"\\{byte:03o}"


def _as_argument(body: bytes) -> bool:
    """Whether a shell, and who pastes into it, takes the body for what it is."""
    if not 0 < len(body) <= _LONGEST:
        return False
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character == "\n" for character in text)


def _how(request: Request) -> str:
    words = ["-g", "--path-as-is"]  # [], {} and /../ are meant as they are
    words += _method(request)
    if request.http_version == "1.0":
        words.append("--http1.0")
    target = f"{request.path}?{request.query}" if request.query else request.path
    if "#" in target:  # no URL can have it there, and a request can
        words += ["--request-target", shlex.quote(target)]
        target = "/"
    return " ".join([*words, shlex.quote(f"{request.scheme}://{_netloc(request)}{target}")])


def _method(request: Request) -> list[str]:
    if request.method == "HEAD":
        if not request.body and not value_of(request.headers, "content-length"):
            return ["--head"]
        # With a body curl waits for one: until the server hangs up.
        return ["-X HEAD", "--ignore-content-length", "-H 'Connection: close'"]
    return [] if request.method == _implied(request) else [f"-X {shlex.quote(request.method)}"]


def _implied(request: Request) -> str:
    return "POST" if request.body or value_of(request.headers, "content-length") else "GET"


def _address(request: Request) -> str:
    host, port = request.server
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"


def _netloc(request: Request) -> str:
    """Where the server is: as the client named it, if that is this machine for everybody."""
    named = value_of(request.headers, "host")
    return named if named == f"localhost:{request.server[1]}" else _address(request)


def _headers(request: Request) -> Iterator[str]:
    names = {name for name, _ in request.headers}
    for name, value in request.headers:
        same_host = name == "host" and value == _netloc(request)
        if name != "content-length" and not same_host:
            yield f"-H {_header(name, value)}"
    has_body = request.body or "content-length" in names
    for name in (*_OWN, "content-type") if has_body else _OWN:
        if name not in names:
            yield f"-H '{name}:'"


def _header(name: str, value: str) -> str:
    """With a ';' for an empty value, which a ':' would take out."""
    data = value.encode("latin-1")
    return quoted(f"{name}: ".encode() + data if data else text_to_bytes(f"{name};"))
