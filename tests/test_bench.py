"""`adapter bench`: what a report says, the figures made of it, and real starts, here and remote."""

import base64
import csv
import io
import json
import statistics
import xml.etree.ElementTree as ElementTree

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber
from click.testing import CliRunner

from adapter import report
from adapter.bench import BenchError, Series, billed, figures, plot, prices, remote
from adapter.bench.event import refusal
from adapter.cli import cli
from adapter.config import ConfigError
from adapter.report import ReportError, Run

APP = """
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/broken":
        raise ValueError("no such luck")
    start_response("404 Not Found" if path == "/nowhere" else "200 OK", [])
    return [b"hello"]

def handler(event, context):
    return event["number"]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "main.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bench(*arguments):
    """(status, what is written to both outputs)"""
    done = CliRunner().invoke(cli, ["bench", *arguments])
    return done.exit_code, done.output


# Reports

HEAD = "REPORT RequestId: 8f5\tDuration: "
JSON = {"durationMs": 1233.96, "billedDurationMs": 1698, "memorySizeMB": 256}


def platform(**metrics):
    return json.dumps({"type": "platform.report", "record": {"metrics": metrics}})


@pytest.mark.parametrize(
    ("line", "run", "memory"),
    [
        (
            f"{HEAD}2.25 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t",
            Run(2.25, 3, 40),
            128,
        ),
        (
            f"{HEAD}396 ms\tBilled Duration: 662 ms \tMemory Size: 512 MB\tMax Memory Used: 301 MB"
            "\tInit Duration: 265.72 ms\t\nXRAY TraceId: 1-6\tSegmentId: 15f\tSampled: true",
            Run(396, 662, 301, 265.72),
            512,
        ),
        (
            f"{HEAD}5 ms\tBilled Duration: 9 ms\tMemory Size: 128 MB\tMax Memory Used: 1 MB\t"
            "Restore Duration: 310.5 ms\tBilled Restore Duration: 4 ms",
            Run(5, 9, 1, 310.5),
            128,
        ),
        (platform(**JSON, maxMemoryUsedMB=123), Run(1233.96, 1698, 123), 256),
        (platform(**JSON, initDurationMs=463.5), Run(1233.96, 1698, 0, 463.5), 256),
        (platform(**JSON, restoreDurationMs=20), Run(1233.96, 1698, 0, 20.0), 256),
    ],
)
def test_a_report_is_text_or_json(line, run, memory):
    assert report.run_of(["START", *line.splitlines(), "END"]) == (run, memory)


@pytest.mark.parametrize(
    "line",
    ["END", f"{HEAD}2 ms", "REPORT", '{"type": "platform.report"}', platform(durationMs=1), "{"],
)
def test_a_log_without_a_report_gives_no_figures(line):
    with pytest.raises(ReportError, match="no REPORT line"):
        report.run_of([line])


def test_the_last_report_is_the_invocation_s_own():
    mine = f"{HEAD}2 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB"
    assert report.run_of([platform(**JSON), mine])[0].duration == 2


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (b'{"statusCode": 200}', ""),
        (b'{"statusCode": 302}', ""),
        (b'{"statusCode": 404}', "404 to GET /x: name a path"),
        (b'{"statusCode": 502}', "502 to GET /x: its log"),
        (b'{"statusCode": 500}' + b"\0" * 8 + b"body", "500"),
        (b'{"statusCode": 200}' + b"\0" * 8 + b"body", ""),
        (b"3", ""),
        (b"null", ""),
        (b"", ""),
    ],
)
def test_only_an_answer_counts(result, words):
    said = refusal(result, "/x")
    assert words in said
    assert bool(said) == bool(words)


# Figures


def row(*values, kind="warm", name="main:app"):
    return figures.Row(name, kind, 1024, "python3.13", "x86_64", values)


def test_percentiles_lie_between_the_two_nearest_values():
    hundred = row(*range(1, 101))
    assert [hundred.percentile(number) for number in (50, 95, 99)] == [50.5, 95.05, 99.01]
    assert hundred.quartiles == (25.75, 50.5, 75.25)
    assert (hundred.average, round(hundred.deviation, 3)) == (50.5, 29.011)


def test_one_value_has_no_deviation():
    assert row(7.0).deviation is None
    assert [row(7.0).percentile(number) for number in (50, 99)] == [7.0, 7.0]


@pytest.mark.parametrize(
    ("total", "ms"), [(0.2, 1), (1, 1), (1.01, 2), (661.71, 662), (1697.46, 1698)]
)
def test_begun_milliseconds_are_billed(total, ms):
    assert billed(total) == ms


def series(architecture="x86_64"):
    cold = (Run(60, 200, 90, 140), Run(40, 100, 90, 60))
    return Series("shop", "python3.13", architecture, 512, cold, (Run(3, 10), Run(5, 10)))


@pytest.mark.parametrize(("architecture", "price"), [("x86_64", 1.45), ("arm64", 1.20)])
def test_rows_are_cold_starts_with_their_init_and_warm_ones(architecture, price):
    cold, init, warm = figures.rows([series(architecture)], prices.read())
    assert [(one.kind, one.values) for one in (cold, init, warm)] == [
        ("cold", (200, 100)),
        ("init", (140, 60)),
        ("warm", (3, 5)),
    ]
    assert [one.gb_seconds for one in (cold, init, warm)] == [75_000, None, 5_000]
    assert (round(cold.price, 2), init.price) == (price, None)


def test_a_price_table_may_be_another_one(tmp_path):
    own = tmp_path / "prices.toml"
    own.write_text(prices.SHIPPED.read_text().replace('"USD"', '"CHF"').replace("0.20", "1"))
    told = prices.read(own)
    assert (told.currency, told.of("arm64", 0, 3_000_000)) == ("CHF", 3.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "[x86_64]: this is missing"),
        ("[x86_64]\ngb-second = 1\n", "million-requests"),
        ("[x86_64]\ngb-second = -1\nmillion-requests = 0", "a number from 0"),
        ("[amd64]", "there is no key 'amd64'"),
        ("[", "no TOML"),
        (None, "there is no such file"),
    ],
)
def test_a_wrong_price_table_is_refused(tmp_path, text, words):
    own = tmp_path / "prices.toml"
    if text is not None:
        own.write_text(text)
    with pytest.raises(ConfigError) as caught:
        prices.read(own)
    assert words in str(caught.value)
    assert str(own) in str(caught.value)


# The picture

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_has_a_dot_for_each_run_further_right_for_longer_ones():
    rows = [row(300, 100, 200, kind="cold", name='<b> & "x"'), row(1.5, 0.0)]
    root = ElementTree.fromstring(plot.svg(rows))
    assert root.get("role") == "img"
    assert "milliseconds" in root.find(f"{SVG}title").text
    first, second = root.findall(f"{SVG}g")
    third, least, middle = [float(dot.get("cx")) for dot in first.iter(f"{SVG}circle")]
    assert least < middle < third <= 860
    assert len(list(second.iter(f"{SVG}circle"))) == 2
    assert '<b> & "x"' in [text.text for text in root.iter(f"{SVG}text")]


def test_one_run_makes_a_picture_too():
    root = ElementTree.fromstring(plot.svg([row(5.0)]))
    assert len(list(root.iter(f"{SVG}circle"))) == 1


# Here


def test_starts_here_are_measured(folder):
    status, output = bench(
        *("main:app", "-n", "2", "--memory", "2048", "--json"),
        *("--csv", "runs.csv", "--svg", "runs.svg"),
    )
    assert status == 0, output
    cold, init, warm = json.loads(output)
    assert [one["kind"] for one in (cold, init, warm)] == ["cold", "init", "warm"]
    assert {(one["function"], one["memory"], one["n"]) for one in (cold, warm)} == {
        ("main:app", 2048, 2)
    }
    lines = list(csv.DictReader(io.StringIO((folder / "runs.csv").read_text())))
    assert [line["kind"] for line in lines] == ["cold"] * 2 + ["warm"] * 2
    totals = [float(line["init_ms"]) + float(line["duration_ms"]) for line in lines[:2]]
    assert cold["average"] == pytest.approx(statistics.fmean(totals), abs=0.01)
    seconds = statistics.fmean(float(line["billed_ms"]) for line in lines[:2]) / 1000
    assert cold["gb_seconds_of_a_million"] == pytest.approx(seconds * 2 * 1_000_000)
    assert {line["init_ms"] for line in lines[2:]} == {""}
    ElementTree.parse(folder / "runs.svg")


def test_the_functions_of_a_project_are_in_one_table(folder):
    (folder / "event.json").write_text('{"number": 3}')
    (folder / "pyproject.toml").write_text(
        "[tool.adapter.functions.shop]\nhandler = 'main.handler'\nmemory = 512\n"
        "[tool.adapter.functions.till]\nhandler = 'main.handler'\n"
        "[tool.adapter.routes]\n'GET /' = 'shop'\n"
    )
    status, output = bench("-n", "1", "--event", "event.json")
    assert status == 0, output
    head, *rows = [line.split() for line in output.splitlines()]
    assert head[:2] == ["function", "kind"]
    assert [line[:3] for line in rows] == [
        [name, kind, memory]
        for name, memory in (("shop", "512"), ("till", "1024"))
        for kind in ("cold", "init", "warm")
    ]
    assert {line[7] for line in rows} == {"-"}  # the deviation of one


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["main:app", "--path", "/broken"], "main:app: the app answered 500 to GET /broken"),
        (["main:app", "--path", "/nowhere"], "answered 404 to GET /nowhere: name a path"),
        (["main.handler"], "main.handler failed: Function.KeyError: 'number'"),
        (["main:nothing"], "main:nothing does not start: Runtime.ImportModuleError: main has"),
        (["ends:app"], "exit status 3\n  last words"),
        (["main:app", "--path", "x"], "--path: 'x' is no path"),
        (["main:app", "--memory", "128", "--memory", "256"], "say it once"),
        ([], "which app?"),
        (["main:app", "--prices", "none.toml"], "there is no such file"),
        (["main:app", "--csv", "none/x.csv"], "there is no such folder"),
        (["main:app", "--stage", "prod"], "--remote"),
        (["main:app", "--remote"], "main:app is no name of a deployed function"),
    ],
)
def test_failures_are_a_sentence_and_never_figures(folder, arguments, words):
    (folder / "ends.py").write_text("import os\nprint('last words', flush=True)\nos._exit(3)\n")
    status, output = bench(*arguments)
    assert status in (1, 2)
    assert words in output
    assert "Traceback" not in output
    assert "average" not in output


# Deployed ones


@pytest.fixture
def credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def test_a_deployed_function_is_called_by_its_alias(folder, dev, credentials, monkeypatch):
    gateway = dev("main:app", "--workers", "3", folder=folder)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", gateway.url)
    name = folder.name
    status, output = bench(name, "--remote", "--stage", "prod", "-n", "2", "--json")
    assert status == 0, output
    cold, init, warm = json.loads(output)
    assert (cold["function"], cold["memory"]) == (f"{name}:prod", 1024)
    assert warm["n"] == 2
    assert all(whole > part > 0 for whole, part in zip(cold["values"], init["values"], strict=True))
    status, output = bench(name, "--remote", "-n", "1", "--path", "/broken")
    assert (status, "answered 500 to GET /broken" in output) == (1, True)
    status, output = bench("other", "--remote", "-n", "1")
    assert (status, "Function not found: arn:" in output) == (1, True)


JOB = remote.Job("shop", "$LATEST", "x86_64", {"a": 1}, "/", 1)
BEFORE = {"MemorySize": 512, "Description": "of ours", "Runtime": "python3.13", "RevisionId": "r0"}


class Lambda:
    """boto3's client, and the calls that it is to make in their order."""

    def __init__(self):
        self.client = boto3.client(
            "lambda", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.stub = Stubber(self.client)
        self.get("r0")

    def get(self, revision):
        told = {**BEFORE, "RevisionId": revision, "Architectures": ["arm64"]}
        self.stub.add_response("get_function_configuration", told, {"FunctionName": "shop"})

    def update(self, memory, description, before, after):
        asked = {"FunctionName": "shop", "MemorySize": memory, "Description": description}
        self.stub.add_response("update_function_configuration", {}, {**asked, "RevisionId": before})
        done = {"Configuration": {"LastUpdateStatus": "Successful"}}
        self.stub.add_response("get_function", done, {"FunctionName": "shop"})
        self.get(after)

    def invoke(self, init="", error=None):
        line = f"{HEAD}2 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB{init}"
        told = {
            "Payload": StreamingBody(io.BytesIO(b'{"errorType": "Oh"}'), 19),
            "LogResult": base64.b64encode(line.encode()).decode(),
            **({"FunctionError": error} if error else {}),
        }
        asked = {"FunctionName": "shop", "Qualifier": "$LATEST", "LogType": "Tail", "Payload": ANY}
        self.stub.add_response("invoke", told, asked)

    def measured(self):
        with self.stub:
            found = remote.measure_with(self.client, JOB, 128, lambda *told: None)
            self.stub.assert_no_pending_responses()
        return found


def test_latest_gets_other_memory_and_then_its_own_again():
    aws = Lambda()
    aws.update(128, "adapter bench, 128 MB, 1", "r0", "r1")
    aws.invoke()  # no cold start yet: it doesn't count
    aws.update(128, "adapter bench, 128 MB, 2", "r1", "r2")
    aws.invoke("\tInit Duration: 100 ms")
    aws.invoke()
    aws.update(512, "of ours", "r2", "r3")
    found = aws.measured()
    assert (found.cold, found.warm) == ((Run(2, 2, 0, 100.0),), (Run(2, 2),))
    assert (found.memory, found.architecture, found.runtime) == (128, "arm64", "python3.13")


def test_latest_gets_its_own_again_after_a_failure():
    aws = Lambda()
    aws.update(128, "adapter bench, 128 MB, 1", "r0", "r1")
    aws.invoke(error="Unhandled")
    aws.update(512, "of ours", "r1", "r2")
    with pytest.raises(BenchError, match=r"^shop:\$LATEST failed: Oh$"):
        aws.measured()
    aws.stub.assert_no_pending_responses()


def test_a_racing_deployment_stops_it():
    aws = Lambda()
    for _ in range(2):  # the change, and what would set it back
        code = "PreconditionFailedException"
        aws.stub.add_client_error("update_function_configuration", code, http_status_code=412)
    with pytest.raises(BenchError, match="somebody else is changing shop"):
        aws.measured()


def test_nothing_is_changed_without_a_yes(folder, credentials):
    status, output = bench("shop", "--remote", "--memory", "128")
    assert status == 1
    assert "no version and no alias is. Go on?" in output
