"""What the codecs share in reading an event: fields, headers, body, addresses.

Every field may be missing, null or empty, and that means the same (console tests, emulators and
hand-written events differ in nothing else). A field of the wrong type is an EventError that names
it. The three busiest codecs read fields without a look at their types, and `wrong_field` finds the
one on which that failed.
"""

from __future__ import annotations

from binascii import a2b_base64

from ..errors import BadRequestError, EventError
from ..percent import join_query, text_to_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ..message import Address, Headers

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


WRONG_TYPE = (AttributeError, TypeError)
"""What a codec that reads fields without a look at their types runs into."""


def wrong_field(event: dict[str, Any], fields: dict[str, Any], error: Exception) -> Exception:
    """The EventError that names the field on which reading `event` failed; else `error`.

    `fields` has the type of each field, and for an object within the event its fields again.
    """
    for name, wanted in fields.items():
        value = event.get(name)
        inner = wanted if isinstance(wanted, dict) else None
        wanted = dict if isinstance(wanted, dict) else wanted
        if value is not None and not isinstance(value, wanted):
            return _wrong(name, value, "text" if wanted is str else "an object")
        if value and inner:
            found = wrong_field(value, inner, error)
            if found is not error:
                return found
    return error


def _wrong(name: str, value: object, wanted: str) -> EventError:
    found = _JSON_NAMES.get(type(value), "an object")
    return EventError(f"the event's {name!r} is {found}; AWS sends {wanted} there")


def method_in(event: Mapping[str, Any], name: str) -> str:
    """The HTTP method at `name`, in capitals as HTTP's own are."""
    method = text_in(event, name)
    if method in METHODS:
        return method
    if method.isascii() and method.isalnum():
        return method.upper()
    if method and TOKEN.issuperset(method):
        return method.upper()
    raise EventError(f"the event's {name!r} is {method!r}, which is no HTTP method")


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def native(value: object) -> str:
    """A header's name or value as a PEP 3333 native string: a character for each UTF-8 byte."""
    text = value if isinstance(value, str) else _as_text(value)
    return text if text.isascii() else text_to_bytes(text).decode("latin-1")


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def single_headers(headers: Mapping[str, Any]) -> tuple[Headers, Mapping[str, str]]:
    """{'Name': 'value'} → (('name', 'value'),), and the same to look names up in."""
    try:
        names = "".join(headers)
        if names == names.lower() and (names + "".join(headers.values())).isascii():
            return tuple(headers.items()), headers  # nothing to change, as nearly always
    except TypeError:
        pass  # a value is no text
    pairs = [
        (native(name).lower(), native(value))
        for name, value in headers.items()
        if value is not None
    ]
    return tuple(pairs), dict(pairs)


class _Lower(dict[str, str]):
    """'Name' → 'name', as a native string"""

    def __missing__(self, name: str) -> str:
        lower = native(name).lower()
        if len(self) < 500:  # clients choose the names
            self[name] = lower
        return lower


_LOWER = _Lower()


def multi_headers(headers: Mapping[str, Any]) -> tuple[Headers, Mapping[str, str]]:
    """{'Name': ['a', 'b']} → (('name', 'a'), ('name', 'b')), and one value per name to look up."""
    try:
        found = {_LOWER[name]: value for name, [value] in headers.items()}
        if len(found) == len(headers) and "".join(found.values()).isascii():
            return tuple(found.items()), found  # one value for each name, as nearly always
    except (TypeError, ValueError):
        pass  # some name has more values, or a value is no text
    pairs = [
        (_LOWER[name], native(value))
        for name, values in headers.items()
        for value in in_list(values)
        if value is not None
    ]
    pairs = one_cookie_header(pairs)
    return tuple(pairs), dict(pairs)


def proxy_parts(event: dict[str, Any]) -> tuple[Headers, Mapping[str, str], bytes]:
    """Headers, the same to look up, and body of an event that may have the multi-value form."""
    many = event.get("multiValueHeaders")
    headers, found = multi_headers(many) if many else single_headers(event.get("headers") or {})
    headers, body = with_body(event, headers, found)
    return headers, found, body


def with_body(
    event: dict[str, Any], headers: Headers, found: Mapping[str, str]
) -> tuple[Headers, bytes]:
    """The headers, completed for the body, and the body."""
    if not event.get("body"):
        return headers, b""
    body = body_in(event, event.get("isBase64Encoded"))
    return with_length(headers, found, body), body


def query_of(values: Mapping[str, Any]) -> str:
    """A decoded query, single- or multi-valued, encoded again."""
    return join_query([
        (key, value if type(value) is str else native(value))
        for key, listed in values.items()
        for value in (listed if type(listed) is list else (listed,))
        if value is not None
    ])  # fmt: skip


MAPS = dict.fromkeys(
    ("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"),
    dict,
)


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


def with_length(headers: Headers, found: Mapping[str, str], body: bytes) -> Headers:
    """The headers, with the Content-Length that REST APIs and Lambda@Edge drop.

    Django's multipart parser takes a body without it for an empty one.
    """
    if body and "content-length" not in found:
        return (*headers, ("content-length", str(len(body))))
    return headers


def joined_cookies(cookies: Any) -> str:
    """['a=1', 'b=2'] → 'a=1; b=2'"""
    if type(cookies) is list:
        try:
            joined = "; ".join(cookies)
            if joined.isascii():
                return joined
        except TypeError:
            pass  # a number among them
    return "; ".join([native(cookie) for cookie in in_list(cookies)])


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
    forwarded = found.get("x-forwarded-for")
    if not forwarded:
        return None
    last = forwarded.rpartition(",")[2].strip()
    return split_port(last) if ":" in last else (last, None) if last else None


def host_client(ip: object) -> Address | None:
    if not ip or not isinstance(ip, str):
        return None
    return (ip, None) if ip.isascii() else (native(ip), None)


def server_of(found: Mapping[str, str], fallback: Any) -> Address:
    """(host, port) as the client addressed it: Host, else `fallback`; X-Forwarded-Port wins.

    A Host that is none is left out: frameworks that find the header malformed build their URLs of
    this address, and 'x/admin' would put a path of the client's choice into them.
    """
    host, forwarded = found.get("host") or "", found.get("x-forwarded-port")
    letters = host.replace(".", "").replace("-", "")
    if forwarded == "443" and letters.isascii() and letters.isalnum():  # nearly always
        return host, 443
    if not _is_host(host):
        host = native("" + fallback) if fallback else ""  # a TypeError if it is no text
    host, port = split_port(host)
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


def first_text(*values: object) -> str | None:
    """The first of `values` that is text and not empty."""
    for value in values:
        if isinstance(value, str) and value:
            return value
    return None
