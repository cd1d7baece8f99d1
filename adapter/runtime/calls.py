"""The calls of the Lambda Runtime API, as values: a name for the log, and the bytes to send.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RUNTIME = "/2018-06-01/runtime"
_EXTENSION = "/2020-01-01/extension"
ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
ERROR_BODY = "Lambda-Runtime-Function-Error-Body"  # of a streamed response, in its trailers


class Call:
    """One request. Its parts go out one after the other; large ones need not be joined for it."""

    __slots__ = ("name", "parts")

    def __init__(self, name: str, *parts: bytes) -> None:
        self.name = name
        self.parts = parts


class Invocation:
    """What identifies an invocation to Lambda; the second id is there where many run at once."""

    __slots__ = ("echo", "id", "path")

    def __init__(self, headers: dict[str, str]) -> None:
        self.id = headers["lambda-runtime-aws-request-id"]
        self.path = f"/invocation/{self.id}"
        echo = headers.get("lambda-runtime-invocation-id")
        self.echo = f"Lambda-Runtime-Invocation-Id: {echo}\r\n" if echo else ""


def next_invocation(host: str) -> Call:
    return _get(host, _RUNTIME, "/invocation/next")


def response(host: str, invocation: Invocation, result: list[bytes]) -> Call:
    """The result of an invocation, in parts."""
    path = f"{invocation.path}/response"
    head = (
        f"POST {_RUNTIME}{path} HTTP/1.1\r\nHost: {host}\r\n"
        f"Content-Type: application/json\r\n{invocation.echo}"
        f"Content-Length: {sum(map(len, result))}\r\n\r\n"
    )
    return Call(path, head.encode("latin-1"), *result)


def streamed_response(host: str, invocation: Invocation, content_type: str) -> Call:
    """The same with a body that follows in chunks."""
    path = f"{invocation.path}/response"
    head = (
        f"POST {_RUNTIME}{path} HTTP/1.1\r\nHost: {host}\r\n"
        f"Content-Type: {content_type}\r\n{invocation.echo}"
        "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"
        f"Trailer: {ERROR_TYPE}, {ERROR_BODY}\r\n\r\n"
    )
    return Call(path, head.encode("latin-1"))


def error(
    host: str, invocation: Invocation, document: dict[str, Any], kind: str, cause: str = ""
) -> Call:
    """An invocation failed; `cause` is JSON for X-Ray."""
    headers = invocation.echo + f"{ERROR_TYPE}: {kind}\r\n"
    if cause:
        headers += f"Lambda-Runtime-Function-XRay-Error-Cause: {cause}\r\n"
    return _post(host, _RUNTIME, f"{invocation.path}/error", document, headers)


def init_error(host: str, document: dict[str, Any], kind: str) -> Call:
    """The function could not be started."""
    return _post(host, _RUNTIME, "/init/error", document, f"{ERROR_TYPE}: {kind}\r\n")


def restore(host: str) -> Call:
    return _get(host, _RUNTIME, "/restore/next")


def restore_error(host: str, document: dict[str, Any], kind: str) -> Call:
    """A hook failed after the restore."""
    return _post(host, _RUNTIME, "/restore/error", document, f"{ERROR_TYPE}: {kind}\r\n")


def register(host: str) -> Call:
    """As an extension that wants no events."""
    header = "Lambda-Extension-Name: adapter\r\n"
    return _post(host, _EXTENSION, "/register", {"events": []}, header)


def next_event(host: str, extension: str) -> Call:
    return _get(host, _EXTENSION, "/event/next", f"Lambda-Extension-Identifier: {extension}\r\n")


def error_type(error: BaseException) -> str:
    """`Function.ValueError`: Lambda knows only this form, and takes others for Runtime.Unknown."""
    name = type(error).__name__
    return f"Function.{name}" if name.isascii() and name.isalpha() else "Function.Error"


def _get(host: str, prefix: str, path: str, headers: str = "") -> Call:
    text = (
        f"GET {prefix}{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: apigw-adapter\r\n{headers}\r\n"
    )
    return Call(path, text.encode("latin-1"))


def _post(host: str, prefix: str, path: str, document: dict[str, Any], headers: str) -> Call:
    body = json.dumps(document).encode()
    text = (
        f"POST {prefix}{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: apigw-adapter\r\n{headers}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Call(path, text.encode("latin-1") + body)
