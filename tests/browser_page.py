"""A real browser for the tests: Debian's chromium, driven by playwright."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 30_000  # of what is expected of a page; it has 5 s by default


def executable():
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def browser():
    """A generator for a fixture: a browser, or a skipped test that says what is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = executable()
    if path is None:
        pytest.skip("there is no chromium: run scripts/chromium, or apt-get install chromium")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # as root it does not start with one
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=flags, timeout=PATIENCE_MS)
        yield started
        started.close()
