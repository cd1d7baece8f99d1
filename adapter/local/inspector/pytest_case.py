"""A visit as a test for `adapter.testing.Client`."""

from __future__ import annotations

import json
import pprint
import re
import time
from typing import TYPE_CHECKING, Any

from ...events import KINDS
from ...percent import bytes_to_text
from .content import value_of
from .convert import without_stage
from .history import body_of
from .verdict import outcome_of, verdict

if TYPE_CHECKING:
    from ...message import Request
    from ..visit import Visit

_LONGEST = 4000
"""Characters of an answer that a test compares; of a longer one it has the status alone."""

# Client says these by itself, the same ones.
_UNSAID = ("content-length",)


_LARGEST = 1 << 20
"""Bytes of a request's body in a test."""


class NoCopy(Exception):  # noqa: N818  # it is no error
    """Of this visit no such copy can be made; the text says why."""


def pytest_case(visit: Visit, target: str) -> str:
    """Python that is a file of its own. `target` is main:app or main.handler. Raises NoCopy."""
    _check(visit, target)
    refused = _is_refused(visit)
    lines = [
        *_imports(target, refused=refused),
        "",
        "",
        f"# {visit.request.method} {visit.request.path[:60]} of {_day(visit)}",
        f"def test_{_name(visit.request)}():",
        f"    with Client({_handler(target)}, {_client(visit)}) as client:",
        *(_refused(visit) if refused else [*_call(visit, "reply = ", 8), *_asserts(visit)]),
    ]
    return "\n".join(lines) + "\n"


def _check(visit: Visit, target: str) -> None:
    outcome = outcome_of(visit)
    if visit.kind not in KINDS or not re.fullmatch(r"[\w./]+[:.][\w.]+", target):
        raise NoCopy("adapter.testing sends the requests of front ends, to a Python function")
    if outcome is None:
        raise NoCopy("the function has not answered this request")
    if outcome.failed:
        raise NoCopy("the function failed: there is no answer to expect")
    told = verdict(visit)
    if told is not None and not told["refused"] and (told["own"] or told["bad"]):
        raise NoCopy("the front end answered by itself, or the answer broke off")
    if len(visit.request.body) > _LARGEST:
        raise NoCopy(f"the request's body has {len(visit.request.body):,} bytes")


def _is_refused(visit: Visit) -> bool:
    told = verdict(visit)
    return told is not None and bool(told["refused"])


def _imports(target: str, *, refused: bool) -> list[str]:
    module, _, name = _parts(target)
    return [
        *(["import pytest", ""] if refused else []),
        *(["from adapter import Handler"] if ":" in target else []),
        *(["from adapter.errors import ResultError"] if refused else []),
        "from adapter.testing import Client",
        f"from {module} import {name.partition('.')[0]}",
    ]


def _parts(target: str) -> tuple[str, str, str]:
    module, sign, name = target.partition(":") if ":" in target else target.rpartition(".")
    return module.removeprefix("./").replace("/", "."), sign, name


def _handler(target: str) -> str:
    name = _parts(target)[2]
    return f"Handler({name})" if ":" in target else name


def _client(visit: Visit) -> str:
    stage = visit.request.root_path.strip("/")
    return f'kind="{visit.kind}"' + (f", stage={stage!r}" if stage else "")


def _name(request: Request) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", f"{request.method} {request.path}".lower()).strip("_")
    return words[:50]


def _day(visit: Visit) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(visit.arrived))


def _call(visit: Visit, before: str, indent: int) -> list[str]:
    """The request. Its URL is a whole one, so that scheme, host and port are those of then."""
    request = without_stage(visit.request)
    headers = [
        (name, bytes_to_text(value.encode("latin-1")))
        for name, value in request.headers
        if name not in _UNSAID
    ]
    arguments = [
        repr(request.method),
        repr(_url(request)),
        f"headers={_literal(headers, indent + 4)}",
        *([f"data={_data(request.body)}"] if request.body else []),
    ]
    margin = " " * indent
    inner = [f"{margin}    {argument}," for argument in arguments]
    return [f"{margin}{before}client.request(", *inner, f"{margin})"]


def _url(request: Request) -> str:
    host, port = request.server
    host = f"[{host}]" if ":" in host else host
    query = f"?{request.query}" if request.query else ""
    return f"{request.scheme}://{host}{'' if port is None else f':{port}'}{request.path}{query}"


def _data(body: bytes) -> str:
    """As bytes, since text and values would bring a content-type of their own."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return repr(body)
    return repr(body) if text.isascii() else f"{text!r}.encode()"


def _literal(value: Any, indent: int) -> str:
    text = pprint.pformat(value, width=98 - indent, sort_dicts=False)
    if "\n" not in text:
        return text
    return text.replace("\n", "\n" + " " * indent)


def _refused(visit: Visit) -> list[str]:
    """The front end does not take the result, and neither does the client."""
    return ["        with pytest.raises(ResultError):", *_call(visit, "", 12)]


def _asserts(visit: Visit) -> list[str]:
    response = visit.response
    assert response is not None
    told = [f"    assert reply.status == {response.status}"]
    media_type = value_of(response.headers, "content-type")
    if media_type:
        text = bytes_to_text(media_type.encode("latin-1"))
        told.append(f'    assert reply.header("content-type") == {text!r}')
    return told + _assert_body(visit)


def _assert_body(visit: Visit) -> list[str]:
    """The body, if it is short and doesn't say who asked, which is somebody else in a test."""
    body = body_of(visit.response)
    host = visit.request.client[0] if visit.request.client else ""
    # With a reason, the front end has changed it.
    if visit.request.method == "HEAD" or len(body) > _LONGEST or visit.reason:
        return []
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return [f"    assert reply.body == {body!r}"]
    if visit.id in text or (host and re.search(rf"(?<![/\w.]){re.escape(host)}(?![:\w.])", text)):
        return ["    # Its body tells the request's id or the client's address."]
    return [f"    assert {_body(text)}"]


def _body(text: str) -> str:
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return f"reply.text == {text!r}"
    if not isinstance(value, dict | list):
        return f"reply.text == {text!r}"
    return f"reply.json() == {_literal(value, 4)}"


def _refuse(constant: str) -> None:
    raise ValueError(constant)
