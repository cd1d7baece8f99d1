"""`adapter check`: what it says of handlers, runtimes, settings, imports and packages."""

import ast
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

import adapter
from adapter.check import Subject, handler, imports, limits, packaged, runtimes
from adapter.check.checks import Options, subjects
from adapter.cli import cli
from adapter.config import API, Function, Route
from adapter.package import nothing
from adapter.package.interpreters import running
from adapter.package.jobs import Options as Packaging
from adapter.runtime.load import OPTIONS

TODAY = date(2026, 11, 21)
RUNTIME = f"python{running()}"
MODULES = {
    "main.py": """
import json

print("an app may print while it is imported")

def app(environ, start_response):
    start_response("200 OK", [])
    return []

async def asgi(scope, receive, send): ...
def old(scope): ...
def handler(event, context): ...
class Old:
    def __init__(self, scope): ...
def three(scope, receive, send): ...
number = 3
""",
    "slow.py": "import unittest.mock\n\nasync def app(scope, receive, send): ...\n",
    "lost.py": "import nothing_there\n",
    "wrong.py": "def app(:\n",
    "raises.py": "raise RuntimeError('no such luck')\n",
    "dies.py": "import os\nprint('last words', flush=True)\nos._exit(3)\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def subject(target="main:app", api=None, today=TODAY, **settings):
    return Subject(target, Function("shop", target, **settings), api, Packaging(), today)


def said(check, *arguments, **settings):
    """[(level, text and remedy)]"""
    found = check(subject(*arguments, **settings), nothing)
    return [(one.level, f"{one.text} {one.remedy}") for one in found]


def command(*arguments):
    done = CliRunner().invoke(cli, ["check", *arguments])
    return done.exit_code, done.output


# Handlers


@pytest.mark.parametrize(
    ("target", "level", "words"),
    [
        ("main:app", "ok", "main:app is a WSGI app (function)"),
        ("main:asgi", "ok", "main:asgi is an ASGI app"),
        ("main.handler", "ok", "main.handler is a function(event, context)"),
        ("main:old", "problem", "taken for a WSGI app, which is called with (environ, start"),
        ("main:Old", "problem", "taken for a WSGI app"),
        ("main.old", "problem", "taken for a function(event, context); it takes other arguments"),
        ("main:three", "problem", "taken for a WSGI app"),
        ("main.asgi", "problem", "main.asgi is async: for the web app"),
        ("main:number", "problem", "which can't be called"),
        ("main:nothing", "problem", "did you mean one of app"),
        ("nowhere:app", "problem", "there is no module 'nowhere'"),
        ("lost:app", "problem", "imports 'nothing_there', which is not there"),
        ("wrong:app", "problem", "invalid syntax"),
        ("raises:app", "problem", "it raised RuntimeError: no such luck"),
        ("dies:app", "problem", "ended with status 3 while it was imported\n  last words"),
        ("main", "problem", "'main' names nothing to run"),
    ],
)
def test_a_handler_is_loaded_as_on_lambda(folder, target, level, words):
    [(found, text)] = said(handler.check, target, runtime=RUNTIME, folder=folder)
    assert (found, words in text) == (level, True), text


def test_a_handler_is_loaded_with_its_variables(folder):
    wrong = {"ADAPTER_EVENTS": "events"}
    [(level, text)] = said(handler.check, variables=wrong, folder=folder)
    assert (level, "ADAPTER_EVENTS is 'events'; it should be a path" in text) == ("problem", True)


@pytest.mark.parametrize(
    "settings", [{"command": ("node", "x.js")}, {"runtime": "nodejs22.x"}], ids=["own", "node"]
)
def test_another_one_s_handler_is_left_alone(folder, settings):
    [(level, text)] = said(handler.check, **settings)
    assert (level, "not looked at" in text) == ("remark", True)
    assert said(imports.check, **settings) == []


# Runtimes


@pytest.mark.parametrize(
    ("runtime", "today", "level", "words"),
    [
        ("python3.13", TODAY, "ok", "supported until 2029-06-30"),
        ("python3.13", date(2029, 6, 1), "remark", "supported until 2029-06-30"),
        ("python3.13", date(2029, 7, 1), "remark", "no security updates since 2029-06-30"),
        ("python3.13", date(2029, 8, 1), "problem", "no new functions"),
        ("python3.13", date(2029, 9, 1), "problem", "new or changed functions"),
        ("python3.11", TODAY, "ok", "2027-06-30"),
        ("python3.9", TODAY, "problem", "has not taken"),
        ("provided.al2", TODAY, "remark", "no security updates since 2026-07-31"),
        ("python3.15", TODAY, "remark", "preview"),
        ("python3.31", TODAY, "remark", "where python3.15 is the newest"),
        ("nodejs22.x", TODAY, "remark", "nothing is known"),
    ],
)
def test_a_runtime_has_an_end(runtime, today, level, words):
    [(found, text)] = said(runtimes.check, runtime=runtime, today=today)
    assert (found, words in text) == (level, True), text


# Settings


@pytest.mark.parametrize(
    ("variables", "level", "words"),
    [
        ({"A": "1"}, "ok", "78 bytes of 4096"),
        ({"A": "x" * 4018}, "ok", "4095 bytes"),
        ({"A": "é" * 2010}, "problem", "4097 bytes, and Lambda takes 4096"),
        ({"A": '"' * 2010}, "problem", "4097 bytes"),
        ({"AWS_REGION": "x", "LAMBDA_TASK_ROOT": "y"}, "problem", "AWS_REGION, LAMBDA_TASK_ROOT"),
        ({"AWS_LAMBDA_EXEC_WRAPPER": "/opt/x", "TZ": "Europe/Zurich"}, "ok", ""),
        ({"ADAPTER_EVENT": "0"}, "remark", "did you mean 'ADAPTER_EVENTS'?"),
        ({"ADAPTER_ACCESS_LOG": "1", "ADAPTER_PIPELINE": "0"}, "ok", ""),
    ],
)
def test_variables(variables, level, words):
    [(found, text)] = said(limits.variables, variables=variables)
    assert (found, words in text) == (level, True), text


def test_all_variables_that_are_read_on_lambda_are_known():
    package = Path(adapter.__file__).parent
    on_lambda = [*package.glob("*.py"), *package.glob("runtime/*.py"), *package.glob("functions/*")]
    trees = [ast.parse(path.read_text()) for path in on_lambda if path.suffix == ".py"]
    texts = {getattr(node, "value", None) for tree in trees for node in ast.walk(tree)}
    read = {one for one in texts if isinstance(one, str) and re.fullmatch("ADAPTER_[A-Z_]+", one)}
    assert "ADAPTER_PIPELINE" in read
    assert read <= {*OPTIONS, *limits.OURS}


def api(kind, **route):
    return API(kind, routes=(Route("$default", "shop", **route),))


@pytest.mark.parametrize(
    ("front", "settings", "words"),
    [
        (api("http_api"), {"timeout": 30.0}, None),
        (api("http_api"), {"timeout": 31.0}, "its http_api gives up after 30 s"),
        (api("rest_api"), {"timeout": 30.0}, "gives up after 29 s"),
        (api("rest_api", timeout=60.0), {"timeout": 60.0}, None),
        (api("rest_api"), {"timeout": 60.0, "stream": True}, None),
        (api("http_api", timeout=5.0), {"timeout": 10.0}, "gives up after 5 s"),
        (api("function_url"), {"timeout": 900.0}, None),
        (API("http_api"), {"timeout": 900.0}, None),
        (None, {"timeout": 900.0}, None),
    ],
)
def test_a_front_end_that_gives_up_before_the_function(front, settings, words):
    found = said(limits.timeout, api=front, **settings)
    assert [level for level, _ in found] == ["remark"] * (words is not None)
    assert not words or words in found[0][1]


@pytest.mark.parametrize(
    ("front", "value", "words"),
    [
        (api("http_api"), "1", "its http_api can't stream"),
        (api("function_url"), "true", "write stream = true"),
        (api("http_api"), "0", None),
        (api("http_api"), "perhaps", None),
        (API("http_api"), "1", None),
        (None, "1", None),
    ],
)
def test_a_variable_that_streams(front, value, words):
    found = said(limits.stream, api=front, variables={"ADAPTER_STREAM": value})
    assert [level for level, _ in found] == ["problem"] * (words is not None)
    assert not words or words in found[0][1]


@pytest.mark.parametrize(
    ("check", "fine", "too_much"),
    [
        (limits.handler_name, {}, {"target": f"{'m' * 125}:app"}),
        (limits.memory, {"memory": 3008}, {"memory": 3009}),
    ],
)
def test_limits_of_size(check, fine, too_much):
    assert said(check, **fine) == []
    assert len(said(check, **too_much)) == 1


# Imports

TIMES = """import time: self [us] | cumulative | imported package
import time:       900 |        900 | site
adapter check: imports begin
import time:       100 |        100 |     web.core
import time:        20 |         20 |       re
import time:        50 |         70 |     web.rest
an app's own words
import time:       200 |        370 |   web
import time:        30 |         30 |     web.more
import time:        10 |         40 |   other
import time:         5 |        415 | main
import time:         7 |          7 | json
"""


def test_times_are_added_up_by_package():
    found = {one.name: one for one in imports.packages(imports.imports(TIMES))}
    assert {name: (one.cumulative, one.own, one.modules) for name, one in found.items()} == {
        "main": (0.415, 0.005, 1),
        "web": (0.4, 0.38, 4),
        "other": (0.04, 0.01, 1),
        "re": (0.02, 0.02, 1),
        "json": (0.007, 0.007, 1),
    }
    assert list(found) == ["main", "web", "other", "re", "json"]


def test_an_app_s_imports_are_timed(folder):
    [found] = imports.check(subject("slow:app", folder=folder), nothing)
    assert (found.level, found.rows[0][0]) == ("ok", "package")
    names = {row[0] for row in found.rows[1:]}
    assert {"slow", "unittest", "adapter"} <= names
    assert "site" not in names
    assert list(imports.check(subject("raises:app", folder=folder), nothing)) == []


# Packages


def wheel(folder, name, **files):
    """A wheel for this machine with these files, as bytes."""
    info = f"{name}-1.0.dist-info"
    texts = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "".join(f"{path},,\n" for path in files),
    }
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as zipped:
        for path, text in texts.items():
            zipped.writestr(path, text)


OBJECT = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00"  # for x86_64


def test_a_project_with_nothing_wrong(folder):
    wheel(folder, "pure", **{"pure.py": "x = 1\n"})
    wheel(folder, "fast", **{"fast.so": OBJECT})
    (folder / "requirements.txt").write_text("--no-index\n--find-links .\npure\nfast\n")
    (folder / "pyproject.toml").write_text(
        f"[tool.adapter]\napp = 'main:app'\nruntime = '{RUNTIME}'\n"
    )
    (folder / "wrong.py").unlink()
    status, output = command("--json")
    found = json.loads(output)
    assert (status, {one["level"] for one in found}) == (0, {"ok"}), output
    assert set(found[0]) == {"function", "level", "what", "text", "remedy", "rows"}
    platforms = {name: platform for name, _, platform in found[-1]["rows"]}
    assert platforms["pure 1.0"] == "any processor"
    assert platforms["fast 1.0"] == "x86_64, 1 object"
    assert re.search("unzipped, of 250.0 MB; .* zipped, of 50.0 MB", found[-1]["text"])
    assert (folder / ".adapter/package").is_dir()  # `adapter package` finds it
    status, output = command()
    assert (status, output.splitlines()[-1]) == (0, "nothing is wrong")


def test_what_is_wrong_is_listed_with_the_function(folder):
    (folder / "requirements.txt").write_text("--no-index\nnot-there\n")
    (folder / "pyproject.toml").write_text(
        "[tool.adapter.functions.shop]\nhandler = 'lost:app'\nruntime = 'python3.9'\n"
        "variables = {AWS_REGION = 'x'}\n"
        "[tool.adapter.functions.till]\nhandler = 'main.handler'\nruntime = 'nodejs22.x'\n"
        "[tool.adapter.routes]\n'GET /' = 'shop'\n"
    )
    status, output = command()
    assert status == 1
    lines = output.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "shop",
        "till",
        "5 problems, 2 remarks",
    ]
    assert sum(line.startswith("  problem ") for line in lines) == 5


def test_a_wheel_that_is_missing_is_a_problem(folder):
    (folder / "requirements.txt").write_text("--no-index\nnot-there\n")
    [found] = packaged.check(replace(subject(runtime=RUNTIME), packaging=Packaging()), nothing)
    assert found.level == "problem"
    assert "these have no wheel" in found.text
    assert "  not-there\n" in found.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "which app?"),
        ("[tool.adapter]\napp = 'main:app'\nmemory = 64\n", "a whole number from 128 to 10240"),
        ("[tool.adapter]\napp = 'main:app'\nstream = true\n", "http_api can't"),
        ("[", "no TOML"),
    ],
)
def test_settings_that_can_t_be_read_are_a_problem(folder, text, words):
    (folder / "pyproject.toml").write_text(text)
    status, output = command("--json")
    [found] = json.loads(output)
    assert (status, found["level"], found["what"]) == (1, "problem", "settings")
    assert words in found["text"]


def test_a_stage_has_settings_of_its_own(folder):
    (folder / "pyproject.toml").write_text(
        "[tool.adapter]\napp = 'main:app'\nmemory = 512\n"
        "[tool.adapter.stages.dev]\nmemory = 256\n[tool.adapter.stages.prod]\ntimeout = 60\n"
    )
    found = [subjects(Options(stage=stage), TODAY) for stage in ("", "prod", "other")]
    told = [(one.function.memory, one.function.timeout) for [one] in found]
    assert told == [(256, 30), (512, 60), (512, 30)]


def test_the_command_runs_as_a_process(folder):
    done = subprocess.run(
        [sys.executable, "-m", "adapter", "check", "main:nothing", "--runtime", RUNTIME],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("main:nothing\n  problem handler: main has no 'nothing'")
    assert "remark  package: nothing says what the app imports" in done.stdout
