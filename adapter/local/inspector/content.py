"""Bytes as the page shows them: text, an image, or so many bytes in hexadecimal."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...message import Headers

MOST = 1 << 20
"""Bytes of one body that the page shows; it offers the rest as a file."""

IMAGES = frozenset({
    "image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/svg+xml",
    "image/webp", "image/x-icon", "image/vnd.microsoft.icon",
})  # fmt: skip
"""What browsers show in an <img>, in which nothing of it is run."""

_HEX = 1024
_NEARLY = MOST - 65_536  # a streamed answer is kept so far, its head included
_ENCODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 47}  # as zlib's wbits: 32 adds detection


def value_of(headers: Headers, name: str) -> str:
    return ", ".join([value for key, value in headers if key == name])


def media_type_of(headers: Headers) -> str:
    """'text/html'; '' if they don't say."""
    return value_of(headers, "content-type").partition(";")[0].strip().lower()


def shown(body: bytes, headers: Headers = ()) -> dict[str, Any]:
    """What the page needs of a body.

    form     empty, text, image or binary
    size     in bytes, as it came
    text     of text, and of an image that is one (SVG); at most MOST bytes
    hex      of binary: its beginning
    cut      whether `text` or `hex` is only the beginning
    decoded  the content-encoding that was undone to show it
    """
    told = {"size": len(body), "media_type": media_type_of(headers), "cut": False}
    data, decoded = _decoded(body, value_of(headers, "content-encoding").strip().lower())
    text, cut = _text(data)
    if decoded:
        told["decoded"] = decoded
    if not body:
        return {**told, "form": "empty"}
    if told["media_type"] in IMAGES:
        return {**told, "form": "image", "text": text, "cut": cut}
    if text is None:
        return {**told, "form": "binary", "hex": hexdump(data[:_HEX]), "cut": len(data) > _HEX}
    return {**told, "form": "text", "text": text, "cut": cut}


def _decoded(body: bytes, encoding: str) -> tuple[bytes, str]:
    """The beginning of what a compressed body holds, and the encoding; else the body itself."""
    if encoding not in _ENCODINGS:
        return body, ""
    try:
        return zlib.decompressobj(_ENCODINGS[encoding]).decompress(body, MOST + 1), encoding
    except zlib.error:
        return body, ""


def _text(data: bytes) -> tuple[str | None, bool]:
    """As text, and whether something is left out; None for what is no UTF-8."""
    cut = len(data) > MOST
    try:
        text = data[:MOST].decode()
    except UnicodeDecodeError as error:
        # A cut may go through a character, this one or the gateway's.
        if len(data) < _NEARLY or error.start < min(len(data), MOST) - 3:
            return None, cut
        text = data[: error.start].decode()
    return (None if "\0" in text else text), cut


def hexdump(data: bytes) -> str:
    """'00000000  68 65 6c 6c 6f …  |hello|', sixteen bytes a line."""
    return "\n".join(_hex_line(at, data[at : at + 16]) for at in range(0, len(data), 16))


def _hex_line(at: int, data: bytes) -> str:
    left, right = data[:8].hex(" "), data[8:].hex(" ")
    readable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
    return f"{at:08x}  {left:<23}  {right:<23}  |{readable}|"
