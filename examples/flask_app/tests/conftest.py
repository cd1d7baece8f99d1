"""The app over both of its stores; DynamoDB is npm's dynalite, a real server on a real port."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

EXAMPLE = Path(__file__).parents[1]
# Where node_modules goes: the project around this example, or the example standing alone.
ROOT = next((folder for folder in EXAMPLE.parents if (folder / "pyproject.toml").exists()), EXAMPLE)
OWN_MODULES = ("signups", "signups_sqlite", "signups_dynamodb")

# Port 0, which dynalite's own command line cannot ask for; it ends when our end of stdin does.
DYNALITE = """
const server = require('dynalite')({createTableMs: 200}).listen(0, '127.0.0.1', () =>
  console.log(server.address().port))
process.stdin.on('end', () => process.exit()).resume()
"""


@pytest.fixture(scope="session")
def main() -> Iterator[ModuleType]:
    """main.py under a name of its own: another example has a main.py too."""
    sys.path.insert(0, str(EXAMPLE))
    spec = importlib.util.spec_from_file_location("flask_app_main", EXAMPLE / "main.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Flask looks here for its templates
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(EXAMPLE))
    for name in (spec.name, *OWN_MODULES):
        sys.modules.pop(name, None)


@pytest.fixture(scope="session")
def dynalite() -> Iterator[str]:
    """The URL of a DynamoDB that lives as long as this test process."""
    _install_dynalite()
    with subprocess.Popen(
        ["node", "-e", DYNALITE], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, "dynalite did not start: its reason is on stderr"
        yield f"http://127.0.0.1:{port}"


def _install_dynalite() -> None:
    with _one_process_at_a_time():
        if (ROOT / "node_modules" / ".bin" / "dynalite").exists():
            return
        if shutil.which("npm") is None:
            pytest.fail("these tests need Node.js: put `node` and `npm` on the PATH")
        command = ["npm", "install", "--no-save", "--prefix", str(ROOT), "dynalite@4"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _one_process_at_a_time() -> Iterator[None]:
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@pytest.fixture
def dynamodb_env(dynalite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", dynalite)
    monkeypatch.setenv("TABLE_NAME", "signups")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")


@pytest.fixture
def sqlite_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DYNAMODB_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    monkeypatch.setenv("SQLITE_PATH", str(tmp_path / "signups.sqlite3"))


@pytest.fixture(scope="module", params=["sqlite", "dynamodb"])
def kind(request: pytest.FixtureRequest, main: ModuleType) -> Iterator[str]:
    """Which store: all tests with the one, then all with the other, whose client takes a while."""
    yield request.param
    if request.param == "dynamodb" and main.signups.cache_info().currsize:
        main.signups().client.close()
    main.signups.cache_clear()


@pytest.fixture
def signups(kind: str, request: pytest.FixtureRequest, main: ModuleType) -> Iterator[Any]:
    """The app's store, chosen by the environment as it is in production."""
    request.getfixturevalue(f"{kind}_env")
    store = main.signups()
    yield store
    if kind == "dynamodb":
        _empty(store)
    else:
        main.signups.cache_clear()  # each test has a file of its own


def _empty(store: Any) -> None:
    # One table serves all the tests: making one takes a second.
    for event in store.events():
        for person in store.people(event):
            store.remove(event, person.name)


@pytest.fixture
def client(main: ModuleType, signups: Any) -> FlaskClient:
    app: Any = main.app
    browser: FlaskClient = app.test_client()
    return browser
