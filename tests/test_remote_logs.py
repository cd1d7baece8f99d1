"""Logs of deployed functions, and calls of them."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from itertools import islice

import pytest
from click.testing import CliRunner

from adapter.cli import cli
from adapter.deploy import DeployError, aliases, logs
from adapter.deploy.aws import AWS
from adapter.deploy.log_lines import Line, Requests, Told, harmless, of_request, of_status, told
from adapter.deploy.logs import Logs, Query, moment
from adapter.deploy.remote import Answer
from control_plane import ministack, moto, point_to
from test_releases import zipped

A, B = (f"{letter * 8}-1111-2222-3333-{letter * 12}" for letter in "ab")
NOW = int(time.time() * 1000) - 60_000


# Lines


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f"START RequestId: {A} Version: 5", Told(A, "START")),
        (f"END RequestId: {A}", Told(A, "END")),
        (f"REPORT RequestId: {A}\tDuration: 2.5 ms", Told(A, "REPORT")),
        (f"REPORT RequestId: {A}\tDuration: 3 ms\tStatus: timeout", Told(A, "REPORT", status=500)),
        (f"2026-11-21T09:00:00.000Z {A} Task timed out after 3.00 seconds",
         Told(A, level="ERROR", status=500)),
        (f"[INFO]\t2026-11-21T12:28:05.123Z\t{A}\tGET /hello 404 12.9 ms cold\n",
         Told(A, level="INFO", status=404, access=True)),
        (f"[ERROR]\t2026-11-21T12:28:05.123Z\t{A}\tno such thing", Told(A, level="ERROR")),
        ("GET / 500 1.0 ms warm", Told()),
        ("hello", Told()),
        ('{"not": "closed"', Told()),
        ('{"a":' * 40_000, Told()),
        ("{}", Told()),
        (json.dumps({"requestId": A, "level": "WARN", "message": "x"}), Told(A, level="WARN")),
        (json.dumps({"requestId": A, "level": "INFO", "logger": "adapter.access", "status": 503}),
         Told(A, level="INFO", status=503, access=True)),
        (json.dumps({"requestId": A, "logger": "shop", "status": "done"}), Told(A)),
        (json.dumps({"type": "platform.start", "record": {"requestId": A}}), Told(A, "START")),
        (json.dumps({"type": "platform.report", "record": {"requestId": A, "status": "error"}}),
         Told(A, "REPORT", status=500)),
        (json.dumps({"type": "platform.initStart", "record": {}}), Told()),
    ],
)  # fmt: skip
def test_what_a_line_says(message, expected):
    assert told(message) == expected


@pytest.mark.parametrize(
    ("stream", "version"),
    [("2026/11/21/[12]0123", "12"), ("2026/11/21/[$LATEST]0123", "$LATEST"),
     ("2026/11/21/users[7]0123", "7"), ("mine", "")],
)  # fmt: skip
def test_the_version_of_a_stream(stream, version):
    assert Line(0, "users", stream, "").version == version


def written(request, status, stream="s"):
    """What an environment writes for a request that prints."""
    access = f"[INFO]\t2026-11-21T12:28:05.123Z\t{request}\tGET / {status} 1.0 ms warm"
    report = f"REPORT RequestId: {request}\tDuration: 2 ms"
    messages = (f"START RequestId: {request} Version: 1", "printed", access,
                f"END RequestId: {request}", report)  # fmt: skip
    return [Line(number, "users", stream, message) for number, message in enumerate(messages)]


def test_all_lines_of_a_request():
    """Those without its id too, and what its environment said when it started."""
    start = Line(0, "users", "s", "INIT_START Runtime Version: python:3.13")
    lines = [start, *written(A, 200), *written(B, 500), *written(A, 404, "another")]
    assert list(Requests(of_request(A)).take(lines)) == lines[:6] + lines[11:]
    assert list(Requests(of_request(B)).take(lines)) == lines[6:11]


def test_all_lines_of_requests_that_were_answered_so():
    lines = [*written(A, 200), *written(B, 503)]
    assert list(Requests(of_status("5xx")).take(lines)) == lines[5:]
    assert list(Requests(of_status("200")).take(lines)) == lines[:5]


def test_requests_at_once_say_whose_a_line_is():
    lines = [
        Line(number, "users", "s", json.dumps({"requestId": name, "n": number}))
        for number, name in enumerate((A, B, A, B))
    ]
    assert list(Requests(of_request(B)).take(lines)) == [lines[1], lines[3]]


def test_lines_come_as_soon_as_a_status_is_known():
    requests, lines = Requests(of_status("404")), written(A, 404)
    came = [len(list(requests.take([line]))) for line in lines]
    assert came == [0, 0, 3, 1, 1]
    assert (requests.answered, requests.ended) == (True, 1)


def test_a_line_does_not_command_the_terminal():
    assert harmless("a\tb\nc é 😀") == "a\tb\nc é 😀"
    assert harmless("\x1b[2J\r\x9b\u202e") == r"\x1b[2J\r\x9b\u202e"


@pytest.mark.parametrize("status", ["5", "600", "5xy", "ok"])
def test_what_is_no_status(status):
    with pytest.raises(DeployError, match="write 404, or 5xx"):
        of_status(status)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10m", 999_400_000), ("2h", 992_800_000), ("1970-01-02", 86_400_000),
     ("1970-01-01T01:00+01:00", 0)],
)  # fmt: skip
def test_a_moment(text, expected):
    assert moment(text, 1_000_000) == expected


def test_what_is_no_moment():
    with pytest.raises(DeployError, match="write 10m, 2h or 3d"):
        moment("yesterday")


# From CloudWatch


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture(scope="module")
def clients():
    return {}


@pytest.fixture
def aws(url, clients, monkeypatch):
    monkeypatch.setattr(AWS, "__post_init__", lambda self: setattr(self, "_clients", clients))
    point_to(monkeypatch, url)
    return AWS()


def write(aws, function, stream, messages, at=NOW):
    """Some events of a log; its group and stream are made."""
    client = aws.client("logs")
    for make in (
        lambda: client.create_log_group(logGroupName=f"/aws/lambda/{function}"),
        lambda: client.create_log_stream(
            logGroupName=f"/aws/lambda/{function}", logStreamName=stream
        ),
    ):
        try:
            make()
        except client.exceptions.ResourceAlreadyExistsException:
            pass
    client.put_log_events(
        logGroupName=f"/aws/lambda/{function}",
        logStreamName=stream,
        logEvents=[
            {"timestamp": at + number, "message": message}
            for number, message in enumerate(messages)
        ],
    )


def of_stage(monkeypatch, *versions):
    monkeypatch.setattr(
        aliases, "read", lambda aws, function, name: aliases.Alias(function, name, versions[0])
    )


def test_lines_of_functions_by_time_and_of_the_stage_s_version(aws, monkeypatch):
    write(aws, "one", "2026/11/21/[5]a", ["first", "third"], NOW)
    write(aws, "two", "2026/11/21/[5]b", ["second"], NOW)
    write(aws, "two", "2026/11/21/[4]c", ["of an older version"], NOW)
    of_stage(monkeypatch, "5")
    seen = [line.message for line in Logs(aws, Query(("one", "two", "none"), "dev", NOW)).lines()]
    assert seen == ["first", "second", "third"]
    every = Logs(aws, Query(("one", "two"), "", NOW)).lines()
    assert len(list(every)) == 4
    some = Logs(
        aws,
        Query(("one", "two"), "", NOW, grep="r"),
    ).lines()
    assert [line.message for line in some] == ["first", "of an older version", "third"]


def test_more_lines_than_a_page_has(aws, monkeypatch):
    paginators = aws.client("logs").get_paginator

    def small(name):
        found = paginators(name)
        whole = found.paginate
        found.paginate = lambda **asked: whole(**asked, PaginationConfig={"PageSize": 3})
        return found

    monkeypatch.setattr(aws.client("logs"), "get_paginator", small)
    write(aws, "many", "2026/11/21/[1]a", [f"line {number}" for number in range(10)])
    seen = [line.message for line in Logs(aws, Query(("many",), "", NOW)).lines()]
    assert seen == [f"line {number}" for number in range(10)]


def test_the_lines_of_one_request_of_many(aws):
    stream = "2026/11/21/[1]a"
    messages = [line.message for line in [*written(A, 200), *written(B, 500)]]
    write(aws, "asked", stream, messages)
    for request, expected in ((A, messages[:5]), (B, messages[5:]), ("nobody", [])):
        found = Logs(aws, Query(("asked",), "", NOW, request=request)).lines()
        assert [line.message for line in found] == expected


def test_what_comes_is_shown_once(aws):
    write(aws, "live", "2026/11/21/[1]a", ["one", "two"])
    rounds = iter((0, 1))

    def sleep(_):
        number = next(rounds)
        write(aws, "live", "2026/11/21/[1]a", [f"more {number}"], NOW + 10 + number)

    follow = Logs(aws, Query(("live",), "", NOW)).follow(sleep)
    assert [line.message for line in islice(follow, 4)] == ["one", "two", "more 0", "more 1"]
    with pytest.raises(RuntimeError, match="StopIteration"):
        next(follow)  # nothing comes twice


def test_after_a_deployment_the_new_version_is_followed_too(aws, monkeypatch):
    monkeypatch.setattr(logs, "_POLLS_AN_ALIAS", 1)
    write(aws, "moving", "2026/11/21/[1]a", ["old"])
    write(aws, "moving", "2026/11/21/[2]a", ["new"], NOW + 1)
    of_stage(monkeypatch, "1")
    follow = Logs(aws, Query(("moving",), "dev", NOW)).follow(lambda _: of_stage(monkeypatch, "2"))
    assert [line.message for line in islice(follow, 2)] == ["old", "new"]


def test_a_stage_that_is_not_there(aws, monkeypatch):
    monkeypatch.setattr(aliases, "read", lambda *_: None)
    with pytest.raises(DeployError, match="one: no alias dev"):
        list(Logs(aws, Query(("one",), "dev", NOW)).lines())


# The commands


PROJECT = """
[project]
name = "shop"
[tool.adapter.functions.one]
handler = "main.handler"
[tool.adapter.functions.two]
handler = "main.handler"
"""


@pytest.fixture
def project(aws, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("pyproject.toml").write_text(PROJECT)
    of_stage(monkeypatch, "5")


def run(*words, code=0, **given):
    done = CliRunner().invoke(cli, words, **given)
    assert done.exit_code == code, done.output
    return done


def test_the_command_shows_lines_and_objects(aws, project):
    write(aws, "one", "2026/11/20/[5]z", ["[ERROR] no database"], NOW)
    text = run("logs", "--function", "one", "--grep", "database").stdout
    assert text.endswith("Z one[5] [ERROR] no database\n")
    (found,) = run("logs", "--grep", "database", "--json").stdout.splitlines()
    told = json.loads(found)
    assert (told["function"], told["version"], told["level"]) == ("one", "5", "ERROR")
    coloured = run("logs", "--function", "one", "--grep", "database", color=True).stdout
    assert "\x1b[31m" in coloured


def test_a_reader_that_has_enough_is_no_error(aws, project, monkeypatch):
    def echo(*_, **__):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    write(aws, "one", "2026/11/20/[5]p", ["one of many"], NOW)
    monkeypatch.setattr("adapter.cli.logs._put", echo)
    assert "Error" not in run("logs", "--grep", "one of many", code=1).output


def test_without_an_access_log_it_is_said(aws, project):
    messages = [line.message for line in written(A, 200) if "GET" not in line.message]
    write(aws, "two", "2026/11/21/[5]y", messages)
    assert "set ADAPTER_ACCESS_LOG" in run("logs", "--function", "two", "--status", "5xx").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--follow", "--until", "1m"), "--follow has no end"),
        (("--request", A, "--status", "404"), "not both"),
        (("--status", "bad"), "write 404, or 5xx"),
        (("--since", "bad"), "write 10m"),
        (("--function", "three"), "there are: one, two"),
    ],
)
def test_what_makes_no_sense(aws, project, words, said):
    done = CliRunner().invoke(cli, ["logs", *words])
    assert done.exit_code in (1, 2)
    assert said in done.output


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_following(aws, project, url, tmp_path):
    write(aws, "one", "2026/11/21/[5]a", ["to be seen"], NOW)
    client = aws.client("lambda")
    role = aws.client("iam").create_role(
        RoleName="r",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )["Role"]["Arn"]
    client.create_function(
        FunctionName="one", Runtime="python3.13", Role=role, Handler="main.handler",
        Code={"ZipFile": zipped("")}, Publish=True,
    )  # fmt: skip
    client.create_alias(FunctionName="one", Name="dev", FunctionVersion="1")
    write(aws, "one", "2026/11/21/[1]a", ["to be seen"], NOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "adapter", "logs", "--function", "one", "--follow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert "to be seen" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in errors) == (130, False)


# Calls


@pytest.fixture(scope="module")
def stricter(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


CODE = """
def handler(event, context):
    print("called")
    if event == "streamed":
        return "not a head"
    return {"echo": event, "version": context.function_version}[event["key"]]
"""


def test_a_deployed_function_is_called(stricter, tmp_path, monkeypatch):
    point_to(monkeypatch, stricter)
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("pyproject.toml").write_text(PROJECT)
    tmp_path.joinpath("event.json").write_text('{"key": "version"}')
    client = AWS().client("lambda")
    client.create_function(
        FunctionName="one",
        Runtime="python3.11",
        Role="arn:aws:iam::123456789012:role/r",
        Handler="main.handler",
        Code={"ZipFile": zipped(CODE)},
        Publish=True,
    )
    client.create_alias(FunctionName="one", Name="dev", FunctionVersion="1")

    done = run("invoke", "--remote", "one", "event.json", "--capture", "kept.json")
    assert json.loads(done.stdout) == "1"
    assert "called" in done.stderr
    assert json.loads(tmp_path.joinpath("kept.json").read_text())["result"] == "1"
    tmp_path.joinpath("bad.json").write_text('{"key": "none"}')
    failed = run("invoke", "--remote", "bad.json", "--function", "one", "--raw", code=1)
    assert json.loads(failed.stdout)["errorMessage"] == "'none'"
    which = run("invoke", "--remote", "event.json", code=1)
    assert "which function? There are: one, two" in which.stderr
    gone = run("invoke", "--remote", "two", "event.json", code=1)
    assert "there is no two:dev in eu-west-1" in gone.stderr
    assert "go with --remote" in run("invoke", "a:b", "x", "--stage", "dev", code=2).stderr
    assert "Missing argument" in run("invoke", "main:app", code=2).stderr


def test_a_streamed_answer_is_shown_as_it_is_locally():
    head = {"statusCode": 200, "headers": {}}
    answer = Answer(json.dumps(head).encode() + bytes(8) + b"body", False, "", "1")
    assert answer.result == {**head, "body": "body", "isBase64Encoded": False}
    assert Answer(b"", False, "", "1").result is None
