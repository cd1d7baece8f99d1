"""What the codecs share in writing a result: status, headers, body, size."""

from __future__ import annotations

from binascii import b2a_base64
from codecs import utf_8_decode

from ..errors import AppError, ResponseTooLargeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..message import Response

    Pair = tuple[str, str]

LAMBDA_LIMIT = 6_291_556
"""Bytes of a buffered result. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

# They speak of a connection that the app has no part in (RFC 9110, 7.6.1); API Gateway and
# CloudFront make their own, and PEP 3333 and ASGI forbid them to the app.
_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
_NAME = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
_CHECKED: set[str] = set()  # names that have been found to be tokens
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


def status_of(response: Response) -> int:
    """The status, from 200 to 599: a final one, which every front end delivers."""
    status = response.status
    if isinstance(status, int) and 200 <= status <= 599:
        return int(status)
    raise AppError(f"the app answered with status {status!r}; a final HTTP status is 200 to 599")


def reason_of(status: int) -> str:
    return _REASONS.get(status, "Unknown")


def parts_of(response: Response, method: object) -> tuple[int, list[Pair], bytes]:
    """Status, headers and body as HTTP lets them go together. Raises AppError."""
    status = status_of(response)
    pairs = headers_of(response)
    body = body_of(response, status, method)
    return status, right_length(pairs, body, status, method), body


def headers_of(response: Response) -> list[Pair]:
    """The headers as JSON text, checked, without hop-by-hop ones."""
    pairs = []
    for name, value in response.headers:
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


def right_length(pairs: list[Pair], body: bytes, status: int, method: object) -> list[Pair]:
    """The headers with a Content-Length that is true; HEAD and 304 tell that of another answer.

    Front ends frame the body by their own count; a wrong one would be refused or cut off.
    """
    if status == 304 or (isinstance(method, str) and method.upper() == "HEAD"):
        return pairs
    length = str(len(body))
    if all(name != "content-length" or value == length for name, value in pairs):
        return pairs
    kept = [pair for pair in pairs if pair[0] != "content-length"]
    return kept if status in _WITHOUT_BODY else [*kept, ("content-length", length)]


def joined(pairs: list[Pair]) -> tuple[dict[str, str], list[str]]:
    """One value per name, repeated ones joined with ', ' (RFC 9110, 5.3); cookies apart."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in pairs:
        if name == "set-cookie":
            cookies.append(value)
        elif name in headers:
            headers[name] += ", " + value
        else:
            headers[name] = value
    return headers, cookies


def listed(pairs: list[Pair]) -> dict[str, list[str]]:
    """Every value of a name, in order."""
    headers: dict[str, list[str]] = {}
    for name, value in pairs:
        headers.setdefault(name, []).append(value)
    return headers


def body_of(response: Response, status: int, method: object) -> bytes:
    """The whole body; b'' where HTTP has none.

    It is read even then, as under uvicorn and gunicorn: an app that is cut short would not come to
    its background tasks.
    """
    body = b"".join(response.body)
    if status in _WITHOUT_BODY or (isinstance(method, str) and method.upper() == "HEAD"):
        return b""
    return body


def body_as_text(body: bytes) -> tuple[str, bool]:
    """(text, False) if it decodes as UTF-8, else (base64, True).

    JSON carries any text unharmed, so no list of media types is asked. REST APIs deliver the
    base64 form decoded only with `binaryMediaTypes: */*`.
    """
    try:
        if len(body) > 8192:  # the error holds a copy of what it was given
            utf_8_decode(body[:1024])
        return body.decode(), False
    except UnicodeDecodeError:
        return b2a_base64(body, newline=False).decode("ascii"), True


def within(limit: int, result: dict[str, Any], pairs: list[Pair], front_end: str) -> dict[str, Any]:
    """`result`, if its JSON has at most `limit` bytes. Raises ResponseTooLargeError."""
    room = limit - 4096
    for name, value in pairs:
        room -= 6 * len(value) + len(name) + 100
    # JSON writes a character of text in at most six bytes (\u0000), one of base64 in one.
    if len(result["body"]) * (1 if result["isBase64Encoded"] else 6) <= room:
        return result
    size = json_size(result)
    if size <= limit:
        return result
    raise too_large(size, limit, front_end)


def json_size(result: dict[str, Any]) -> int:
    from json import dumps  # only answers near the limit need it

    return len(dumps(result, ensure_ascii=False, separators=(", ", ": ")).encode())


def too_large(size: int, limit: int, front_end: str) -> ResponseTooLargeError:
    return ResponseTooLargeError(
        f"the response has {size:,} bytes as a Lambda result; {front_end} delivers at most "
        f"{limit:,}. Answer with less, or redirect to a presigned S3 URL."
    )
