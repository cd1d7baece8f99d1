"""What the codecs share in reading an event: fields, headers, body, addresses.

Every field may be missing, null or empty, and that means the same (console tests, emulators and
hand-written events differ in nothing else). A field of the wrong type is an EventError that names
it.
"""

from __future__ import annotations

from binascii import a2b_base64

from ..errors import BadRequestError, EventError
from ..percent import text_to_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ..message import Address

    Pair = tuple[str, str]

_NOTHING: dict[str, Any] = {}
_JSON_NAMES = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list"}


def object_in(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object at `name`; {} for a missing or null one."""
    value = event.get(name)
    if value is None:
        return _NOTHING
    if isinstance(value, dict):
        return value
    raise _wrong(name, value, "an object")


def text_in(event: Mapping[str, Any], name: str) -> str:
    """The text at `name`; '' for a missing or null one."""
    value = event.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise _wrong(name, value, "text")


def _wrong(name: str, value: object, wanted: str) -> EventError:
    found = _JSON_NAMES.get(type(value), "an object")
    return EventError(f"the event's {name!r} is {found}; AWS sends {wanted} there")


def method_in(event: Mapping[str, Any], name: str) -> str:
    """The HTTP method at `name`, in capitals as HTTP's own are."""
    method = text_in(event, name)
    if method in _METHODS:
        return method
    if method.isascii() and method.isalnum():
        return method.upper()
    if method and _TOKEN.issuperset(method):
        return method.upper()
    raise EventError(f"the event's {name!r} is {method!r}, which is no HTTP method")


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def native(value: object) -> str:
    """A header's name or value as a PEP 3333 native string: a character for each UTF-8 byte."""
    text = value if isinstance(value, str) else _as_text(value)
    return text if text.isascii() else text_to_bytes(text).decode("latin-1")


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def single_headers(headers: Mapping[str, Any]) -> list[Pair]:
    """{'Name': 'value'} → [('name', 'value')]"""
    if _all_plain(headers):
        return list(headers.items())
    return [
        (native(name).lower(), native(value))
        for name, value in headers.items()
        if value is not None
    ]


def _all_plain(headers: Mapping[str, Any]) -> bool:
    """Whether there is nothing to change, as nearly always: lower-case names, ASCII text."""
    try:
        names, values = "".join(headers), "".join(headers.values())
    except TypeError:
        return False
    return values.isascii() and names.isascii() and names == names.lower()


def multi_headers(headers: Mapping[str, Any]) -> list[Pair]:
    """{'Name': ['a', 'b']} → [('name', 'a'), ('name', 'b')]"""
    pairs = []
    for name, values in headers.items():
        name = name.lower() if name.isascii() else native(name).lower()
        for value in in_list(values):
            if isinstance(value, str) and value.isascii():  # nearly always
                pairs.append((name, value))
            elif value is not None:
                pairs.append((name, native(value)))
    return pairs


def in_list(values: Any) -> Iterable[Any]:
    """A multi-value field's values; emulators send a lone one without its list."""
    if values is None:
        return ()
    return values if isinstance(values, list) else (values,)


def one_cookie_header(pairs: list[Pair]) -> list[Pair]:
    """Several Cookie lines folded into one with '; ' (RFC 9113, 8.2.3; asked for by ASGI)."""
    cookies = [value for name, value in pairs if name == "cookie"]
    if len(cookies) < 2:
        return pairs
    return [*(pair for pair in pairs if pair[0] != "cookie"), ("cookie", "; ".join(cookies))]


def with_length(pairs: list[Pair], body: bytes) -> tuple[Pair, ...]:
    """The headers, with the Content-Length that REST APIs and Lambda@Edge drop.

    Django's multipart parser takes a body without it for an empty one.
    """
    if body and not any(name == "content-length" for name, _ in pairs):
        pairs.append(("content-length", str(len(body))))
    return tuple(pairs)


def body_in(event: Mapping[str, Any], encoded: object) -> bytes:
    """The bytes of `body`. Raises BadRequestError for base64 that is none."""
    body = event.get("body")
    if not body and (body is None or body == ""):
        return b""
    if not isinstance(body, str):
        raise _wrong("body", body, "text")
    if not encoded:
        return text_to_bytes(body)
    try:
        return a2b_base64(body, strict_mode=True)
    except ValueError as error:
        raise BadRequestError(f"the body is not the base64 it is said to be: {error}") from None


def split_port(text: str) -> Address:
    """'host:80', '[::1]:80', '::1', 'host' → (host, port or None); junk is no port."""
    if ":" not in text:
        return text, None
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    return host, port_number(port)


def port_number(text: str) -> int | None:
    if text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) < 65536:
        return int(text)
    return None


def first_of(value: str) -> str:
    """'443, 80' → '443': the proxy nearest to the client speaks first."""
    return value.partition(",")[0].strip()


def last_forwarded(found: Mapping[str, str]) -> Address | None:
    """The peer of a load balancer: the entry of X-Forwarded-For that it appended itself.

    What stands left of it came from the client, who may have made it up.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    last = found.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return split_port(last) if last else None


def host_client(ip: object) -> Address | None:
    return (native(ip), None) if isinstance(ip, str) and ip else None


def server_of(found: Mapping[str, str], fallback: str) -> Address:
    """(host, port) as the client addressed it: Host, else `fallback`; X-Forwarded-Port wins.

    A Host that is none is left out: frameworks that find the header malformed build their URLs of
    this address, and 'x/admin' would put a path of the client's choice into them.
    """
    sent = found.get("host")
    host, port = split_port(sent) if sent and _is_host(sent) else split_port(native(fallback))
    forwarded = found.get("x-forwarded-port")
    if forwarded is not None:
        port = port_number(forwarded) or port_number(first_of(forwarded)) or port
    return host or "localhost", port


def _is_host(text: str) -> bool:
    """'name', '192.0.2.1', '[::1]', each with or without ':port' (RFC 9110, 7.2)."""
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        return _IPV6.issuperset(address) and (not port or port_number(port[1:]) is not None)
    name, colon, port = text.partition(":")
    plain = name.replace(".", "").replace("-", "").replace("_", "")
    return plain.isascii() and plain.isalnum() and (not colon or port_number(port) is not None)


_IPV6 = frozenset("0123456789abcdefABCDEF:.")


def scheme_of(forwarded: str | None, default: str) -> str:
    """http or https, from X-Forwarded-Proto or its like; a client can write anything there."""
    if forwarded is None:
        return default
    if forwarded in ("https", "http"):
        return forwarded
    scheme = first_of(forwarded).lower()
    return scheme if scheme in ("http", "https") else default


def version_of(protocol: object) -> str:
    """'HTTP/1.1' → '1.1'"""
    return _VERSIONS.get(protocol, "1.1") if isinstance(protocol, str) else "1.1"


_VERSIONS = {
    "HTTP/1.0": "1.0", "HTTP/1.1": "1.1",
    "HTTP/2": "2", "HTTP/2.0": "2", "HTTP/3": "3", "HTTP/3.0": "3",
}  # fmt: skip


def rooted(path: str) -> str:
    """The path with the '/' that every request target begins with."""
    return path if path.startswith("/") else "/" + path


def starts_with(path: str, prefix: str) -> bool:
    """Whether `prefix` is made of the first whole segments of `path`."""
    return path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/")


def first_text(*values: object) -> str | None:
    """The first of `values` that is text and not empty."""
    for value in values:
        if isinstance(value, str) and value:
            return value
    return None
