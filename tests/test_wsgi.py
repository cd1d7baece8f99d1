"""The WSGI runner: environ, start_response, write, the iterable and its close().

https://peps.python.org/pep-3333/
"""

import subprocess
import sys
from functools import partial
from wsgiref.validate import validator

import pytest

from adapter import WSGI, Handler, Request
from adapter.events import KINDS
from adapter.wsgi import _KEYS, environ_of
from cases import KIND_NAMES, asking, edge, merged, standard

EVENT = standard("http_api", rawPath="/x")
OK = ("200 OK", [("Content-Type", "text/plain")])


def answer(result):
    return result["statusCode"], result["body"]


def call(app, event=EVENT):
    return Handler(app)(event)


def errors(caplog):
    """What was logged, and that it was an error of ours."""
    assert {(record.name, record.levelname) for record in caplog.records} <= {("adapter", "ERROR")}
    return caplog.records


class Body:
    """An iterable that tells when it is closed."""

    def __init__(self, chunks, events, error=None):
        self.chunks, self.events, self.error = chunks, events, error

    def __iter__(self):
        yield from self.chunks
        self.events.append("last")
        if self.error:
            raise self.error

    def close(self):
        self.events.append("close")


# Every front end, checked by the standard library's validator


def posting(kind):
    event = asking(kind, "POST")
    if kind == "lambda_edge":
        body = {"data": "YWJj", "encoding": "base64"}
        event["Records"][0]["cf"]["request"]["body"] = body
        return event
    flag = "is_base64_encoded" if kind == "vpc_lattice" else "isBase64Encoded"
    return merged(event, {"body": "YWJj", flag: True})


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_validator_has_no_complaint(kind, method, caplog):
    seen = []

    def app(environ, start_response):
        body = environ["wsgi.input"].read(100)
        seen.append((environ["REQUEST_METHOD"], body))
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-A", "1"), ("X-A", "2")])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"]

    event = posting(kind) if method == "POST" else asking(kind, method)
    result = call(validator(app), event)
    response = KINDS[kind].decode_response(result)
    assert errors(caplog) == []
    assert (response.status, seen) == (200, [(method, b"abc" if method == "POST" else b"")])
    assert b"".join(response.body) == (b"" if method == "HEAD" else b"hello")


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_server_name_and_port_are_never_empty(kind):
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        start_response(*OK)
        return []

    event = edge(headers={"host": ...}) if kind == "lambda_edge" else standard(kind, headers=None)
    call(validator(app), event)
    assert seen["SERVER_NAME"]
    assert int(seen["SERVER_PORT"]) in (80, 443)


# The environ


def test_the_environ_has_what_pep_3333_lists():
    request = Request(
        "POST",
        "/prod/a%20b%2F",
        "a=1&b",
        (("host", "h"), ("content-type", "text/plain"), ("content-length", "4"), ("x-a", "1")),
        b"body",
        root_path="/prod",
        client=("192.0.2.1", 41),
        server=("h", None),
        user="ann",
        event={"e": 1},
        context="context",
    )
    environ = environ_of(request)
    assert environ.pop("wsgi.input").read() == b"body"
    assert environ == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/prod",
        "PATH_INFO": "/a b/",
        "QUERY_STRING": "a=1&b",
        "REQUEST_URI": "/prod/a%20b%2F?a=1&b",
        "RAW_URI": "/prod/a%20b%2F?a=1&b",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "SERVER_NAME": "h",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "REMOTE_PORT": "41",
        "REMOTE_USER": "ann",
        "HTTP_HOST": "h",
        "HTTP_X_A": "1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **{f"{name}.event": {"e": 1} for name in ("aws", "serverless")},
        **{f"{name}.context": "context" for name in ("aws", "serverless", "apig_wsgi")},
        "apig_wsgi.full_event": {"e": 1},
    }


def test_what_nobody_knows_is_absent():
    environ = environ_of(Request("GET", "/"))
    absent = {"REMOTE_PORT", "REMOTE_USER", "CONTENT_LENGTH", "CONTENT_TYPE"}
    assert absent.isdisjoint(environ)
    assert environ["REMOTE_ADDR"] == ""


@pytest.mark.parametrize(
    ("path", "native"),
    [("/日", "日".encode()), ("/café", "café".encode()), ("/a b", b"a b"), ("/%41", b"%41")],
)
def test_a_path_is_a_native_string(path, native):
    environ = environ_of_app(standard("http_api", rawPath=path))
    assert environ["PATH_INFO"].encode("latin-1") == b"/" + native


def test_a_cookie_is_a_native_string():
    environ = environ_of_app(standard("http_api", cookies=["a=é", "b=日"]))
    assert environ["HTTP_COOKIE"].encode("latin-1").decode() == "a=é; b=日"


def environ_of_app(event):
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        start_response(*OK)
        return []

    Handler(app)(event)
    return seen


def test_names_with_an_underscore_are_dropped():
    headers = (("x_user", "spoof"), ("x-user", "ann"), ("content_length", "9"), ("x_y", "1"))
    environ = environ_of(Request("GET", "/", headers=headers))
    assert {key: value for key, value in environ.items() if key.startswith("HTTP_")} == {
        "HTTP_X_USER": "ann"
    }
    assert "CONTENT_LENGTH" not in environ


@pytest.mark.parametrize("told", ["3", "0", "999", "-1", "junk", "3, 3"])
def test_the_content_length_is_that_of_the_body(told):
    environ = environ_of_app(standard("http_api", headers={"content-length": told}, body="abc"))
    assert environ["CONTENT_LENGTH"] == "3"


def test_a_repeated_content_length_is_one():
    headers = (("content-length", "1"), ("content-length", "2"))
    environ = environ_of(Request("POST", "/", headers=headers, body=b"abc"))
    assert environ["CONTENT_LENGTH"] == "3"


def test_repeated_headers_are_joined():
    headers = (("x", "1"), ("cookie", "a=1"), ("x", "2"), ("cookie", "b=2"))
    environ = environ_of(Request("GET", "/", headers=headers))
    assert (environ["HTTP_X"], environ["HTTP_COOKIE"]) == ("1,2", "a=1; b=2")


def test_a_thousand_header_names_are_all_read():
    """The cache of names is bounded, what it forgets is not lost."""
    for start in (0, 500):
        headers = tuple((f"x-{number}", "1") for number in range(start, start + 1000))
        environ = environ_of(Request("GET", "/", headers=headers))
        assert sum(key.startswith("HTTP_X_") for key in environ) == 1000
    assert len(_KEYS) <= 500


@pytest.mark.parametrize(
    ("read", "right"),
    [
        (lambda file: file.read(), b"ab\ncd\n"),
        (lambda file: file.read(2) + file.read(100) + file.read(1), b"ab\ncd\n"),
        (lambda file: file.readline() + file.readline(1), b"ab\nc"),
        (lambda file: file.readlines(), [b"ab\n", b"cd\n"]),
        (list, [b"ab\n", b"cd\n"]),
    ],
    ids=["read", "read(n)", "readline", "readlines", "iteration"],
)
def test_the_body_can_be_read_in_every_way(read, right):
    seen = []

    def app(environ, start_response):
        seen.append(read(environ["wsgi.input"]))
        start_response(*OK)
        return []

    call(app, standard("http_api", body="ab\ncd\n"))
    assert seen == [right]


# The response


def test_the_chunks_are_the_body():
    def app(environ, start_response):
        start_response("201 Created", [("X-Name", "caf\xe9")])
        return [b"a", b"", b"b"]

    result = call(app)
    assert answer(result) == (201, "ab")
    assert result["headers"] == {"x-name": "café"}


@pytest.mark.parametrize("status", ["200 OK", "200", "200 "])
def test_a_status_needs_no_words(status):
    def app(environ, start_response):
        start_response(status, [])
        return [b"x"]

    assert answer(call(app)) == (200, "x")


@pytest.mark.parametrize("status", [200, "OK", "", "2000 OK", "20x", None, b"200 OK"], ids=repr)
def test_a_status_that_is_none_is_a_500(status, caplog):
    def app(environ, start_response):
        start_response(status, [])
        return [b"x"]

    assert answer(call(app)) == (500, "Internal Server Error")
    assert f"status {status!r}" in errors(caplog)[0].getMessage()


@pytest.mark.parametrize("value", [1, None, b"x"], ids=repr)
def test_a_header_value_that_is_no_text_is_a_500(value, caplog):
    def app(environ, start_response):
        start_response("200 OK", [("X", value)])
        return [b"x"]

    assert call(app)["statusCode"] == 500
    assert f"header value {value!r}" in errors(caplog)[0].getMessage()


def test_a_header_value_beyond_latin_1_becomes_utf8():
    def app(environ, start_response):
        start_response("200 OK", [("X", "日")])
        return []

    assert call(app)["headers"]["x"] == "日"


def test_what_is_written_comes_first():
    def app(environ, start_response):
        write = start_response(*OK)
        write(b"a")
        write(b"b")
        return [b"c"]

    assert answer(call(app)) == (200, "abc")


@pytest.mark.parametrize("chunks", [[b"x"], [b"", b"x"], [b"", b""], []], ids=repr)
def test_start_response_may_be_called_by_the_first_step_of_the_iterable(chunks):
    def app(environ, start_response):
        start_response(*OK)
        yield from chunks

    assert answer(call(app)) == (200, b"".join(chunks).decode())


def test_start_response_may_be_called_after_empty_chunks():
    def app(environ, start_response):
        yield b""
        start_response(*OK)
        yield b"x"

    assert answer(call(app)) == (200, "x")


@pytest.mark.parametrize("chunks", [[], [b"x"], [b""]], ids=repr)
def test_no_start_response_is_a_500(chunks, caplog):
    assert call(lambda environ, start_response: chunks)["statusCode"] == 500
    assert "did not call start_response" in errors(caplog)[0].getMessage()


def test_start_response_twice_is_a_500(caplog):
    def app(environ, start_response):
        start_response(*OK)
        start_response(*OK)
        return [b"x"]

    assert call(app)["statusCode"] == 500
    assert "start_response twice" in errors(caplog)[0].getMessage()


def boom():
    raise ValueError("oh no")


def replaced(start_response):
    """What an error handler does: another response, with exc_info."""
    try:
        boom()
    except ValueError:
        start_response("503 Service Unavailable", [("X-Error", "1")], sys.exc_info())


def test_exc_info_before_the_first_bytes_replaces_the_response():
    def app(environ, start_response):
        start_response("200 OK", [("X-Ok", "1")])
        replaced(start_response)
        return [b"sorry"]

    result = call(app)
    assert answer(result) == (503, "sorry")
    assert result["headers"] == {"x-error": "1"}


def test_exc_info_in_the_iteration_before_the_first_bytes_replaces_the_response():
    def app(environ, start_response):
        start_response("200 OK", [("X-Ok", "1")])
        yield b""
        replaced(start_response)
        yield b"sorry"

    assert answer(call(app)) == (503, "sorry")


def test_exc_info_instead_of_a_first_response_is_fine():
    def app(environ, start_response):
        replaced(start_response)
        return [b"sorry"]

    assert answer(call(app)) == (503, "sorry")


@pytest.mark.parametrize("by", ["write", "yield"])
def test_exc_info_after_the_first_bytes_raises_it(by, caplog):
    def app(environ, start_response):
        write = start_response(*OK)
        if by == "write":
            write(b"x")
        else:
            yield b"x"
        replaced(start_response)

    assert answer(call(app)) == (500, "Internal Server Error")
    assert "ValueError: oh no" in errors(caplog)[0].getMessage()


# Errors and close()


@pytest.mark.parametrize("error", [ValueError, SystemExit, GeneratorExit])
def test_an_exception_in_the_app_is_a_500(error, caplog):
    def app(environ, start_response):
        raise error("oh no")

    handler = Handler(app)
    for _ in range(2):
        assert answer(handler(EVENT)) == (500, "Internal Server Error")
    record = errors(caplog)[0]
    assert record.getMessage() == f"GET /x failed: {error.__name__}: oh no"
    assert record.exc_info


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_from_the_keyboard_goes_through():
    def app(environ, start_response):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(app)


@pytest.mark.parametrize("error", [None, ValueError("oh no"), SystemExit("oh no")], ids=repr)
@pytest.mark.parametrize("chunks", [[], [b""], [b"a"], [b"a", b"b"]], ids=repr)
def test_the_iterable_is_closed_once_after_its_last_chunk(error, chunks, caplog):
    events = []

    def app(environ, start_response):
        start_response(*OK)
        return Body(chunks, events, error)

    result = call(app)
    assert events == ["last", "close"]
    if error is None:
        assert answer(result) == (200, b"".join(chunks).decode())
        assert errors(caplog) == []
    else:
        assert answer(result) == (500, "Internal Server Error")
        assert "oh no" in errors(caplog)[0].getMessage()


def test_the_iterable_is_closed_though_start_response_was_not_called(caplog):
    events = []
    assert call(lambda environ, start_response: Body([b"x"], events))["statusCode"] == 500
    assert events == ["close"]
    assert len(errors(caplog)) == 1


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_the_iterable_is_closed_when_the_response_is_too_large(kind, caplog):
    events = []

    def app(environ, start_response):
        start_response(*OK)
        return Body([b"x" * 7_000_000], events)

    result = call(app, standard(kind))
    assert KINDS[kind].decode_response(result).status == 500
    assert events == ["last", "close"]
    assert len(errors(caplog)) == 1


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_the_iterable_is_closed_when_the_response_can_t_be_told(kind, caplog):
    events = []

    def app(environ, start_response):
        start_response("200 OK", [("a b", "c")])
        return Body([b"x"], events)

    result = call(app, standard(kind))
    assert KINDS[kind].decode_response(result).status == 500
    assert events[-1:] == ["close"]
    assert events.count("close") == 1
    assert len(errors(caplog)) == 1


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_the_iterable_is_read_and_closed_for_head_too(kind, caplog):
    events = []

    def app(environ, start_response):
        start_response(*OK)
        return Body([b"x"], events)

    result = call(app, asking(kind, "HEAD"))
    assert result.get("body", "") == ""
    assert events == ["last", "close"]
    assert errors(caplog) == []


def test_a_second_close_of_a_response_does_nothing():
    events = []

    def app(environ, start_response):
        start_response(*OK)
        return Body([b"x"], events)

    response = WSGI(app)(Request("GET", "/"))
    response.close()
    response.close()
    assert events == ["close"]


def test_an_error_in_close_is_only_logged(caplog):
    class Unclosable(list):
        def close(self):
            raise ValueError("oh no")

    def app(environ, start_response):
        start_response(*OK)
        return Unclosable([b"x"])

    assert answer(call(app)) == (200, "x")
    assert "ValueError: oh no" in errors(caplog)[0].getMessage()


def test_what_is_no_iterable_is_a_500(caplog):
    def app(environ, start_response):
        start_response(*OK)

    assert call(app)["statusCode"] == 500
    assert "TypeError" in errors(caplog)[0].getMessage()


@pytest.mark.parametrize("chunk", ["text", None, 1], ids=repr)
def test_a_chunk_that_is_no_bytes_is_a_500(chunk, caplog):
    def app(environ, start_response):
        start_response(*OK)
        return [b"x", chunk]

    assert call(app)["statusCode"] == 500
    assert "TypeError" in errors(caplog)[0].getMessage()


# Frameworks


def test_flask_sees_the_path_and_the_end_of_a_request():
    from flask import Flask, request

    app = Flask(__name__)
    done = []
    app.teardown_request(lambda error: done.append(request.path))

    @app.get("/日/<name>")
    def view(name):
        return {"name": name, "url": request.url, "root": request.script_root}

    event = standard("http_api", rawPath="/prod/日/a b", requestContext={"stage": "prod"})
    result = Handler(app)(event)
    assert result["statusCode"] == 200
    assert '"name":"a b"' in result["body"].replace(": ", ":")
    assert '"root":"/prod"' in result["body"].replace(": ", ":")
    assert done == ["/日/a b"]


def test_options_of_an_app_can_be_bound():
    def app(option, environ, start_response):
        start_response(*OK)
        return [option]

    assert answer(call(partial(app, b"x"))) == (200, "x")
    assert answer(call(WSGI(partial(app, b"y")))) == (200, "y")


# What it costs to import


def test_a_wsgi_function_loads_no_heavy_module():
    code = """
import sys
from adapter import Handler

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

event = {
    "version": "2.0", "rawPath": "/x", "rawQueryString": "a=1", "headers": {"host": "h"},
    "requestContext": {"http": {"method": "GET", "path": "/x"}, "stage": "$default"},
}
with Handler(app) as handler:
    assert handler(event)["body"] == "hello"
print(*sorted(sys.modules))
"""
    process = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = set(process.stdout.split())
    heavy = {
        "asyncio", "http", "http.client", "logging", "typing", "inspect", "dataclasses",
        "urllib.parse", "json", "re", "socket", "ssl", "email", "threading",
    }  # fmt: skip
    brought = baseline()
    assert "adapter.wsgi" in loaded
    assert "adapter.asgi" not in loaded
    assert loaded & heavy <= brought


def baseline():
    """What the interpreter loads by itself; `site` may read .pth files that import a lot."""
    process = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(*sys.modules)"],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    return set(process.stdout.split())
