"""Fixtures and settings for every test here."""

import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from dev_command import Dev

# Two shared cores are slow now and then; a deadline per example would make a test flaky.
settings.register_profile(
    "adapter", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("adapter")

GUESTS = Path(__file__).parent / "guests"


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
