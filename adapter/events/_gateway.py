"""What the codecs share on the gateway's side: requests into events, results into responses.

The local gateway, the test client and `adapter event` stand where AWS stands.
"""

from __future__ import annotations

import time
from binascii import a2b_base64, b2a_base64

from ..errors import ResultError
from ..message import Request, Response
from ..percent import bytes_to_text, latin_1_or_utf_8
from ._decode import TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Pair = tuple[str, str]

ACCOUNT = "123456789012"
API = "local"
_AS_TEXT = ("application/json", "application/javascript", "application/xml")


def request_id() -> str:
    from random import getrandbits  # not on Lambda, where it would cost a cold start

    data = f"{getrandbits(128):032x}"
    return f"{data[:8]}-{data[8:12]}-{data[12:16]}-{data[16:20]}-{data[20:]}"


def now() -> tuple[str, int]:
    """The two forms in which API Gateway tells the time: CLF and milliseconds."""
    seconds = time.time()
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(seconds)), int(seconds * 1000)


def text(value: str) -> str:
    """A native string as JSON text. Bytes that are not UTF-8 travel as lone surrogates."""
    return value if value.isascii() else bytes_to_text(value.encode("latin-1"))


def value_of(request: Request, name: str) -> str:
    """The values of a header, joined; '' if it is absent."""
    return ", ".join([value for key, value in request.headers if key == name])


def base64_text(body: bytes) -> str:
    return b2a_base64(body, newline=False).decode("ascii")


def body_by_type(request: Request) -> tuple[str, bool]:
    """Text for the media types that AWS takes for text, base64 for the rest.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    (HTTP APIs and function URLs send forms as base64, too.)
    """
    media_type = value_of(request, "content-type").partition(";")[0].strip().lower()
    readable = media_type.startswith("text/") or media_type in _AS_TEXT or not media_type
    if readable and not value_of(request, "content-encoding"):
        return body_by_content(request)
    return base64_text(request.body), True


def body_by_content(request: Request) -> tuple[str, bool]:
    try:
        return request.body.decode(), False
    except UnicodeDecodeError:
        return base64_text(request.body), True


def last_values(pairs: Iterable[Pair]) -> dict[str, str] | None:
    return dict(pairs) or None


def all_values(pairs: Iterable[Pair]) -> dict[str, list[str]] | None:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values or None


def comma_values(pairs: Iterable[Pair]) -> dict[str, str]:
    return {name: ",".join(values) for name, values in (all_values(pairs) or {}).items()}


def forwarded(request: Request) -> Request:
    """The request with the headers that every front end adds: X-Forwarded-For, -Proto, -Port."""
    host, _ = request.client or ("127.0.0.1", None)
    port = request.server[1] or (443 if request.scheme == "https" else 80)
    before = value_of(request, "x-forwarded-for")
    added = {
        "x-forwarded-for": f"{before}, {host}" if before else host,
        "x-forwarded-port": str(port),
        "x-forwarded-proto": request.scheme,
    }
    kept = [pair for pair in request.headers if pair[0] not in added]
    return Request(
        request.method, request.path, request.query, (*kept, *added.items()), request.body,
        root_path=request.root_path, client=request.client, server=request.server,
        scheme=request.scheme, http_version=request.http_version, user=request.user,
    )  # fmt: skip


# Results


def result_object(result: object, allowed: frozenset[str] | None = None) -> dict[str, Any]:
    """The result as an object with no other keys than `allowed`. Raises ResultError."""
    if not isinstance(result, dict):
        raise ResultError(f"the function returned {result!r:.80}, not an object with a statusCode")
    unknown = sorted(set(result) - allowed) if allowed else []
    if unknown:
        raise ResultError(f"the result has keys that this front end refuses: {', '.join(unknown)}")
    return result


def result_status(value: object) -> int:
    """A number from 200 to 599, or the text of one. Raises ResultError."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) == 3:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599:
        return value
    raise ResultError(f"the result's status is {value!r:.80}, not a number from 200 to 599")


def result_body(body: object, encoded: object) -> bytes:
    """The body's bytes. Raises ResultError."""
    if body is None:
        return b""
    if not isinstance(body, str):
        raise ResultError(f"the result's body is {type(body).__name__}, not text")
    if not encoded:
        return body.encode("utf-8", "replace")
    try:
        return a2b_base64(body)
    except ValueError as error:
        raise ResultError(f"the result's body is not base64: {error}") from None


def result_headers(result: dict[str, Any], single: str, multi: str) -> list[Pair]:
    """The pairs of a single-value and of a multi-value map, merged.

    A name in both has the values of both; a pair in both counts once.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    many = []
    for name, values in object_at(result, multi).items():
        if not isinstance(values, list):
            raise ResultError(f"the result's {multi}[{name!r}] is not a list")
        many += [header(name, value) for value in values]
    one = [header(name, value) for name, value in object_at(result, single).items()]
    return [pair for pair in one if pair not in many] + many


def object_at(result: dict[str, Any], name: str) -> dict[str, Any]:
    """The object at `name`; {} for a missing or null one. Raises ResultError."""
    value = result.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise ResultError(f"the result's {name} is {type(value).__name__}, not an object")


def header(name: str, value: object) -> Pair:
    """One header as it goes to the client. Raises ResultError for one that HTTP can't carry."""
    if isinstance(value, dict | list):
        raise ResultError(f"the result's header {name!r} is {type(value).__name__}, not text")
    told = str(value).lower() if isinstance(value, bool) or value is None else str(value)
    told = told.strip(" \t")  # no part of a value (RFC 9110, 5.5)
    if not name or not TOKEN.issuperset(name):
        raise ResultError(f"the result's header {name!r:.80} has a name that is no HTTP token")
    if any(character < " " and character != "\t" for character in name + told):
        raise ResultError(f"the result's header {name!r} holds a line break or control character")
    return name.lower(), latin_1_or_utf_8(told)


def answer(status: int, pairs: list[Pair], body: bytes) -> Response:
    return Response(status, tuple(pairs), [body])


def proxy_response(result: object) -> Response:
    """The response of a result with `headers`, `multiValueHeaders` or both. Raises ResultError."""
    fields = result_object(result)
    pairs = result_headers(fields, "headers", "multiValueHeaders")
    body = result_body(fields.get("body"), fields.get("isBase64Encoded"))
    return answer(result_status(fields.get("statusCode")), pairs, body)
