"""Whatever comes in, out comes a result or our own error, never another exception.

An exception that escapes is an invocation error: API Gateway answers 502, a queue sends the event
again, and an alarm goes off for what a stranger typed.
"""

import copy
import json

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter import EventError, Handler, Request
from adapter.errors import FailedEventError, ResultError
from adapter.events import KINDS, codec_of, source_of
from adapter.events._source import Source
from cases import HTTP, KIND_NAMES, NOT_HTTP, recorded, standard

# JSON as json.loads makes it: any code point, surrogates too; integers beyond 64 bits; no NaN.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from([
    "", "/", "//", "%", "%zz", "?", "a:b", "[::1", "443, 80", "=", "\r\n", "2.0", "HTTP/9",
    "日", "é", "\ud800", "\udcff", "/日/x", "$default", "٣",
])  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


async def asgi_app(scope, receive, send):
    """Reads all that there is to read, and sends some of it back."""
    if scope["type"] == "http":
        body = (await receive())["body"]
        assert scope["path"].startswith(scope["root_path"])
        headers = [
            (b"x-path", scope["raw_path"]),
            (b"x-type", type(scope["client"]).__name__.encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": scope["query_string"] + b"\0" + body})


def wsgi_app(environ, start_response):
    for key, value in environ.items():
        if not key.startswith(("wsgi.", "aws.", "serverless.", "apig_wsgi.")):
            assert type(key) is type(value) is str
            value.encode("latin-1")
    assert environ["PATH_INFO"].startswith("/")
    assert environ["SCRIPT_NAME"] != "/"
    assert int(environ.get("CONTENT_LENGTH", "0")) >= 0
    assert int(environ["SERVER_PORT"]) > 0
    start_response("200 OK", [("X-Path", environ["REQUEST_URI"])])
    return [environ["PATH_INFO"].encode("latin-1"), environ["wsgi.input"].read()]


HANDLERS = [Handler(asgi_app), Handler(wsgi_app), Handler(wsgi_app, base_path="/base")]


def check(event):
    """Every handler answers `event`, or refuses it as ours to refuse."""
    before = copy.deepcopy(event)
    for handler in HANDLERS:
        try:
            result = handler(event)
        except EventError:
            continue
        except FailedEventError:
            assert source_of(event), event  # bytes for an answer that has to be text or JSON
            continue
        told = json.loads(json.dumps(result, allow_nan=False).encode())
        json.dumps(result, ensure_ascii=False).encode()  # as runtimes write it
        if isinstance(source_of(event), Source):
            continue  # tests/test_events.py knows what it should be
        assert isinstance(result, dict)
        response = (source_of(event) or codec_of(event)).decode_response(told)
        assert response.status in (200, 400), result  # the app fails on nothing of this
    assert event == before


@given(JSON)
def test_any_json(event):
    check(event)


FIELDS = [
    "version", "requestContext", "http", "elb", "httpMethod", "path", "rawPath", "method",
    "raw_path", "headers", "multiValueHeaders", "Records", "cf", "request", "uri", "body", "stage",
    "connectionId", "eventSource", "isBase64Encoded", "cookies",
]  # fmt: skip


@given(
    st.recursive(
        SCALARS | st.sampled_from(["2.0", "1.0", "GET"]),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
        ),
        max_leaves=12,
    )
)
def test_any_json_with_the_names_of_events(event):
    check(event)


def places_in(value, path=()):
    """The path of each value inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in inside:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places_in(inner, (*path, key))


EVENTS = {name: recorded(name) for name in HTTP + NOT_HTTP}
EVENTS |= {kind: standard(kind) for kind in KIND_NAMES}
PLACES = {name: list(places_in(event)) for name, event in EVENTS.items()}


@st.composite
def mutated(draw):
    """An event with up to three values replaced or removed; text often by other text."""
    name = draw(st.sampled_from(HTTP + KIND_NAMES) | st.sampled_from(sorted(EVENTS)))
    event = copy.deepcopy(EVENTS[name])
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(PLACES[name]))
        try:
            parent = event
            for key in path:
                parent = parent[key]
            if draw(st.integers(0, 4)) == 0:
                del parent[last]
            else:
                parent[last] = draw(TEXTS if isinstance(parent[last], str) else JSON)
        except (KeyError, IndexError, TypeError):
            pass  # an earlier change took it away
    return event


@settings(max_examples=300)
@given(mutated())
def test_a_changed_event(event):
    check(event)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_that_lacks_any_one_field_or_has_a_null_there(name):
    for *path, last in PLACES[name]:
        for replace in (False, True):
            event = copy.deepcopy(EVENTS[name])
            parent = event
            for key in path:
                parent = parent[key]
            if replace:
                parent[last] = None
            else:
                del parent[last]
            check(event)


# What a client may send, through each front end: native strings are any bytes

NATIVE = st.binary(max_size=20).map(lambda data: data.decode("latin-1"))
HEADER_VALUES = NATIVE.map(lambda value: value.strip(" \t\r\n").replace("\r", "").replace("\n", ""))
TOKENS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~", min_size=1, max_size=12)
TARGETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
NAMES = TOKENS | st.sampled_from([
    "host", "cookie", "content-length", "content-type", "x-forwarded-for", "x-forwarded-port",
    "x-forwarded-proto", "cloudfront-forwarded-proto", "content-encoding",
])  # fmt: skip


@settings(max_examples=150)
@given(
    st.sampled_from(KIND_NAMES),
    st.sampled_from(["GET", "POST", "OPTIONS", "PURGE", "M-SEARCH"]),
    TARGETS.map(lambda text: "/" + text.replace("?", "").replace("#", "")),
    TARGETS,
    st.lists(st.tuples(NAMES, HEADER_VALUES), max_size=6).map(tuple),
    st.binary(max_size=40),
)
def test_any_request_of_a_client(kind, method, path, query, headers, body):
    request = Request(method, path, query, headers, body, client=("192.0.2.1", None))
    event = json.loads(json.dumps(KINDS[kind].encode_request(request)))
    assert codec_of(event) is KINDS[kind]
    check(event)


# The gateway's side: any result is a response, or our error


@settings(max_examples=150)
@given(
    st.sampled_from(KIND_NAMES),
    JSON
    | st.dictionaries(
        st.sampled_from([
            "statusCode", "status", "headers", "multiValueHeaders", "cookies", "body",
            "isBase64Encoded", "bodyEncoding",
        ]),
        JSON | st.sampled_from([200, "200", 204, "9" * 5000, "base64", {"a": ["b"]}]),
    ),
)  # fmt: skip
def test_any_result(kind, result):
    try:
        response = KINDS[kind].decode_response(result)
    except ResultError:
        return
    assert 200 <= response.status <= 599
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
    h11.Response(status_code=response.status, headers=pairs)  # HTTP can carry them
    assert all(name == name.lower() for name, _ in response.headers)
    assert isinstance(b"".join(response.body), bytes)
