"""From init to shutdown: signals, extension, SnapStart, warming, and how a runtime is started."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import adapter
from adapter import Handler
from adapter.events import KINDS
from adapter.message import Request
from lambda_side import ADAPTER, run

GUESTS = Path(__file__).parent / "guests"
RUNTIME = Path(adapter.__file__).parent / "runtime"


@pytest.fixture(autouse=True)
def _task_folder(monkeypatch):
    monkeypatch.chdir(GUESTS)


def event(path="/"):
    return KINDS["http_api"].encode_request(Request("GET", path))


def said(ran):
    """What the app printed."""
    lambda_s = ("START", "END", "REPORT", "[ERROR]")
    return [line for line in ran.log if not line.startswith(lambda_s)]


# The end


def test_the_app_is_started_in_init_and_shut_down_at_the_end():
    assert said(run("life:app", event(), event())) == ["startup", "shutdown"]


def test_without_the_extension_lambda_sends_no_signal():
    ran = run("life:app", event(), variables={"ADAPTER_EXTENSION": "0"})
    assert said(ran) == ["startup"]


def test_an_invocation_that_times_out_shuts_the_app_down_too():
    ran = run("late:app", event("/waits"), timeout=0.4, variables={"ADAPTER_DEADLINE_MARGIN": "0"})
    assert ran.outcomes[0].late


def test_a_platform_without_extensions_is_served_all_the_same():
    # AWS's awslambdaric never registers; ours asks, and a 404 is no reason not to serve: test_rie
    # runs it against AWS's emulator, and this one against a server that knows only /next.
    source = """
import http.server, os
class API(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        print("POST", self.path, flush=True)
        self.send_response(404); self.send_header("content-length", "0"); self.end_headers()
    def do_GET(self):
        print("GET", self.path, flush=True)
        self.send_response(500); self.send_header("content-length", "0"); self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), API)
print(server.server_port, flush=True)
server.serve_forever()
"""
    server = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    port = server.stdout.readline().strip()
    done = subprocess.run(
        [*ADAPTER, "plain.handler"],
        env={**os.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    server.kill()
    calls, _ = server.communicate()
    assert calls.split("\n")[:2] == [
        "POST /2020-01-01/extension/register",
        "GET /2018-06-01/runtime/invocation/next",
    ]
    assert done.returncode == 1
    assert "this environment is over" in done.stdout


# SnapStart


def test_hooks_run_around_the_snapshot():
    ran = run("life:app", event(), snapstart=True)
    assert ran.results[0]["statusCode"] == 200
    assert said(ran) == [
        "startup", "before 2", "before 1", "before AWS's", "after AWS's", "after 1", "after 2 True",
        "shutdown",
    ]  # fmt: skip


def test_without_snapstart_no_hook_runs():
    assert "before" not in run("life:app", event()).text


def test_a_hook_that_fails_before_the_snapshot_fails_the_init():
    ran = run("life:app", event(), snapstart=True, variables={"BREAK": "before"})
    assert json.loads(ran.outcomes[0].body)["errorMessage"] == "can't let go"


def test_a_hook_that_fails_after_the_restore_is_told():
    ran = run("life:app", event(), snapstart=True, variables={"BREAK": "after"})
    assert ran.outcomes[0].failed
    assert "can't go on" in ran.text


# Warming


@pytest.mark.parametrize("number", [True, 1])
def test_warming_is_answered_without_the_app(number):
    def app(environ, start_response):
        raise AssertionError("it was entered")

    answer = Handler(app)({"warm": number})
    assert answer == {"warm": True, "environment": str(os.getpid())}


def test_warming_holds_so_that_as_many_environments_get_warm():
    ran = run("life:app", *[{"warm": 3}] * 3, size=3, at_once=True)
    assert all(result["warm"] for result in ran.results)
    assert sum("Init Duration" in line for line in ran.log) == 3


@pytest.mark.parametrize("event", [{"warm": "yes"}, {"warm": None}, {"warm": True, "x": 1}, {}])
def test_other_events_are_not_warming(event):
    with pytest.raises(adapter.EventError):
        Handler(lambda environ, start_response: [])(event)


# What operators see


def test_one_line_for_each_request():
    ran = run("life:app", event("/a%20b"), event("/"), variables={"ADAPTER_ACCESS_LOG": "1"})
    lines = [line.split("\t")[-1] for line in ran.log if "adapter.access" in line or " ms " in line]
    first, second = [line for line in lines if line.startswith("GET")]
    assert re.fullmatch(r"GET /a%20b 200 \d+\.\d ms cold", first)
    assert re.fullmatch(r"GET / 200 \d+\.\d ms warm", second)


def test_the_line_is_an_object_where_logs_are():
    variables = {"ADAPTER_ACCESS_LOG": "1", "AWS_LAMBDA_LOG_FORMAT": "JSON"}
    ran = run("life:app", event("/x"), variables=variables)
    (line,) = [json.loads(line) for line in ran.log if line.startswith("{")]
    assert {"method": "GET", "path": "/x", "status": 200, "cold": True}.items() <= line.items()
    assert len(line["requestId"]) == 36


def test_a_failure_is_told_to_x_ray_and_by_its_type():
    (outcome,) = run("plain.handler", {"a": "fail"}).outcomes
    assert outcome.error_type == "Function.ValueError"
    cause = json.loads(outcome.xray_cause)
    assert cause["exceptions"][0]["message"] == "no such luck"
    assert cause["paths"][0].endswith("plain.py")


def test_the_trace_is_where_the_x_ray_sdk_looks_for_it():
    (trace,) = run("plain.trace", {}).results
    assert trace.startswith("Root=1-")


# Three ways to start it


def started(script, *arguments, **variables):
    """What a script says when it starts the runtime outside of Lambda, from another folder."""
    return subprocess.run(
        [script, *arguments],
        env={"PATH": os.environ["PATH"], "_HANDLER": "plain.handler", **variables},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_bootstrap_starts_a_function_from_its_folder(tmp_path):
    packages = os.pathsep.join(sys.path[1:])
    command = [str(RUNTIME / "bootstrap")]
    variables = {
        "PYTHONPATH": packages,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    (pid,) = run("plain.handler", {"a": "pid"}, command=command, variables=variables).results
    assert pid["a"]


def test_a_bootstrap_without_a_python_says_so(tmp_path):
    (tmp_path / "sh").symlink_to("/bin/sh")
    done = started(RUNTIME / "bootstrap", PATH=str(tmp_path), LAMBDA_TASK_ROOT=str(tmp_path))
    assert done.returncode == 127
    assert "no python3 in" in done.stderr


def test_the_exec_wrapper_replaces_aws_s_loop():
    # Lambda's image calls it so: the interpreter, its flags, and AWS's bootstrap.
    command = [str(RUNTIME / "exec-wrapper"), sys.executable, "/var/runtime/bootstrap.py"]
    ran = run("web:app", event("/x"), command=command)
    assert json.loads(ran.results[0]["body"])["path"] == "/x"


def test_in_a_container_the_emulator_is_started_where_lambda_is_not(tmp_path):
    emulator = tmp_path / "aws-lambda-rie"
    emulator.write_text('#!/bin/sh\necho "emulator: $@"\n')
    emulator.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = started(sys.executable, "-m", "adapter.runtime", "main:app", PATH=path)
    assert done.stdout.endswith(" -c from adapter.runtime import start; start() main:app\n")
    assert done.stdout.startswith("emulator: ")


@pytest.mark.parametrize("name", ["bootstrap", "exec-wrapper"])
def test_the_scripts_can_be_executed_and_are_plain_sh(name):
    assert (RUNTIME / name).stat().st_mode & 0o111
    assert (RUNTIME / name).read_text().startswith("#!/bin/sh\n")
    assert subprocess.run(["sh", "-n", RUNTIME / name], check=False).returncode == 0
