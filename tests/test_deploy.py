"""`adapter deploy` as a user has it: a folder, commands, and a URL that answers."""

import io
import json
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import boto3
import pytest
from click.testing import CliRunner

from adapter.cli import COMMANDS, SECTIONS, cli
from adapter.deploy.aws import AWS
from control_plane import ministack, point_to

# MiniStack calls main.handler as AWS's own runtime does.
APP = """
import os
from adapter import Handler

def app(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain"), ("x-path", environ["PATH_INFO"])])
    return [os.environ["GREETING"].encode()]

handler = Handler(app)
"""
PYPROJECT = """
[project]
name = "hello"

[tool.adapter]
app = "main.handler"
runtime = "python3.11"
memory = 256

[tool.adapter.schedules.nightly]
expression = "rate(1 day)"

[tool.adapter.stages.dev]
variables.GREETING = "Hello, tester"

[tool.adapter.stages.prod]
memory = 512
variables.GREETING = "Welcome"
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(scope="module")
def session():
    """boto3's, which reads the description of a service once."""
    return boto3.Session()


@pytest.fixture
def project(url, session, tmp_path, monkeypatch):
    point_to(monkeypatch, url)
    monkeypatch.setattr(AWS, "_session", session)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    return tmp_path


def adapter(*arguments, code=0, **settings):
    result = CliRunner().invoke(cli, [*arguments], **settings)
    assert result.exit_code == code, result.output
    return result


def told(*arguments):
    return json.loads(adapter(*arguments, "--json").stdout)


def asked(url, address, path="/"):
    """What the API at an address answers, which MiniStack knows by the Host header."""
    request = urllib.request.Request(url + path, headers={"Host": urlsplit(address).netloc})
    with urllib.request.urlopen(request) as answer:
        return answer.status, answer.headers["x-path"], answer.read().decode()


def actions(plan):
    return {each["action"] for each in plan["plan"]}


def test_from_a_folder_to_urls_and_back(project, url, monkeypatch):
    first = told("deploy")
    assert actions(first) == {"create"}
    assert asked(url, first["url"], "/a%20b") == (200, "/a b", "Hello, tester")

    again = told("deploy")
    assert (actions(again), again["url"]) == ({"keep"}, first["url"])

    (project / "pyproject.toml").write_text(PYPROJECT.replace("rate(1 day)", "rate(2 days)"))
    shown = adapter("deploy", "--dry-run").stdout
    assert "~  rule" in shown
    assert "rate(1 day) → rate(2 days)" in shown

    prod = told("deploy", "--stage", "PROD")
    assert prod["url"] != first["url"]
    assert asked(url, prod["url"])[2] == "Welcome"
    memory = {each["alias"]: each["memory"] for each in told("releases")}
    assert memory == {"dev": 256, "prod": 512}

    assert "say --yes" in adapter("destroy", code=1).output
    adapter("destroy", "--stage", "dev", "--yes")
    with pytest.raises(urllib.error.HTTPError):
        asked(url, first["url"])
    assert asked(url, prod["url"])[2] == "Welcome"
    listed = ("destroy", "--all", "--dry-run")
    assert "\x1b[31m- function" in adapter(*listed, color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in adapter(*listed, color=True).stdout
    adapter("destroy", "--all", "--logs", "--yes")
    assert actions(told("deploy", "--dry-run")) == {"create"}


def test_what_the_settings_name_no_more_is_deleted_after_a_question(project):
    assert "nothing says what the app imports" in adapter("deploy").stderr
    (project / "pyproject.toml").write_text(PYPROJECT.replace("[tool.adapter.schedules", "[tool.x"))
    refused = adapter("deploy", code=1).output
    assert "2 of the resources would be deleted: say --yes" in refused
    assert "-  rule        hello-dev-nightly" in refused
    adapter("deploy", "--yes")
    assert actions(told("deploy")) == {"keep"}
    adapter("destroy", "--all", "--yes")


class Terminal(io.RawIOBase):
    """Somebody who types this, or Ctrl-C in place of an answer."""

    def __init__(self, typed):
        self.left = [typed]

    def readable(self):
        return True

    def isatty(self):
        return True

    def readinto(self, buffer):
        if not self.left or not len(buffer):
            return 0
        typed = self.left.pop()
        if typed == CTRL_C:
            raise KeyboardInterrupt
        buffer[: len(typed)] = typed
        return len(typed)


CTRL_C = b"\x03"


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [(b"n\n", 1, "Aborted!"), (b"", 1, "Aborted!"), (CTRL_C, 130, "interrupted: run it again")],
)
def test_no_to_a_question_is_1_and_ctrl_c_is_130(project, typed, code, said):
    adapter("deploy")
    (project / "pyproject.toml").write_text(PYPROJECT.replace("[tool.adapter.schedules", "[tool.x"))
    assert said in adapter("deploy", input=Terminal(typed), code=code).stderr
    assert "delete" in actions(told("deploy", "--dry-run"))
    if typed != b"n\n":
        assert said in adapter("destroy", "--all", input=Terminal(typed), code=code).stderr
    adapter("destroy", "--all", "--yes")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_helps(command):
    shown = adapter(command, "--help").output
    assert shown.startswith(f"Usage: cli {command}")


def test_the_help_has_each_command_once_with_a_whole_sentence():
    shown = adapter("--help").output
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(COMMANDS)
    assert "..." not in shown.partition("Commands")[0].partition("Options")[2]
    assert all(f"\n  {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell, monkeypatch):
    result = CliRunner().invoke(
        cli, prog_name="adapter", env={"_ADAPTER_COMPLETE": f"{shell}_source"}
    )
    assert "_ADAPTER_COMPLETE" in result.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [("pro", {"promote"}), ("deploy --stage p", {"prod"}), ("promote ", {"dev", "prod"})],
)
def test_commands_and_stages_are_completed(words, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    position = str(len(words.split(" ")))
    told = {"_ADAPTER_COMPLETE": "bash_complete", "COMP_WORDS": f"adapter {words}"}
    result = CliRunner().invoke(cli, prog_name="adapter", env={**told, "COMP_CWORD": position})
    assert {line.removeprefix("plain,") for line in result.output.split()} == expected
