"""An app may fork: the child is no second runtime, and its end is nobody else's."""

from pathlib import Path

import pytest

from adapter.events import KINDS
from adapter.message import Request
from lambda_side import run

GUESTS = Path(__file__).parent / "guests"


@pytest.fixture(autouse=True)
def _task_folder(monkeypatch):
    monkeypatch.chdir(GUESTS)


def event(path):
    return KINDS["http_api"].encode_request(Request("GET", path))


@pytest.mark.parametrize(
    ("path", "code"),
    [("/process", 0), ("/terminated", -15), ("/exits", 7), ("/killed", -15), ("/raises", 1)],
)
@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("target", ["forks:app", "forks:wsgi_app"])
def test_a_child_ends_as_it_would_elsewhere_and_the_parent_goes_on(target, concurrency, path, code):
    ran = run(target, event("/"), event(path), event("/"), concurrency=concurrency, timeout=15)
    before, told, after = [result["body"] for result in ran.results]
    assert told == f"{before} {code}"
    assert after == before
    assert ran.text.count("shutdown in") == (target == "forks:app")


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_task_that_exits_later_costs_nobody_a_response(concurrency):
    ran = run("forks:app", *[event(path) for path in ("/stray", "/", "/")], concurrency=concurrency)
    assert [result["statusCode"] for result in ran.results] == [200, 200, 200]
    assert "a task of the app raised SystemExit(9)" in ran.text
