"""One table of requests: every app behind every front end answers them alike.

A way takes a request to an app and brings the response back: in memory, over HTTP through the
local gateway, and through a runtime in a process of its own (ours or AWS's) whose Runtime API is
ours or AWS's. The emulator shows no stream as it is sent: test_streaming.py has those, on ours.
"""

import json
from base64 import b64decode
from contextlib import ExitStack

import pytest

import apps
from adapter import Request
from adapter.events import KINDS
from adapter.local.gateway import REFUSALS
from cases import KIND_NAMES
from emulator import needs_linux
from transports import LAMBDAS, LOCAL

APPS = ["asgi_app", "starlette_app", "wsgi_app", "flask_app"]
HAS_STAGE = ("rest_api", "http_api", "http_api_v1")
IDS = {"apigw-requestid", "x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"}
RENAMED = "x-amzn-remapped-content-length"


class Answer:
    """What the client got: headers as {name: [values]}, values joined on the way split again."""

    def __init__(self, response):
        self.status = response.status
        self.body = b"".join(response.body)
        self.headers = {}
        for name, value in response.headers:
            values = [value] if name == "set-cookie" else value.split(", ")
            self.headers.setdefault(name, []).extend(values)


def served(way, kind):
    """Whether there is such a front end: the local gateway is none that passes no HTTP on."""
    return way != "local gateway" or kind in REFUSALS


# Their ids begin with what is started once, so that conftest.py gives it to one worker.
WAYS = [
    pytest.param(
        (way, app_name, kind),
        id=f"{way}-{app_name}-{kind}",
        marks=needs_linux if "emulator" in way else (),
    )
    for way in (*LOCAL, *LAMBDAS)
    for app_name in APPS
    for kind in KIND_NAMES
    if served(way, kind)
]


@pytest.fixture(scope="module", params=WAYS)
def place(request):
    return request.param


@pytest.fixture(scope="module")
def kind(place):
    return place[2]


@pytest.fixture(scope="module")
def lambdas(tmp_path_factory):
    """What invokes an app, started at its first use."""
    with ExitStack() as stack:
        started = {}

        def of(way, app_name):
            if (way, app_name) not in started:
                made = LAMBDAS[way](app_name, tmp_path_factory.mktemp("lambda"))
                started[way, app_name] = stack.enter_context(made)
            return started[way, app_name]

        yield of


@pytest.fixture(scope="module")
def send(place, lambdas):
    way, app_name, kind = place
    if way in LOCAL:
        with LOCAL[way](app_name, kind) as send:
            yield lambda request: Answer(send(request))
    else:
        codec, invoke = KINDS[kind], lambdas(way, app_name)
        yield lambda request: Answer(codec.decode_response(invoke(codec.encode_request(request))))


def request_for(path, method="GET", query="", headers=(), body=b"", root_path=""):
    """What a client sends, with the headers that every front end adds."""
    added = (
        ("host", "app.example.com"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    )
    length = (("content-length", str(len(body))),) if body else ()
    return Request(
        method, root_path + path, query, (*added, *headers, *length), body,
        root_path=root_path, client=("192.0.2.1", None), server=("app.example.com", 443),
    )  # fmt: skip


# The request, and what /echo is to say of it.
ECHOES = [
    pytest.param({}, {"method": "GET", "path": "/echo", "query": "", "body": b""}, id="get"),
    *[
        pytest.param(
            {"method": method, "body": b"text"}, {"method": method, "body": b"text"}, id=method
        )
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    ],
    pytest.param({"query": "a=1&b=%26%20x"}, {"query": "a=1&b=%26%20x"}, id="query"),
    pytest.param(
        {"headers": (("x-name", "caf\xc3\xa9"), ("cookie", "a=1; b=2"))},
        {"headers": {"x-name": "café", "cookie": "a=1; b=2"}},
        id="headers",
    ),
    pytest.param(
        {"method": "POST", "body": "日\r\n".encode(), "headers": (("content-type", "text/plain"),)},
        {
            "body": "日\r\n".encode(),
            "headers": {"content-type": "text/plain", "content-length": "5"},
        },
        id="text",
    ),
    pytest.param(
        {"method": "POST", "body": apps.BINARY, "headers": (("content-type", "image/png"),)},
        {"body": apps.BINARY, "headers": {"content-length": "256"}},
        id="binary",
    ),
]


@pytest.mark.parametrize(("fields", "right"), ECHOES)
def test_the_app_is_asked_what_the_client_asked(send, fields, right):
    answer = send(request_for("/echo", **fields))
    assert answer.status == 200
    assert answer.headers["content-type"][0].startswith("application/json")
    told = json.loads(answer.body)
    for name, value in right.items():
        if name == "headers":
            assert {key: told["headers"].get(key) for key in value} == value
        else:
            assert (b64decode(told[name]) if name == "body" else told[name]) == value
    assert told["root_path"] == ""
    assert told["headers"]["host"] == "app.example.com"


def test_a_stage_is_told_apart_from_the_path(send, kind):
    if kind in HAS_STAGE:
        told = json.loads(send(request_for("/echo", root_path="/prod")).body)
        assert (told["root_path"], told["path"]) == ("/prod", "/echo")
        redirect = send(request_for("/redirect", root_path="/prod"))
        assert redirect.headers["location"] == ["/prod/echo"]
    else:
        assert send(request_for("/prod/echo")).status == 404


@pytest.mark.parametrize(
    ("path", "status", "headers", "body"),
    [
        ("/cookies", 200, {"set-cookie": list(apps.COOKIES)}, b"ok"),
        ("/vary", 200, {"vary": ["Accept", "Cookie"]}, b"ok"),
        ("/binary", 200, {"content-type": ["application/octet-stream"]}, apps.BINARY),
        ("/redirect", 302, {"location": ["/echo"]}, None),
        ("/empty", 204, {}, b""),
        ("/status/200", 200, {}, b"200"),
        ("/status/418", 418, {}, b"418"),
        ("/status/503", 503, {}, b"503"),
        ("/nothing", 404, {}, None),
    ],
)
def test_the_client_gets_what_the_app_answers(send, path, status, headers, body):
    answer = send(request_for(path))
    assert answer.status == status
    assert {name: answer.headers[name] for name in headers} == headers
    if body is not None:
        assert answer.body == body


@pytest.mark.parametrize("path", ["/binary", "/cookies", "/echo"])
def test_head_is_get_without_the_body(send, kind, path):
    get, head = send(request_for(path)), send(request_for(path, "HEAD"))
    assert (head.status, head.body) == (get.status, b"")
    changing = {"date", *IDS, *({"content-length", RENAMED} if path == "/echo" else {RENAMED})}
    assert {n: v for n, v in head.headers.items() if n not in changing} == {
        n: v for n, v in get.headers.items() if n not in changing
    }
    if kind != "lambda_edge":
        assert int(head.headers["content-length"][0]) >= len(get.body)


def test_an_exception_is_a_500_and_the_next_request_is_served(send):
    assert send(request_for("/boom")).status == 500
    assert send(request_for("/echo")).status == 200
