"""The fault server, and a run against a target that behaves, once a test process."""

import sys
from collections.abc import Iterator

import pytest

from tests.faults.case import Case, load, run_case
from tests.faults.server import Target, fault_server

if sys.platform != "linux":
    collect_ignore_glob = ["test_*.py"]  # memory, descriptors and full queues are looked at as Linux has them


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with fault_server(tmp_path_factory.mktemp("certificates")) as target:
        yield target


@pytest.fixture(scope="session")
def good(faults: Target, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The run that others are compared with: 200 virtual users, each request answered."""
    made = run_case(
        tmp_path_factory.mktemp("good"), load(faults.http, "/ok", phases=[{"duration": 1, "arrivalRate": 200}])
    )
    assert made.code in (0, 5), made.out + made.err
    assert made.count("http.codes.200") == made.started > 180
    return made
