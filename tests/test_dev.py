"""`adapter dev` as a user runs it: a process, a port, a client, Ctrl-C."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from adapter.local.dev import ends
from adapter.local.region import regions
from dev_command import Dev

GUESTS = Path(__file__).parent / "guests"


@pytest.fixture(scope="module")
def web():
    """An `adapter dev` for the tests that only ask it."""
    running = Dev(GUESTS, "web:app").wait_until_up()
    yield running
    running.stop(signal.SIGKILL)


@pytest.mark.parametrize("kind", ["function_url", "alb_multi"])  # the others are asked below
def test_a_request_goes_through_a_front_end(dev, kind):
    answer = dev("web:app", "--kind", kind).client.post("/a%20b?x=%2F", content="hé".encode())
    said = answer.json()
    assert answer.status_code == 200
    assert answer.headers["x-a"] == "1"
    assert said["path"] == "/a b"
    assert said["query"] == "x=%2F"
    assert said["body"].encode("latin-1") == "hé".encode()


@pytest.mark.parametrize("kind", ["http_api", "rest_api"])
def test_a_stage_stands_before_every_path(dev, kind):
    gateway = dev("web:app", "--kind", kind, "--stage", "prod")
    said = gateway.client.get("/prod/x").json()
    assert (said["root_path"], said["path"]) == ("/prod", "/prod/x")
    assert gateway.client.get("/prod").json()["path"] == "/prod/"
    refused = gateway.client.get("/production/x")
    assert refused.status_code == {"http_api": 404, "rest_api": 403}[kind]


def test_a_line_tells_each_request(dev):
    gateway = dev("web:app")
    gateway.client.get("/a b?x=%2F")
    gateway.client.post("/")
    lines = [line for line in gateway.stop().splitlines() if " ms" in line]
    shapes = [re.sub(r"\d+(\.\d)?", "0", line) for line in lines]
    assert shapes == [
        "0:0:0 0 GET /a%0b?x=%0F 0 ms (cold start 0 ms)",
        "0:0:0 0 POST / 0 ms",
    ]
    assert all(line.split(" ")[1] == "200" for line in lines)


def test_objects_tell_machines_the_same(dev, tmp_path):
    (tmp_path / "main.py").write_text(
        "def handler(event, context):\n    print('hé')\n    raise ValueError\n"
    )
    gateway = dev("main.handler", "--json", folder=tmp_path)
    gateway.client.get("/x?y=1")
    told = [json.loads(line) for line in gateway.stop().splitlines()]
    assert all(one["time"] > 1.7e9 for one in told)
    assert "hé" in [one["message"] for one in told if one["type"] == "log"]
    [failed] = [one for one in told if one["type"] == "request"]
    assert (failed["method"], failed["path"], failed["query"]) == ("GET", "/x", "y=1")
    assert (failed["status"], failed["kind"]) == (500, "http_api")
    assert failed["function"] == tmp_path.name
    assert failed["init_ms"] > 0
    assert failed["duration_ms"] > 0


def test_environments_start_while_all_are_busy_up_to_the_limit(dev, tmp_path):
    (tmp_path / "slow.py").write_text(
        "import os, time\n"
        "def app(environ, start_response):\n"
        "    open(f'begun-{os.getpid()}', 'w').close()\n"
        "    while sum(name.startswith('begun-') for name in os.listdir()) < 2:\n"
        "        time.sleep(0.01)\n"
        "    start_response('200 OK', [])\n"
        "    return [str(os.getpid()).encode()]\n"
    )
    gateway = dev("slow:app", "--workers", "2", folder=tmp_path)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: gateway.client.get("/").text, range(4)))
    assert len(set(answers)) == 2


@pytest.mark.parametrize("number", ends())  # not SIGHUP, where the tests run under nohup
def test_it_stops_at_once_and_leaves_no_process(dev, number):
    gateway = dev("web:app")
    gateway.client.get("/")
    children = gateway.children()
    output = gateway.stop(number)
    assert gateway.process.returncode == 0
    assert "the app was shut down" in output
    assert "Traceback" not in output
    assert children
    assert not [child for child in children if child.is_running()]


def test_under_nohup_the_end_of_the_terminal_is_nothing_to_it():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in ends()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_environments_end_when_the_gateway_is_killed(dev):
    gateway = dev("web:app")
    children = gateway.children()
    gateway.stop(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


REFUSED = (500, '{"message":"Internal Server Error"}')
RESULTS = [
    ("return {'statusCode': 200, 'body': 'fine'}", (200, "fine")),
    ("return 'text'", (200, "text")),
    ("return {'statusCode': 'x'}", REFUSED),
    ("return {'statusCode': 200, 'body': 5}", REFUSED),
    ("raise ValueError('no')", REFUSED),
    ("import os; os._exit(3)", REFUSED),
]


def test_a_function_s_result_becomes_what_aws_would_send(dev, tmp_path):
    cases = "".join(
        f"    if event['rawPath'] == '/{number}':\n        {source}\n"
        for number, (source, _) in enumerate(RESULTS)
    )
    (tmp_path / "mine.py").write_text(f"def handler(event, context):\n{cases}")
    gateway = dev("mine.handler", folder=tmp_path)
    for number, (source, right) in enumerate(RESULTS):
        for _ in range(2):  # it goes on
            answer = gateway.client.get(f"/{number}")
            assert (answer.status_code, answer.text.strip('"')) == right, source


def test_a_rest_api_refuses_a_result_with_keys_it_does_not_know(dev, tmp_path):
    (tmp_path / "mine.py").write_text(
        "def handler(event, context):\n    return {'statusCode': 200, 'cookies': []}\n"
    )
    gateway = dev("mine.handler", "--kind", "rest_api", folder=tmp_path)
    answer = gateway.client.get("/")
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})
    assert "the result has keys that this front end refuses: cookies" in gateway.stop()


def test_an_answer_over_the_limit_is_a_clear_500(dev, tmp_path):
    (tmp_path / "mine.py").write_text(
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [b'x' * 7_000_000]\n"
    )
    answer = dev("mine:app", folder=tmp_path).client.get("/")
    assert answer.status_code == 500
    assert "6,291,556" in answer.text


def test_a_request_over_the_limit_is_refused(web):
    answer = web.client.post("/", content=b"\xff" * 5_000_000)
    assert answer.status_code == 413


def raw(gateway, *lines, body=b""):
    """The whole answer to a request of raw bytes."""
    with socket.create_connection(("127.0.0.1", gateway.port), 30) as connection:
        connection.sendall(b"\r\n".join([*lines, b"Host: x", b"Connection: close", b"", body]))
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "lines",
    [
        [b"GET /%FF%00%zz//../?%=%&&=+ HTTP/1.1"],
        [b"GET / HTTP/1.1", b"X-Bytes: \xe9\xff\x80"],
        [b"GET / HTTP/1.1", b"Cookie: a=\xe9; b"],
        [b"GET / HTTP/1.0"],
        [b"GET / HTTP/1.1", b"X: 1", b"X: 2", b"X-Forwarded-Port: a, b", b"Forwarded: ;;"],
        [b"OPTIONS * HTTP/1.1"],
        [b"GET http://other/x HTTP/1.1"],
        [b"BREW / HTTP/1.1"],
    ],
)
def test_whatever_a_client_sends_is_carried_or_refused(web, lines):
    answer = raw(web, *lines)
    assert answer.split(b" ")[1] in (b"200", b"400"), answer


def test_a_chunked_upload_arrives_whole(web):
    def pieces():
        yield b"one"
        yield b"two"

    answer = web.client.post("/", content=pieces())
    assert answer.json()["body"] == "onetwo"


def test_a_kept_connection_does_not_stall(web):
    """40 ms for each request is what a missing TCP_NODELAY costs, on either leg."""

    def seconds():
        began = time.perf_counter()
        web.client.get("/")
        return time.perf_counter() - began

    assert any(seconds() < 0.030 for _ in range(500))


def test_environments_that_die_while_idle_leave_nothing_open(dev):
    gateway = dev("web:app", "--workers", "1")
    process = psutil.Process(gateway.process.pid)
    gateway.client.get("/")
    before = process.num_fds()
    for _ in range(5):
        for child in (children := gateway.children()):
            child.kill()
        until(lambda: not any(child.is_running() for child in children))
        assert gateway.client.get("/").status_code == 200
    until(lambda: process.num_fds() <= before + 2)


def until(true):
    for _ in range(1000):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def test_output_that_nobody_reads_does_not_hold_up_requests(dev, tmp_path):
    (tmp_path / "loud.py").write_text("def handler(event, context): print('x' * 5000)\n")
    gateway = dev("loud.handler", "--workers", "1", folder=tmp_path)
    for _ in range(40):  # 200 KB of log, into a pipe that holds 64
        assert gateway.client.get("/").status_code == 200
    assert len(gateway.stop()) > 200_000


def test_an_upload_over_the_limit_is_not_kept(dev):
    gateway = dev("web:app", "--workers", "1")
    answer = gateway.client.post("/", content=(b"x" * 1_000_000 for _ in range(60)))
    assert answer.status_code == 413
    assert psutil.Process(gateway.process.pid).memory_info().rss < 150e6


def test_ctrl_c_with_a_request_in_flight_is_quiet(dev, tmp_path):
    (tmp_path / "slow.py").write_text("import time\ndef handler(e, c): time.sleep(20)\n")
    gateway = dev("slow.handler", folder=tmp_path)
    with ThreadPoolExecutor(1) as threads:
        request = threads.submit(httpx.get, gateway.url, timeout=20)
        time.sleep(0.5)
        output = gateway.stop()
        assert isinstance(request.exception() or request.result(), httpx.HTTPError | httpx.Response)
    assert gateway.process.returncode == 0
    assert "Exception in ASGI application" not in output


# What the environments are told

PROFILES = "[default]\nregion = eu-west-1\n[profile mine]\nregion=eu-west-2\n[profile none]\n"


@pytest.mark.parametrize(
    ("profiles", "variables", "region", "default"),
    [
        (PROFILES, {"AWS_REGION": "a-1", "AWS_DEFAULT_REGION": "b-1"}, "a-1", "b-1"),
        (PROFILES, {"AWS_REGION": "a-1"}, "a-1", "a-1"),
        (PROFILES, {"AWS_DEFAULT_REGION": "b-1"}, "b-1", "b-1"),
        (PROFILES, {}, "eu-west-1", "eu-west-1"),
        (PROFILES, {"AWS_PROFILE": "mine"}, "eu-west-2", "eu-west-2"),
        (PROFILES, {"AWS_PROFILE": "none"}, "us-east-1", "us-east-1"),
        (PROFILES, {"AWS_PROFILE": "absent"}, "us-east-1", "us-east-1"),
        (None, {}, "us-east-1", "us-east-1"),
        ("region = eu-west-1", {}, "us-east-1", "us-east-1"),  # no profile's
        ("\udcff", {}, "us-east-1", "us-east-1"),
    ],
)
def test_the_region_is_the_one_of_the_users_other_programs(
    tmp_path, profiles, variables, region, default
):
    path = tmp_path / "config"
    if profiles is not None:
        path.write_text(profiles, "utf-8", "surrogateescape")
    found = regions({"AWS_CONFIG_FILE": str(path), **variables})
    assert found == {"AWS_REGION": region, "AWS_DEFAULT_REGION": default}


# What goes wrong at the start


def test_a_process_that_ends_without_a_word_is_spoken_for(tmp_path):
    (tmp_path / "mine.py").write_text("import os\nos._exit(7)\n")
    done = start_badly("mine:app", "--port", "0", folder=tmp_path)
    assert done.returncode == 1
    assert "Runtime exited with error: exit status 7" in done.stdout


def start_badly(*arguments, folder=GUESTS):
    return subprocess.run(
        [sys.executable, "-m", "adapter", "dev", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_module_that_is_not_there_ends_with_one_line():
    done = start_badly("absent:app", "--port", "0")
    assert done.returncode == 1
    assert done.stdout.count("\n") == 1
    assert "there is no module 'absent' for absent:app" in done.stdout


@pytest.mark.parametrize(("variables", "colours"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_has_colours_unless_it_wants_none(monkeypatch, variables, colours):
    monkeypatch.delenv("NO_COLOR", raising=False)
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "adapter", "dev", "absent:app", "--port", "0"],
        env={**os.environ, **variables},
        stdout=theirs,
        timeout=60,
        check=False,
    )
    assert (b"\x1b[31m[ERROR]" in os.read(ours, 10_000)) is colours
    os.close(ours)
    os.close(theirs)


def test_a_port_in_use_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = start_badly("web:app", "--port", str(port))
    assert done.returncode == 1
    assert f"can't listen on 127.0.0.1:{port}" in done.stdout
    assert f"--port {port + 1}" in done.stdout


def test_a_stage_is_for_front_ends_that_have_them():
    done = start_badly("web:app", "--kind", "alb", "--stage", "prod")
    assert done.returncode == 2
    assert "--stage: alb has no stages" in done.stderr


def test_an_empty_host_is_not_every_interface():
    done = start_badly("web:app", "--host", "", "--port", "0")
    assert done.returncode == 2
    assert "--host is empty: to listen on all interfaces write 0.0.0.0, or ::" in done.stderr


def test_requirements_that_are_not_installed_are_named(tmp_path):
    """Those of the function's folder and of its layers, and for no other mistake."""
    resources = {
        "F": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"Handler": "main:app", "CodeUri": "shop", "Layers": [{"Ref": "L"}]},
        },
        "L": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "deps"}},
    }
    (tmp_path / "template.json").write_text(json.dumps({"Resources": resources}))
    for folder in ("shop", "deps"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "requirements.txt").write_text("no-such-package\n")
    for source, told in (("import no_such_package", True), ("1 / 0", False)):
        (tmp_path / "shop" / "main.py").write_text(source)
        done = start_badly("--template", "template.json", "--port", "0", folder=tmp_path)
        assert done.returncode == 1
        assert ("install the requirements of F: " in done.stdout) is told
        files = "install -r shop/requirements.txt -r deps/requirements.txt"
        assert (files in done.stdout) is told


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_it_listens_at_ipv6_too():
    command = [sys.executable, "-m", "adapter", "dev", "web:app", "--host", "::1", "--port", "0"]
    command.append("--reload")  # which is so without it
    with subprocess.Popen(command, cwd=GUESTS, stdout=subprocess.PIPE, text=True) as dev:
        try:
            url = dev.stdout.readline().split()[0]
            assert re.fullmatch(r"http://\[::1\]:\d+/", url)
            assert httpx.get(f"{url}x", timeout=30).json()["path"] == "/x"
        finally:
            dev.send_signal(signal.SIGINT)


def test_the_command_says_what_to_install():
    code = "import sys; sys.modules['click'] = None; from adapter.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'apigw-adapter[all]'" in done.stderr


def test_guests_of_other_runtimes_are_served(dev, tmp_path):
    """AWS's own Python runtime runs the same module through `main.handler`."""
    from adapter.events import KINDS
    from adapter.message import Request
    from lambda_side import AWSLAMBDARIC, run

    folder = os.getcwd()
    os.chdir(GUESTS)
    try:
        event = KINDS["rest_api"].encode_request(Request("GET", "/x"))
        (result,) = run("web.handler", event, command=AWSLAMBDARIC).results
    finally:
        os.chdir(folder)
    assert json.loads(result["body"])["path"] == "/x"
