"""One event at a time: `adapter event`, `invoke` and `replay`.

Each is run as a process where that matters: where it reads, writes, logs and ends as one. What
words and values mean is asked of the same command in this process, whose start takes no time.
"""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from adapter.cli import cli
from adapter.events import KINDS, STAGED
from adapter.local.difference import VOLATILE, Rules, difference, lines_of

GUESTS = Path(__file__).parent / "guests"


def adapter(*words, data=b"", folder=GUESTS, **rest):
    return subprocess.run(
        [sys.executable, "-m", "adapter", *words],
        input=data,
        capture_output=True,
        cwd=folder,
        timeout=60,
        **rest,
    )


def here(*words, data=b"", folder=GUESTS):
    """The same, without a process of its own."""
    words = [os.fsdecode(word) for word in words]
    with with_standard_input(data), contextlib.chdir(folder):
        done = CliRunner().invoke(cli, words)
    if not isinstance(done.exception, SystemExit | None):
        raise done.exception
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout_bytes, done.stderr_bytes)


@contextlib.contextmanager
def with_standard_input(data):
    before = os.dup(0)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        os.dup2(file.fileno(), 0)
    try:
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)


def said(done, status=0):
    """What a command wrote to stdout."""
    assert done.returncode == status, done.stderr.decode()
    assert b"adapter/cli/" not in done.stderr  # no traceback of ours
    return done.stdout


def event_of(*words, **rest):
    return json.loads(said(here("event", *words, **rest)))


def request_of(kind, *words, **rest):
    """The request as an app gets it."""
    return KINDS[kind].decode_request(event_of(kind, *words, **rest))


# event


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_front_end_makes_an_event_of_a_request(kind):
    words = ("post", "/a b/é?x=1&y=ü", "-H", "X-A: 1", "-H", "x-a:2", "-d", "@-")
    request = request_of(kind, *words, "--client-ip", "192.0.2.9", data=b"\xff\0\n")
    headers = dict(request.headers)
    assert (request.method, request.path) == ("POST", "/a%20b/%C3%A9")
    assert request.query == "x=1&y=%C3%BC"
    assert request.body == b"\xff\0\n"
    assert headers["host"] == "api.example.com"
    assert headers["accept"] == "*/*"
    assert headers["user-agent"].startswith("adapter/")
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["content-length"] == "3"
    assert headers["x-forwarded-for"] == "192.0.2.9"
    assert headers["x-a"].endswith("2")


@pytest.mark.parametrize("kind", STAGED)
def test_a_stage_stands_before_the_path(kind):
    request = request_of(kind, "GET", "/x", "--stage", "/prod/")
    assert (request.path, request.root_path) == ("/prod/x", "/prod")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["GET", "/%20 %zz+?b=1&a=2&b=%2F+ &c"], ("/%20%20%zz+", "b=1&a=2&b=%2F+%20&c", {})),
        (["GET", "//a/../b"], ("//a/../b", "", {"host": "api.example.com"})),
        (["GET", "/x?a=1#f?g"], ("/x", "a=1", {})),
        (["GET", b"/\xff?\xfe"], ("/%FF", "%FE", {})),
        (["GET", "http://h:81/x"], ("/x", "", {"host": "h:81", "x-forwarded-port": "81"})),
        (["GET", "https://[::1]?x"], ("/", "x", {"host": "[::1]", "x-forwarded-port": "443"})),
        (["GET", "/", "--host", "h"], ("/", "", {"host": "h"})),
        (["GET", "/", "-H", "Host: h"], ("/", "", {"host": "h"})),
        (["GET", "/", "-H", "Accept:"], ("/", "", {"accept": None})),
        (["GET", "/", "-H", "Accept;"], ("/", "", {"accept": ""})),
        (["GET", "/", "-H", "accept: a", "-H", "X: b:c;"], ("/", "", {"accept": "a", "x": "b:c;"})),
        (["GET", "/", "-H", "X: é"], ("/", "", {"x": "é".encode().decode("latin-1")})),
        (["GET", "/", "-H", b"X: \xff"], ("/", "", {"x": "\xff"})),
        (["GET", "/", "-H", "Connection: close"], ("/", "", {"connection": None})),
        (["GET", "/", "-H", "Cookie: a=1; b=2"], ("/", "", {"cookie": "a=1; b=2"})),
        (["GET", "/", "-d", ""], ("/", "", {"content-length": None})),
        (["PUT", "/", "--json", "{}"], ("/", "", {"accept": "application/json"})),
        (["PUT", "/", "--json", "{}", "-H", "content-type: x"], ("/", "", {"content-type": "x"})),
    ],
)
def test_a_request_is_what_a_client_would_send(words, told):
    request = request_of("function_url", *words)
    headers = dict(request.headers)
    if "-d" in words:  # the event of an empty body has no length that an app could see
        del headers["content-length"]
    assert (request.path, request.query) == told[:2]
    assert {name: headers.get(name) for name in told[2]} == told[2]


@pytest.mark.parametrize(
    ("words", "body", "media_type"),
    [
        (["-d", "a=1", "-d", "b=é"], "a=1&b=é".encode(), "application/x-www-form-urlencoded"),
        (["-d", b"\xff"], b"\xff", "application/x-www-form-urlencoded"),
        (["--json", '{"a": "é"}'], '{"a": "é"}'.encode(), "application/json"),
        (["--json", "@body"], b"from a file\n", "application/json"),
        (["-d", "@body", "-d", "@-"], b"from a file\n&from stdin", "text/plain"),
    ],
)
def test_a_body(tmp_path, words, body, media_type):
    (tmp_path / "body").write_bytes(b"from a file\n")
    typed = ["-H", "Content-Type: text/plain"] if media_type == "text/plain" else []
    request = request_of("alb", "POST", "/", *words, *typed, data=b"from stdin", folder=tmp_path)
    assert request.body == body
    assert dict(request.headers)["content-type"] == media_type
    assert dict(request.headers)["content-length"] == str(len(body))


def test_what_is_no_text_is_printed_as_json_has_it():
    event = said(adapter("event", "http_api", "GET", "/é", "-H", b"X: \xff"))
    assert '"rawPath": "/é"' in said(adapter("event", "http_api", "GET", "/é")).decode()
    assert b'"x": "\\udcff"' in event
    assert said(adapter("invoke", "web:app", "-", data=event))


# What can't be used

NO_CAPTURE = "standard input is no captured exchange: "
REFUSED = [
    ("event nope GET /", "", "there is no front end 'nope'; there are http_api, "),
    ("event alb", "", "Missing argument 'METHOD'"),
    ("event alb GÉT /", "", "'GÉT' is no HTTP method"),
    ("event alb GET x", "", "'x' is no path: it begins with /"),
    ("event alb GET ftp://h/", "", "'ftp://h/' is no path"),
    ("event alb GET http://a:b@h/", "", "'a:b@h' is no host"),
    ("event alb GET http://h:99999/", "", "Port out of range"),
    ("event alb GET / --host h/x", "", "'h/x' is no host"),
    ("event alb GET / --client-ip 1.2.3", "", "'1.2.3' does not appear to be an IPv4 or IPv6"),
    ("event alb GET / -H x", "", "'x' is no header: write 'Name: value'"),
    ("event alb GET / -H :x", "", "'' is no header's name"),
    ("event alb GET / -H a\tb:x", "", r"'a\tb' is no header's name"),
    ("event alb GET / -H a:x\ny:z", "", r"the header 'a:x\ny:z' holds a line break"),
    ("event alb GET / -d @nope", "", "can't read nope: No such file or directory"),
    ("event alb GET / -d @/", "", "can't read /: Is a directory"),
    ("event alb GET / -d x --json x", "", "a request has one body: -d or --json, not both"),
    ("event alb GET / --stage s", "", "--stage: alb has no stages; http_api, "),
    ("event http_api GET / --stage a/b", "", "--stage: 'a/b' is no stage name"),
    ("invoke plain.handler", "", "Missing argument 'EVENT.json|-'"),
    ("invoke  -", "{}", "which function? Name it: adapter invoke main:app, or main.handler"),
    ("invoke plain.handler nope", "", "can't read nope: No such file or directory"),
    ("invoke plain.handler -", '{\n "a": }', "standard input, line 2, column 7: this is no JSON: "),
    ("invoke plain.handler -", "", "standard input, line 1, column 1: this is no JSON: "),
    ("invoke plain.handler -", b"\xff\x00\xfe", "this is no UTF-8 text"),
    ("invoke plain.handler -", "[NaN]", "this can't be read as JSON: there is no NaN in JSON"),
    ("invoke plain.handler -", "[1e999]", "standard input: this can't be read as JSON: "),
    ("invoke plain.handler -", "[" * 100_000, "standard input: this can't be read as JSON: "),
    ("invoke plain.handler - --timeout 0", "", "Invalid value for '--timeout'"),
    ("invoke plain.handler - --timeout nan", "", "Invalid value for '--timeout'"),
    (
        "invoke plain.handler - --capture /no/x",
        "{}",
        "can't write /no/x: No such file or directory",
    ),
    ("replay nope", "", "can't read nope: No such file or directory"),
    ("replay -", "[]", f"{NO_CAPTURE}it is no JSON object"),
    ("replay -", '{"result": 1}', f"{NO_CAPTURE}it has no 'event'"),
    ("replay -", '{"event": 1}', f"{NO_CAPTURE}it has no 'result'"),
    ("replay -", '{"event": 1, "result": 1, "capture": 2}', f"{NO_CAPTURE}its format is 2"),
    ("replay -", '{"event": 1, "result": 1, "target": 5}', f"{NO_CAPTURE}its 'target' is 5"),
    (
        "replay -",
        '{"event": 1, "result": 1, "kind": "x"}',
        f"{NO_CAPTURE}there is no front end 'x'",
    ),
    ("replay -", '{"event": 1, "result": 1}', "- names no function: write one behind it"),
]


@pytest.mark.parametrize(("words", "data", "message"), REFUSED)
def test_what_can_t_be_used_is_told_in_a_line(words, data, message):
    data = data if isinstance(data, bytes) else data.encode()
    done = here(*words.split(" "), data=data)
    assert done.returncode == 2
    assert b"adapter/cli/" not in done.stderr  # no traceback of ours
    told = [line for line in done.stderr.decode().splitlines() if line.startswith("Error: ")]
    assert len(told) == 1
    assert message in told[0]
    assert b"can't write" in done.stderr or not done.stdout


def test_no_standard_input_is_told_in_a_line():
    command = f"{sys.executable} -m adapter invoke plain.handler - <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, cwd=GUESTS, timeout=60)
    assert done.returncode == 2
    assert done.stderr == b"Error: can't read standard input: Bad file descriptor\n"


def test_a_full_disk_is_told_in_a_line():
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "adapter", "event", "alb", "GET", "/"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (2, b"Error: can't write: No space left on device\n")


# invoke


def test_the_result_goes_to_stdout_and_the_log_to_stderr(tmp_path):
    event = said(here("event", "rest_api", "GET", "/a b?x=1"))
    done = adapter("invoke", "web:app", "-", data=event)
    result = json.loads(said(done))
    assert said(done).startswith(b'{\n  "statusCode": 200,\n')
    assert json.loads(result["body"])["path"] == "/a b"
    log = [line.partition(" ")[0] for line in done.stderr.decode().splitlines()]
    assert log == ["START", "END", "REPORT", "the"]  # the app was shut down


@pytest.mark.parametrize(
    ("event", "words", "status", "printed"),
    [
        ('{"a": "text"}', [], 0, '{\n  "a": "é日😀"\n}\n'),
        ('{"a": "text"}', ["--raw"], 0, '{"a": "é日😀"}'),
        ("[]", [], 1, None),
        ('{"a": "fail"}', [], 1, "no such luck"),
        ('{"a": "fail"}', ["--raw"], 1, "no such luck"),
        ('{"a": "die"}', [], 1, "Runtime.ExitError"),
        ('{"a": "large"}', [], 1, "6,291,556"),
    ],
)
def test_any_event_goes_to_any_function(tmp_path, event, words, status, printed):
    (tmp_path / "event.json").write_text("\ufeff" + event, "utf-8")
    done = adapter("invoke", "plain.handler", str(tmp_path / "event.json"), *words)
    output = said(done, status).decode()
    if status:
        document = json.loads(output)
        assert document["errorType"]
        assert printed is None or printed in output
    else:
        assert json.loads(output) == json.loads(printed)
        assert words or output == printed


@pytest.mark.parametrize(
    ("source", "words", "message"),
    [
        (None, [], "there is no module 'main'"),
        ("1/0", [], "ZeroDivisionError"),
        ("import time; time.sleep(60)", ["--timeout", "0.5"], "did not start within 0.5 seconds"),
        ("import os; os._exit(3)", [], "exit status 3"),
        (
            "import time\ndef handler(event, context): time.sleep(60)",
            ["--timeout", "0.5"],
            "Task timed out after 0.50 seconds",
        ),
    ],
)
def test_a_function_that_fails_is_status_1_with_the_reason(tmp_path, source, words, message):
    if source is not None:
        (tmp_path / "main.py").write_text(source)
    began = time.monotonic()
    done = adapter("invoke", "main.handler", "-", *words, data=b"{}", folder=tmp_path)
    assert message in json.loads(said(done, 1))["errorMessage"]
    assert time.monotonic() - began < 50


STREAM = {
    "/cookies": (0, b'  "cookies": [\n    "a=1",\n    "b=2"\n  ]\n}\n\nonetwo\n', ""),
    "/none": (0, b'  "cookies": []\n}\n\n', ""),
    "/fails-after": (1, b"}\n\nonetwo\n", '"errorType": "ValueError"'),
}


@pytest.mark.parametrize("path", STREAM)
def test_a_streamed_answer_is_shown_as_it_comes(path):
    status, end, error = STREAM[path]
    event = said(here("event", "function_url", "GET", path))
    done = adapter("invoke", "streams:app", "-", "--stream", data=event)
    assert said(done, status).startswith(b'{\n  "statusCode": 20')
    assert said(done, status).endswith(end)
    assert error in done.stderr.decode()


def test_a_raw_stream_is_what_the_function_sends():
    event = said(here("event", "function_url", "GET", "/20-mb"))
    done = adapter("invoke", "streams:app", "-", "--stream", "--raw", data=event)
    head, _, body = said(done).partition(bytes(8))
    assert json.loads(head)["statusCode"] == 200
    assert body == b"x" * 20_000_000


def test_the_first_piece_is_shown_before_the_last_is_made(tmp_path):
    seen = tmp_path / "seen"
    event = said(here("event", "function_url", "GET", "/until-seen"))
    process = subprocess.Popen(
        [sys.executable, "-m", "adapter", "invoke", "streams:app", "-", "--stream"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=GUESTS,
        env={**os.environ, "SEEN": str(seen)},
    )
    process.stdin.write(event)
    process.stdin.close()
    output = b""
    while not output.endswith(b"\n\none"):
        output += process.stdout.read(1)
    seen.touch()
    assert process.stdout.read() == b"two\n"
    assert process.wait(30) == 0
    process.stdout.close()


SLEEPERS = {
    "start": "import time\nprint('here', flush=True)\ntime.sleep(60)\n",
    "answer": (
        "import time\ndef handler(event, context):\n    print('here', flush=True)\n"
        "    time.sleep(60)\n"
    ),
}


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("where", ["start", "answer"])
def test_a_signal_ends_it_and_its_environment(tmp_path, number, where):
    (tmp_path / "main.py").write_text(SLEEPERS[where])
    (tmp_path / "event.json").write_text("{}")
    process = subprocess.Popen(
        [sys.executable, "-m", "adapter", "invoke", "main.handler", "event.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    )
    for line in process.stderr:
        if line == "here\n":
            break
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    output, log = process.communicate(timeout=30)
    assert (process.returncode, output) == (130, "")
    assert "Traceback" not in log
    assert children
    assert not [child for child in children if child.is_running()]


# replay

ECHO = "def handler(event, context):\n    return event['answer']\n"


def response(body, headers=None, **rest):
    return {"statusCode": 200, "headers": headers or {}, "body": body, **rest}


def base64(body):
    return response(body, isBase64Encoded=True)


PLAIN = {"content-type": "text/plain"}
DIFFERENCES = [
    # captured, answered, the kind, options, lines of the diff without its head (None: the same)
    (response("a"), response("a"), "http_api", [], None),
    (response("a"), response("b"), "http_api", [], ["-a", "+b"]),
    (response("a"), {**response("a"), "statusCode": 404}, "http_api", [], ["200", "404"]),
    (response("a"), response("a\n"), "http_api", [], [" a", "+"]),
    (response("a\r\nb"), response("a\nb"), "http_api", [], ["-a\\r", "+a"]),
    (response("a"), response("a", PLAIN), "alb", [], ["+content-type: text/plain"]),
    (response("", {"Date": "1"}), response("", {"date": "2"}), "http_api", [], None),
    (response("", {"Date": "1"}), response("", {"date": "2"}), "alb", ["--strict"], ["-date: 1"]),
    (response("", {"a": "1"}), response("", {"a": "2"}), "alb", ["--ignore", "A"], None),
    (response("", {"a": "1", "b": "2"}), response("", {"b": "2", "a": "1"}), "alb", [], None),
    (response("", {"a": "\u00e9"}), response("", {"a": "e"}), "alb", [], ["-a: é", "+a: e"]),
    (response('{"a":1,"b":2}'), response('{"b": 2, "a": 1}'), "http_api", [], None),
    (response('{"a":1}'), response('{"a": 1}'), "http_api", ["--strict"], ['-{"a":1}']),
    (response('{"a":1,"b":2}'), response('{"a":1,"b":3}'), "alb", [], ['-  "b": 2', '+  "b": 3']),
    (response("é"), base64("w6k="), "http_api", [], None),
    (base64("w6k="), base64("w6g="), "http_api", [], ["-é", "+è"]),
    (base64("/w=="), base64("//8="), "alb", [], ["-1 bytes, SHA-256 a8100", "+2 bytes, SHA"]),
    (response("\x1b[31m"), response(""), "alb", [], ["-\\x1b[31m"]),
    (response("[" * 5000), response("[" * 4999), "alb", [], ["-[[[", "+[[["]),
    (5, response(""), "alb", [], ["-alb refuses the result: ", "+status: 200"]),
    (5, 5, "alb", [], None),
    (["a"], ["b"], None, [], ['-  "a"', '+  "b"']),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, None, [], None),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, None, ["--strict"], ['+  "b": 2,']),
    (None, None, None, [], None),
]


@pytest.mark.parametrize(("before", "after", "kind", "words", "lines"), DIFFERENCES)
def test_what_is_different(before, after, kind, words, lines):
    ignored = words[1:] if "--ignore" in words else ()
    rules = Rules("--strict" in words, frozenset(name.lower() for name in ignored))
    old, new = (lines_of(json.loads(json.dumps(it)), kind, rules) for it in (before, after))
    check(difference(old, new, ""), lines)


def check(diff, lines):
    if lines is None:
        assert not diff
    else:
        assert diff[:2] == ["--- captured", "+++ now"]
        assert [line for line in lines if line not in "\n".join(diff)] == []


@pytest.mark.parametrize("number", [0, 1, 7, 8, 20, 21, 24])
def test_replay_says_what_is_different(tmp_path, number):
    before, after, kind, words, lines = DIFFERENCES[number]
    (tmp_path / "main.py").write_text(ECHO)
    capture = {"kind": kind, "event": {"answer": after}, "result": before}
    (tmp_path / "one.json").write_text(json.dumps(capture))
    done = here("replay", "one.json", "main.handler", *words, folder=tmp_path)
    told = said(done, 0 if lines is None else 1).decode().splitlines()
    check([] if told == ["no difference"] else told, lines)


def test_the_reference_names_the_headers_that_are_not_compared():
    page = (Path(__file__).parents[1] / "docs" / "reference" / "cli.md").read_text("utf-8")
    assert [name for name in VOLATILE if f"`{name}`" not in page] == []


APPS = {
    "same": ("raise ValueError('no')", "import os\n    raise ValueError('no')", 0),
    "another": ("raise ValueError('no')", "raise KeyError('no')", 1),
    "mended": ("raise ValueError('no')", "return {'statusCode': 200}", 1),
    "broken": ("return {'statusCode': 200}", "raise ValueError('no')", 1),
    "ended": ("import os; os._exit(1)", "import os; os._exit(1)", 0),
}


@pytest.mark.parametrize(("before", "after", "status"), APPS.values(), ids=APPS)
def test_a_failure_is_compared_as_well(tmp_path, before, after, status):
    event = said(here("event", "http_api", "GET", "/"))
    main = tmp_path / "main.py"
    main.write_text(f"def handler(event, context):\n    {before}\n")
    here("invoke", "main.handler", "-", "--capture", "c", data=event, folder=tmp_path)
    main.write_text(f"def handler(event, context):\n    {after}\n\n")
    output = said(here("replay", "c", folder=tmp_path), status).decode()
    assert ("the function failed" in output) == bool(status)


@pytest.mark.parametrize("path", ["/", "/cookies", "/none"])
@pytest.mark.parametrize("kind", ["function_url", "rest_api"])
def test_a_streamed_answer_is_captured_as_one_result(tmp_path, kind, path):
    file = str(tmp_path / "capture.json")
    event = said(here("event", kind, "GET", path))
    said(here("invoke", "streams:app", "-", "--stream", "--capture", file, data=event))
    captured = json.loads(Path(file).read_text())
    assert captured["stream"] is True
    assert captured["kind"] == kind
    assert captured["result"]["body"] == ("" if path == "/none" else "onetwo")
    assert said(here("replay", file)) == b"no difference\n"


def test_a_capture_says_what_it_is(tmp_path):
    file = tmp_path / "capture.json"
    said(adapter("invoke", "plain.handler", "-", "--capture", str(file), data=b'{"a": "text"}'))
    captured = json.loads(file.read_text("utf-8"))
    assert captured.pop("captured_at").endswith("Z")
    assert captured == {
        "capture": 1,
        "target": "plain.handler",
        "kind": None,
        "stream": False,
        "failed": False,
        "event": {"a": "text"},
        "result": {"a": "é日😀"},
    }


def test_a_diff_is_coloured_on_a_terminal_only(tmp_path):
    (tmp_path / "main.py").write_text(ECHO)
    capture = {"event": {"answer": 1}, "result": 2, "target": "main.handler"}
    (tmp_path / "one.json").write_text(json.dumps(capture))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "adapter", "replay", "one.json"]
    subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, cwd=tmp_path, timeout=60)
    assert b"\x1b[31m-2\x1b[0m" in os.read(ours, 10_000)
    os.close(ours)
    os.close(theirs)
    assert b"\x1b" not in said(adapter("replay", "one.json", folder=tmp_path), 1)
