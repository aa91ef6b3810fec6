"""Settings of the whole suite."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.browser", "tests.support.databases"]

# Machines are shared: no deadlines. The same examples every time, so that a green suite stays green; look for new
# ones with HYPOTHESIS_PROFILE=search.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

_MEASURED = Path(__file__).parent / "accuracy"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what measures away from what works beside it."""
    for item in items:
        if _MEASURED in item.path.parents:
            item.add_marker(pytest.mark.alone)


os.environ["LOADKIT_NO_STORE"] = "1"  # runs of tests are not kept, unless a test is about that
os.environ.pop("LOADKIT_STORE", None)
os.environ.pop("GITHUB_ACTIONS", None)  # what tests print is nothing that GitHub is to be told
for _name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):  # targets of tests are on this machine
    os.environ.pop(_name, None)
    os.environ.pop(_name.lower(), None)
