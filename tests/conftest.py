"""Fixtures and settings for every test here."""

from hypothesis import HealthCheck, settings

# Two shared cores are slow now and then; a deadline per example would make a test flaky.
settings.register_profile(
    "adapter", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("adapter")
