"""Fixtures that every test may ask for, and a run that leaves nothing behind."""

import tempfile

import pytest
from hypothesis import HealthCheck, configuration, settings

pytest_plugins = [
    "tests.browser.fixture",
    "tests.postgresql.fixture",
    "tests.sending.fixture",
    "tests.store.databases",
    "tests.wordpress.fixture",
]

# However slow the machine is, an example that is right is right.
settings.register_profile("tests", database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis keeps tables of Unicode, by default in the current folder."""
    folder = tempfile.TemporaryDirectory(prefix="pingback-tests-")
    config.add_cleanup(folder.cleanup)
    configuration.set_hypothesis_home_dir(folder.name)
