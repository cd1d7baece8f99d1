"""Percent-encoding of RFC 3986, over text whose bytes are what counts.

`urllib.parse` does the same, at 7 ms of a cold start (`benchmarks/imports.py`).
"""

from __future__ import annotations

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_ENCODED = [f"%{byte:02X}" for byte in range(256)]
# A path may hold sub-delims, ':', '@' (RFC 3986, 3.3) and the '/' between its segments.
_PLAIN_IN_PATH = _UNRESERVED + b"!$&'()*+,;=:@/"
_IN_QUERY = [chr(byte) if byte in _UNRESERVED else _ENCODED[byte] for byte in range(256)]
_IN_PATH = [chr(byte) if byte in _PLAIN_IN_PATH else _ENCODED[byte] for byte in range(256)]
# What a client already encoded stays; what HTTP does not allow in a request target is encoded.
_IN_TARGET = [chr(byte) if 0x20 < byte < 0x7F else _ENCODED[byte] for byte in range(256)]
_HEX = {f"{byte:02x}".encode(): bytes([byte]) for byte in range(256)}


def text_to_bytes(text: str) -> bytes:
    """UTF-8; a lone surrogate (JSON can carry one) becomes the byte it escapes, or '?'."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def bytes_to_text(data: bytes) -> str:
    """The inverse of `text_to_bytes`: what is not UTF-8 is carried as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def latin_1_or_utf_8(text: str) -> str:
    """Header text as a native string: as Latin-1 if it fits, else its UTF-8 bytes."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("latin-1")
    return text


def quote_path(text: str) -> str:
    """A decoded path, encoded: '/a b/é' → '/a%20b/%C3%A9'."""
    if text.isascii() and not text.encode().translate(None, _PLAIN_IN_PATH):  # nothing is left
        return text
    return "".join([_IN_PATH[byte] for byte in text_to_bytes(text)])


def quote_query(text: str) -> str:
    """A decoded key or value of a query, encoded: 'a&b' → 'a%26b'."""
    if text.isascii() and not text.encode().translate(None, _UNRESERVED):
        return text
    return "".join([_IN_QUERY[byte] for byte in text_to_bytes(text)])


def quote_target(text: str) -> str:
    """An encoded path or query in which some byte may still be raw: '/é%20' → '/%C3%A9%20'."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    return "".join([_IN_TARGET[byte] for byte in text_to_bytes(text)])


def unquote(text: str) -> bytes:
    """The bytes that an encoded path stands for; a '%' without two hex digits stays."""
    data = text_to_bytes(text)
    if b"%" not in data:
        return data
    first, *rest = data.split(b"%")
    pieces = [first]
    for piece in rest:
        byte = _HEX.get(piece[:2].lower())
        pieces.append(b"%" + piece if byte is None else byte + piece[2:])
    return b"".join(pieces)


def unquote_text(path: str, encoding: str) -> str:
    """The text that an encoded, and so ASCII, path stands for."""
    return unquote(path).decode(encoding, "replace")


def unquote_query(text: str) -> str:
    """A key or value of a query, decoded as REST APIs do: '+' is a space."""
    return bytes_to_text(unquote(text.replace("+", " ")))


def parse_query(query: str) -> list[tuple[str, str]]:
    """'a=1&b' → [('a', '1'), ('b', '')], decoded, in order."""
    pairs = [piece.partition("=") for piece in query.split("&") if piece]
    return [(unquote_query(key), unquote_query(value)) for key, _, value in pairs]


def join_query(pairs: list[tuple[str, str]]) -> str:
    """The inverse of `parse_query`, up to the spelling that a decoded query has lost."""
    text = "&".join([f"{key}={value}" for key, value in pairs])
    if (
        text.isascii()
        and not text.encode().translate(None, _UNRESERVED + b"=&")
        and text.count("=") == text.count("&") + 1 == len(pairs)
    ):
        return text  # there is no '=' or '&' in it but those between
    return "&".join([f"{quote_query(key)}={quote_query(value)}" for key, value in pairs])
