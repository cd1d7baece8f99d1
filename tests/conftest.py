"""Fixtures and settings for every test here."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from dev_command import Dev

# Two shared cores are slow now and then; a deadline per example would make a test flaky. In CI each
# run has the same examples: what it says is of the change.
settings.register_profile(
    "adapter",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("adapter")

GUESTS = Path(__file__).parent / "guests"

# Files that take long and whose tests share nothing: any worker may have any of their tests.
APART = (
    *("test_asynchronous", "test_debugger", "test_deadline", "test_docs", "test_examples"),
    *("test_faults", "test_forks", "test_many", "test_once", "test_parallel_prediction"),
    *("test_reload", "test_rie", "test_several", "test_soak", "test_unbreakable"),
)


class Scheduling(LoadScopeScheduling):
    """A file's tests go to one worker, so that what they share is started once; see APART.

    Not by xdist_group, which pytest 9.2 ignores: https://github.com/pytest-dev/pytest-xdist/issues/1386
    """

    def _split_scope(self, nodeid):
        file, _, test = nodeid.partition("::")
        name = file.rpartition("/")[2].removesuffix(".py")
        if name == "test_conformance":  # its cases are named way-app-kind
            return "-".join(test.partition("[")[2].split("-")[:2])
        return nodeid if name in APART else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log)


@pytest.fixture
def interruptible():
    """Ctrl-C raises KeyboardInterrupt, also where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def dev():
    started = []

    def begin(*arguments, folder=GUESTS):
        started.append(Dev(folder, *arguments))
        return started[-1].wait_until_up()

    yield begin
    for process in started:
        process.stop(signal.SIGKILL)
