"""The examples from one module, without a line that differs: here as functions, behind a gateway.

Their own tests run them under uvicorn and flask.
"""

from pathlib import Path

import pytest

from adapter.events import KINDS
from adapter.message import Request
from lambda_side import ADAPTER, AWSLAMBDARIC, run

EXAMPLES = Path(__file__).parents[1] / "examples"


def get(path, kind="http_api"):
    headers = (("host", "example.com"), ("accept", "application/json"))
    return KINDS[kind].encode_request(Request("GET", path, headers=headers))


@pytest.mark.parametrize(
    ("command", "target"),
    [(ADAPTER, "main:app"), (ADAPTER, "lambda_function.handler"),
     (AWSLAMBDARIC, "lambda_function.handler")],
    ids=["ours, the app", "ours, the function", "AWS's runtime"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("example", "path"), [("flask_app", "/api/events"), ("starlette_app", "/state")]
)
def test_an_example_runs_as_a_function(example, path, command, target, tmp_path, monkeypatch):
    monkeypatch.chdir(EXAMPLES / example)
    monkeypatch.setenv("SQLITE_PATH", str(tmp_path / "signups.sqlite3"))
    ran = run(target, get(path), get(path), command=command)
    assert [result["statusCode"] for result in ran.results] == [200, 200], ran.text


@pytest.mark.parametrize("example", ["flask_app", "starlette_app"])
def test_make_dev_shows_a_page(dev, example, tmp_path, monkeypatch):
    monkeypatch.setenv("SQLITE_PATH", str(tmp_path / "signups.sqlite3"))
    gateway = dev("main:app", folder=EXAMPLES / example)
    page = gateway.client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


def test_a_sign_up_through_the_gateway(dev, tmp_path, monkeypatch):
    monkeypatch.setenv("SQLITE_PATH", str(tmp_path / "signups.sqlite3"))
    gateway = dev(
        "main:app", "--kind", "rest_api", "--stage", "prod", folder=EXAMPLES / "flask_app"
    )
    first, again = (
        gateway.client.post("/prod/api/events/pycon", json={"name": "Ada"}) for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 409)
    assert first.headers["location"] == "/prod/api/events/pycon/Ada"
    assert gateway.client.get(first.headers["location"]).json()["name"] == "Ada"
