"""What an event that is no HTTP request has in its headers: CloudEvents 1.0, binary mode.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import json
import time

from ..percent import quote_path, text_to_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..message import Headers

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"

# Section 3.1.3.2: what is not printable ASCII is percent-encoded, and so are space, '"' and '%'.
_IN_VALUE = [
    chr(byte) if 0x20 < byte < 0x7F and byte not in b'"%' else f"%{byte:02X}" for byte in range(256)
]
_YEAR_10000_MS = 253_402_300_800_000


def headers_of(attributes: dict[str, object]) -> Headers:
    """{'id': '1'} → (('ce-specversion', '1.0'), ('ce-id', '1')); without those that are empty."""
    told = [(f"ce-{name}", value_of(str(value))) for name, value in attributes.items() if value]
    return (("ce-specversion", "1.0"), *told)


def value_of(text: str) -> str:
    return "".join([_IN_VALUE[byte] for byte in text_to_bytes(text)])


def body_headers(body: bytes, media_type: str = "") -> Headers:
    if not body:
        return ()
    return (("content-type", media_type or type_of(body)), ("content-length", str(len(body))))


def type_of(body: bytes) -> str:
    """JSON where it is an object or a list, which is what messages mostly are."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return BINARY
    if text.lstrip(" \t\r\n")[:1] in ("{", "["):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            return JSON
    return TEXT


def path_of(source: str, name: str) -> str:
    """('sqs', 'a/b') → '/sqs/a%2Fb': a name is one segment."""
    return f"/{source}/" + quote_path(name).replace("/", "%2F")


def moment_of(text: str) -> str:
    """'2023-08-04T12:36:15.490+0000' → '2023-08-04T12:36:15.490+00:00' (RFC 3339)."""
    if text[-5:-4] in ("+", "-") and text[-4:].isdecimal() and "T" in text:
        return f"{text[:-2]}:{text[-2:]}"
    return text


def time_of(milliseconds: object) -> str:
    """1705751708326 → '2024-01-20T11:55:08.326Z' (RFC 3339); '' for what is no such number."""
    if not isinstance(milliseconds, int) or not 0 <= milliseconds < _YEAR_10000_MS:
        return ""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:03d}Z"
