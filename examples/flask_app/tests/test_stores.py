"""Which store the environment gets, and what each store alone must withstand."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import ModuleType
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[1]

LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "f"}
ENDPOINT = {"DYNAMODB_ENDPOINT_URL": "http://localhost:4567"}
LOCAL = {"ADAPTER_LOCAL": "1"}

SIGN_UP_FIFTY = """
import sys
from signups import Person
from signups_sqlite import open_sqlite
store = open_sqlite(sys.argv[1])
print(sum(store.add("e", Person(f"{number}", "now")) for number in range(50)))
"""


@pytest.mark.parametrize(
    ("environ", "dynamodb"),
    [
        ({}, False),
        (LAMBDA, True),
        (LAMBDA | LOCAL, False),
        (LAMBDA | LOCAL | ENDPOINT, True),
        (ENDPOINT, True),
        ({"DYNAMODB_ENDPOINT_URL": ""}, False),
    ],
)
def test_where_it_is_dynamodb(main: ModuleType, environ: dict[str, str], dynamodb: bool) -> None:
    assert own_module("signups").wants_dynamodb(environ) is dynamodb


def test_sqlite_needs_no_boto3(tmp_path: Path) -> None:
    program = "import sys, main; main.signups(); sys.exit('boto3' in sys.modules)"
    env = os.environ | {"SQLITE_PATH": str(tmp_path / "s.sqlite3")}
    for variable in ("DYNAMODB_ENDPOINT_URL", "AWS_LAMBDA_FUNCTION_NAME"):
        env.pop(variable, None)
    subprocess.run([sys.executable, "-c", program], cwd=EXAMPLE, env=env, check=True)


def test_sqlite_says_what_to_set(main: ModuleType, tmp_path: Path) -> None:
    path = str(tmp_path / "no such folder" / "s.sqlite3")
    with pytest.raises(RuntimeError, match=r"cannot write .*: set SQLITE_PATH to"):
        own_module("signups").open_signups({"SQLITE_PATH": path})


def test_sqlite_under_several_processes(tmp_path: Path) -> None:
    path = str(tmp_path / "s.sqlite3")
    command = [sys.executable, "-c", SIGN_UP_FIFTY, path]

    def run(_: int) -> int:
        return int(subprocess.run(command, cwd=EXAMPLE, check=True, stdout=subprocess.PIPE).stdout)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(run, range(4))) == 50


@pytest.mark.usefixtures("dynamodb_env")
def test_two_make_the_table_at_once(main: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "made-by-two")
    barrier = Barrier(2)

    def open_and_add(name: str) -> Any:
        barrier.wait(timeout=30)
        store = own_module("signups").open_signups(os.environ)
        assert store.add("e", main.Person(name, "now"))
        return store

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(open_and_add, ["Ada", "Bob"])
    assert [person.name for person in first.people("e")] == ["Ada", "Bob"]
    first.client.close()
    second.client.close()


@pytest.mark.usefixtures("dynamodb_env")
def test_whoever_comes_second_to_make_the_table_is_content(main: ModuleType) -> None:
    store = own_module("signups").open_signups(os.environ)
    own_module("signups_dynamodb").make_table(store.client, store.table)
    description = store.client.describe_table(TableName=store.table)["Table"]
    assert description["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert [key["AttributeName"] for key in description["KeySchema"]] == ["event", "name"]
    store.client.close()


def own_module(name: str) -> Any:
    """A module of this app, which the `main` fixture made importable."""
    return importlib.import_module(name)
