"""Loads the app the way a server does: its folder on the path, its modules by their own names."""

import importlib.util
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from starlette.applications import Starlette

with warnings.catch_warnings():
    # Starlette 1.x would like httpx2 here; the tests need neither one's new features.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

FOLDER = Path(__file__).parents[1]


def load(folder: Path) -> ModuleType:
    """Leaves no name behind: another example has a main.py, and perhaps a front_page.py, too."""
    names = {path.stem for path in folder.glob("*.py")}
    others = {name: sys.modules.pop(name) for name in names & set(sys.modules)}
    sys.path.insert(0, str(folder))
    try:
        return execute("starlette_app_main", folder / "main.py")
    finally:
        sys.path.remove(str(folder))
        for name in names & set(sys.modules):
            del sys.modules[name]
        sys.modules.update(others)


def execute(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def folder() -> Path:
    return FOLDER


@pytest.fixture(scope="session")
def app() -> Starlette:
    app: Starlette = load(FOLDER).app
    return app


@pytest.fixture
def client(app: Starlette) -> Iterator[TestClient]:
    """As after a cold start: the lifespan begins anew for each test."""
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client
