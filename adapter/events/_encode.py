"""What the codecs share in writing a result: status, headers, body, size."""

from __future__ import annotations

from binascii import b2a_base64
from codecs import utf_8_decode

from ..errors import AppError, ResponseTooLargeError
from ..message import LAMBDA_LIMIT as LAMBDA_LIMIT
from ..message import Base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..message import Response

    Pair = tuple[str, str]


# They speak of a connection that the app has no part in (RFC 9110, 7.6.1); API Gateway and
# CloudFront make their own, and PEP 3333 and ASGI forbid them to the app.
_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
_NAME = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
_CHECKED: set[str] = set()  # names found to be tokens and not hop-by-hop; bounded
_WITHOUT_BODY = (204, 205, 304)


_REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information",
    204: "No Content", 205: "Reset Content", 206: "Partial Content", 207: "Multi-Status",
    208: "Already Reported", 226: "IM Used", 300: "Multiple Choices", 301: "Moved Permanently",
    302: "Found", 303: "See Other", 304: "Not Modified", 305: "Use Proxy",
    307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized",
    402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
    409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed",
    413: "Content Too Large", 414: "URI Too Long", 415: "Unsupported Media Type",
    416: "Range Not Satisfiable", 417: "Expectation Failed", 418: "I'm a Teapot",
    421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked",
    424: "Failed Dependency", 425: "Too Early", 426: "Upgrade Required",
    428: "Precondition Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons", 500: "Internal Server Error", 501: "Not Implemented",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
    505: "HTTP Version Not Supported", 506: "Variant Also Negotiates",
    507: "Insufficient Storage", 508: "Loop Detected", 510: "Not Extended",
    511: "Network Authentication Required",
}  # fmt: skip
"""RFC 9110's phrases; `http.HTTPStatus` has them too, at 4 ms of a cold start."""


def parts_of(response: Response, method: object) -> tuple[int, Sequence[Pair], str, bool, int]:
    """(status, headers, body, whether that is base64, at most so many bytes of JSON).

    - The status is from 200 to 599: a final one, which every front end delivers.
    - The body is text if it decodes as UTF-8. JSON carries any text unharmed, so no list of media
      types is asked. REST APIs deliver the base64 form decoded only with `binaryMediaTypes: */*`.
    - It is read even where HTTP has none, as under uvicorn and gunicorn: an app that is cut short
      would not come to its background tasks.

    Raises AppError for a status or header that can't be delivered. Few functions, since between
    two requests of a framework each call here costs twice what it does alone.
    """
    status, headers, size, length = head_of(response)
    # JSON writes a character of text in at most six bytes (\u0000), one of base64 in one.
    size = 6 * size + 100 * len(headers) + 4096
    body = b"".join(response.body)
    if bodiless(status, method):
        body = b""
    if length is not None and length != str(len(body)):
        headers = right_length(headers, body, status, method)
    try:
        if len(body) > 8192:  # the error holds a copy of what it was given
            utf_8_decode(body[:1024])
        text = body.decode()
    except UnicodeDecodeError:
        text = Base64(b2a_base64(body, newline=False))
        return status, headers, text, True, size + len(text)
    return status, headers, text, False, size + 6 * len(text)


def head_of(response: Response) -> tuple[int, Sequence[Pair], int, str | None]:
    """(status, headers, their length, the Content-Length or '' for a doubtful one).

    Raises AppError.
    """
    status = response.status
    headers: Sequence[Pair] = response.headers
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise AppError(
            f"the app answered with status {status!r}; a final HTTP status is 200 to 599"
        )
    size, length = 0, None
    for name, value in headers:
        plain = value.isascii() and value.isprintable() and value == value.strip()
        if name not in _CHECKED or not plain:
            headers = _checked(headers)
            return status, headers, sum([len(name) + len(value) for name, value in headers]), ""
        size += len(name) + len(value)
        if name == "content-length":
            length = value if length is None else ""
    return status, headers, size, length


def bodiless(status: int, method: object) -> bool:
    """Whether HTTP has no body in this answer, whatever the app sends."""
    return status in _WITHOUT_BODY or (method != "GET" and _is_head(method))


def _checked(headers: Sequence[Pair]) -> list[Pair]:
    """The headers as JSON text, checked, without hop-by-hop ones."""
    pairs = []
    for name, value in headers:
        if name in _HOP_BY_HOP:
            continue
        if name not in _CHECKED:
            _check_name(name)
        if not (value.isascii() and value.isprintable()):
            value = _unusual(name, value)
        pairs.append((name, value.strip()))  # Django's WSGI cookies begin with a space
    return pairs


def _check_name(name: str) -> None:
    if not name or not _NAME.issuperset(name):
        raise AppError(f"the app answered with a header named {name!r}, which is no HTTP token")
    if len(_CHECKED) < 500:
        _CHECKED.add(name)


def _unusual(name: str, value: str) -> str:
    """A value that is not plain ASCII: UTF-8 bytes as their text, else Latin-1; no line breaks."""
    if "\r" in value or "\n" in value or "\0" in value:
        raise AppError(f"the app's header {name!r} holds a line break or NUL: {value!r}")
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def right_length(pairs: Sequence[Pair], body: bytes, status: int, method: object) -> Sequence[Pair]:
    """The headers with a Content-Length that is true; HEAD and 304 tell that of another answer.

    Front ends frame the body by their own count; a wrong one would be refused or cut off.
    """
    if status == 304 or _is_head(method):
        return pairs
    length = str(len(body))
    if all(name != "content-length" or value == length for name, value in pairs):
        return pairs
    kept = [pair for pair in pairs if pair[0] != "content-length"]
    return kept if status in _WITHOUT_BODY else [*kept, ("content-length", length)]


def joined(pairs: Sequence[Pair]) -> tuple[dict[str, str], list[str]]:
    """One value per name, repeated ones joined with ', ' (RFC 9110, 5.3); cookies apart."""
    headers = dict(pairs)
    cookies: list[str] = []
    if len(headers) == len(pairs) and "set-cookie" not in headers:
        return headers, cookies
    headers = {}
    for name, value in pairs:
        if name == "set-cookie":
            cookies.append(value)
        elif name in headers:
            headers[name] += ", " + value
        else:
            headers[name] = value
    return headers, cookies


def listed(pairs: Sequence[Pair]) -> dict[str, list[str]]:
    """Every value of a name, in order."""
    headers: dict[str, list[str]] = {}
    for name, value in pairs:
        headers.setdefault(name, []).append(value)
    return headers


def by_count(pairs: Sequence[Pair]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The names with one value, and those with more."""
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers, {}
    values = listed(pairs)
    single = {name: value[0] for name, value in values.items() if len(value) == 1}
    return single, {name: value for name, value in values.items() if len(value) > 1}


def _is_head(method: object) -> bool:
    return isinstance(method, str) and method.upper() == "HEAD"


def within(limit: int, result: dict[str, Any], at_most: int, front_end: str) -> dict[str, Any]:
    """`result`, if its JSON, of `at_most` so many bytes, has no more than `limit`.

    Raises ResponseTooLargeError.
    """
    if at_most <= limit:
        return result
    size = _json_size(result)
    if size <= limit:
        return result
    raise ResponseTooLargeError(
        f"the response has {size:,} bytes as a Lambda result; {front_end} delivers at most "
        f"{limit:,}. Answer with less, or redirect to a presigned S3 URL."
    )


def reason_of(status: int) -> str:
    return _REASONS.get(status, "Unknown")


def _json_size(result: dict[str, Any]) -> int:
    from json import dumps  # only answers near the limit need it

    return len(dumps(result, ensure_ascii=False, separators=(", ", ": ")).encode())
