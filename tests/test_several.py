"""Several functions behind one local gateway, each with the runtime that it is written for."""

import asyncio
import json
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

from adapter.config import API, ConfigError, Function, Project, template
from adapter.local.inline import placed
from adapter.local.routes import matcher
from adapter.local.runtimes import command_of, shown
from adapter.local.workers import Pool
from lambda_side import run

GUESTS = Path(__file__).parent / "guests"
NODE = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not on the PATH")

PROJECT = f"""
[tool.adapter.functions.flask]
handler = "web:app"
folder = "flask"
[tool.adapter.functions.theirs]
handler = "plain.handler"
command = ["{sys.executable}", "-m", "awslambdaric", "plain.handler"]
variables = {{ WHO = "theirs" }}
[tool.adapter.functions.node]
handler = "index.nested.handler"
runtime = "nodejs22.x"
folder = "node"
[tool.adapter.functions.shell]
handler = "-"
runtime = "provided.al2023"
folder = "shell"

[tool.adapter.routes]
"ANY /flask/{{proxy+}}" = "flask"
"GET /theirs" = "theirs"
"GET /node" = "node"
"$default" = "shell"
"""
FLASK = """
import flask
app = flask.Flask(__name__)
@app.get("/flask/<name>")
def one(name):
    return {"name": name, "version": 1}
"""
PLAIN = """
import os
def handler(event, context):
    return {"who": os.environ["WHO"], "function": context.function_name}
"""
INDEX = """
const say = async (event, context) => ({
  route: event.routeKey, function: context.functionName, left: context.getRemainingTimeInMillis(),
});
export const nested = { handler: say };
"""


@pytest.fixture
def project(tmp_path):
    files = {
        "pyproject.toml": PROJECT,
        "plain.py": PLAIN,
        "flask/web.py": FLASK,
        "node/index.mjs": INDEX,
        "shell/bootstrap": (GUESTS / "bootstrap.sh").read_text(),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "shell" / "bootstrap").chmod(0o755)
    return tmp_path


@NODE
def test_each_runs_with_its_own_runtime(project, dev):
    get = dev("--workers", "1", folder=project).client.get
    assert get("/flask/ann").json() == {"name": "ann", "version": 1}
    assert get("/theirs").json() == {"who": "theirs", "function": "theirs"}
    node = get("/node").json()
    assert (node["route"], node["function"]) == ("GET /node", "node")
    assert 0 < node["left"] <= 30_000
    assert get("/what/else").json()["rawPath"] == "/what/else"  # the shell script says it all


@NODE
def test_a_save_starts_those_anew_that_it_touches(project, dev):
    gateway = dev(folder=project)
    said = []
    reader = threading.Thread(target=lambda: said.extend(gateway.process.stdout), daemon=True)
    reader.start()

    def ready(name):
        return sum(f"{name} ready again" in line for line in said)

    (project / "flask" / "web.py").write_text(FLASK.replace("1}", "2}"))
    until(lambda: ready("flask"), said)
    assert gateway.client.get("/flask/ann").json()["version"] == 2
    assert not ready("node")
    (project / "node" / "index.mjs").write_text(INDEX.replace("route:", "path: 'new', route:"))
    until(lambda: ready("node"), said)
    assert gateway.client.get("/node").json()["path"] == "new"
    assert ready("flask") == 1


def until(reached, said):
    end = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < end, "".join(said)
        time.sleep(0.02)


# Our own client for Node.js


@pytest.fixture
def node_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where there is none of AWS's

    def command(text, file="main.mjs"):
        (tmp_path / file).write_text(text)
        function = Function("f", "main.handler", runtime="nodejs22.x", folder=tmp_path)
        return command_of(function)

    return command


@NODE
def test_handlers_of_every_form(node_command):
    for text, file in (
        ("export const handler = async (event) => ({ said: event.a });", "main.mjs"),
        ("exports.handler = (event, context, done) => done(null, { said: event.a });", "main.cjs"),
        ("exports.handler = async (event) => ({ said: event.a });", "main.js"),
    ):
        ran = run("-", {"a": "é"}, command=node_command(text, file))
        assert ran.results == [{"said": "é"}], ran.text
        Path(file).unlink()


@NODE
def test_errors_are_told_and_it_goes_on(node_command):
    text = """export const handler = async (event) => {
      if (event.fail) throw new TypeError(event.fail);
      return event;
    };"""
    events = {"fail": "no"}, {"a": 1}
    ran = run("-", *events, command=node_command(text))
    failed, answered = ran.outcomes
    assert (failed.failed, failed.error_type) == (True, "Runtime.TypeError")
    assert json.loads(failed.body)["errorMessage"] == "no"
    assert json.loads(answered.body) == {"a": 1}


@NODE
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("export const other = 1;", "main.mjs exports no function handler"),
        ("import 'no-such-package';", "no-such-package"),
    ],
)
def test_what_can_t_be_loaded_is_said(node_command, text, words):
    [outcome] = run("-", {}, command=node_command(text)).outcomes
    assert outcome.failed
    assert words in json.loads(outcome.body)["errorMessage"]


@NODE
def test_answers_are_streamed(node_command):
    text = """export const handler = awslambda.streamifyResponse(async (event, stream) => {
      stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
      stream.write('one');
      if (event.fail) throw new RangeError(event.fail);
      stream.write('two');
      stream.end();
    });"""
    ran = run("-", {}, {"fail": "no"}, command=node_command(text))
    whole, broken = ran.outcomes
    head, _, body = whole.body.partition(b"\0" * 8)
    assert (json.loads(head), body) == ({"statusCode": 201}, b"onetwo")
    assert (broken.failed, json.loads(broken.body)["errorMessage"]) == (True, "no")


# Layers

LAYERED = """
Globals:
  Function: {Layers: [!Ref First]}
Resources:
  First:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: first}
  Second:
    Type: AWS::Lambda::LayerVersion
    Properties: {Content: ../second}
    Metadata: {BuildMethod: python3.13}
  Python:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: main.handler
      CodeUri: python
      Layers: [!Ref Second]
      Events: {One: {Type: HttpApi, Properties: {Path: /py, Method: get}}}
  Node:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: main.handler
      CodeUri: node
      Events: {One: {Type: HttpApi, Properties: {Path: /js, Method: get}}}
  Shell:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      CodeUri: node
      Events: {One: {Type: HttpApi, Properties: {Path: /sh, Method: get}}}
"""
LAYERED_FILES = {
    "template.yaml": LAYERED,
    "first/python/both.py": "said = 'first'",
    "first/python/mine.py": "said = 'layer'",
    "first/python/plain.py": "said = 'python'",
    "first/python/lib/python3.13/site-packages/plain.py": "said = 'site-packages'",
    "first/bin/tool": "#!/bin/sh\necho tool",
    "first/lib/note": "",
    "first/bootstrap": (GUESTS / "bootstrap.sh").read_text(),
    "first/nodejs/node_modules/one/index.js": "module.exports = 'one';",
    "first/nodejs/node22/node_modules/two/package.json": '{"exports": {"import": "./two.mjs"}}',
    "first/nodejs/node22/node_modules/two/two.mjs": "export const two = 'two';",
    "../second/requirements.txt": "",
    "../second/both.py": "said = 'second'",
    "python/mine.py": "said = 'function'",
    "python/main.py": """
import os, subprocess, both, mine, plain
def handler(event, context):
    tool = subprocess.check_output("tool", text=True).strip()
    lib = os.environ["LD_LIBRARY_PATH"].split(os.pathsep)[-1]
    return [both.said, mine.said, plain.said, tool, os.listdir(lib)]
""",
    "node/main.mjs": """
import { createRequire } from 'node:module';
import one from 'one';
import { two } from 'two';
export const handler = async () => [one, two, createRequire(import.meta.url)('one')];
""",
}


@NODE
def test_layers_are_on_the_path_and_a_save_in_one_reloads(dev, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    for name, text in LAYERED_FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    for name in ("first/bin/tool", "first/bootstrap"):
        (project / name).chmod(0o755)
    gateway = dev("--template", "template.yaml", folder=project)
    get = gateway.client.get
    assert get("/py").json() == ["second", "function", "site-packages", "tool", ["note"]]
    assert get("/js").json() == ["one", "two", "one"]
    assert get("/sh").json()["rawPath"] == "/sh"  # the layer's bootstrap says it all
    said = []
    reader = threading.Thread(target=lambda: said.extend(gateway.process.stdout), daemon=True)
    reader.start()
    (tmp_path / "second" / "both.py").write_text("said = 'anew'")
    until(lambda: "anew" in get("/py").text, said)
    assert not any("Node ready again" in line for line in said)  # which is without that layer
    for name, text, path, answer in (
        ("python/lib/python3.13/site-packages/both.py", "said = 'again'", "/py", "again"),
        ("nodejs/node22/node_modules/two/two.mjs", "export const two = 'deux';", "/js", "deux"),
    ):
        (project / "first" / name).write_text(text)
        until(lambda path=path, answer=answer: answer in get(path).text, said)


# What can't be run


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        ("java21", "the function f has the runtime java21, which can't be run here"),
        ("provided.al2023", "runs a file `bootstrap`, and there is none in"),
    ],
)
def test_what_can_t_be_run_says_what_to_do(tmp_path, runtime, words):
    with pytest.raises(ConfigError, match="`command`") as raised:
        command_of(Function("f", "x.y", runtime=runtime, folder=tmp_path))
    assert words in str(raised.value)


@pytest.mark.parametrize(("folder", "state"), [("built", "not there"), ("code.zip", "a file")])
def test_code_that_is_in_no_folder_is_said(tmp_path, folder, state):
    (tmp_path / "code.zip").write_bytes(b"")
    with pytest.raises(ConfigError) as raised:
        command_of(Function("F", "main.handler", folder=tmp_path / folder))
    told = f"the function F should be in the folder {tmp_path / folder}, which is {state}: build it"
    assert told in str(raised.value)


def test_a_folder_that_is_gone_is_named(tmp_path):
    folder, lines = tmp_path / "code", []
    folder.mkdir()
    pool = Pool(Function("f", "x.y", folder=folder), size=1, log=lines.append)
    folder.rmdir()

    async def start():
        outcome = await pool.warm_up()
        await pool.stop()
        return outcome

    assert asyncio.run(start()).failed
    assert lines == [f"[ERROR] {folder}: No such file or directory"]


def test_aws_s_own_node_client_is_taken_where_the_project_has_it(tmp_path):
    client = tmp_path / "node_modules" / "aws-lambda-ric" / "index.mjs"
    client.parent.mkdir(parents=True)
    client.write_text("")
    function = Function("f", "x.y", runtime="nodejs22.x", folder=tmp_path / "below")
    function.folder.mkdir()
    if shutil.which("node"):
        assert command_of(function)[1:] == [str(client), "x.y"]
    assert shown(Function("f", "-", command=("node", "a b"))) == "node 'a b'"


def test_without_an_app_it_says_what_to_name(tmp_path, capfd, monkeypatch):
    from adapter.__main__ import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["adapter", "dev"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert "adapter dev main:app" in capfd.readouterr().err


INLINE = """
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            return "python"
      Events: {One: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /py, Method: get}}}
  Js:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: "exports.handler = async () => 'node';"
      Events: {One: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /js, Method: get}}}
  Esm:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: "export const handler = async () => 'module';"
      Events: {One: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /esm, Method: get}}}
"""


@NODE
def test_code_that_is_in_the_template_runs(dev, tmp_path):
    (tmp_path / "template.yaml").write_text(INLINE)
    get = dev("--template", "template.yaml", folder=tmp_path).client.get
    assert [get(path).text for path in ("/py", "/js", "/esm")] == ["python", "node", "module"]


def test_inline_code_is_for_two_languages():
    inline = placed(Project({"f": Function("f", "x", runtime="ruby3.4", code="1")}, API()))
    with pytest.raises(ConfigError, match="inline code, which Lambda takes for"), inline:
        pass


CLOSED = """
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        openapi: 3.0.1
        paths:
          /queue:
            post:
              x-amazon-apigateway-integration:
                type: aws_proxy
                integrationSubtype: SQS-SendMessage
  Worker:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: main.handler}
"""


def test_an_api_whose_routes_lead_elsewhere_leads_to_no_function(tmp_path):
    (tmp_path / "template.yaml").write_text(CLOSED)
    project = template.read(tmp_path / "template.yaml")
    assert matcher(project.api, project.functions)("GET", "/") is None
