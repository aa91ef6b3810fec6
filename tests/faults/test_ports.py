"""A machine with a hundred ports to connect from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.case import Case, assert_invariants, load, run_case
from tests.faults.island import Island, island


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    with island(tmp_path_factory.mktemp("island"), "40000 40099") as made:
        yield made


def test_ports_that_run_out_are_foretold_and_make_the_run_invalid(narrow: Island, good: Case, tmp_path: Path) -> None:
    phases = [{"name": "peak", "duration": 1, "arrivalRate": 200}]
    case = run_case(tmp_path, load(narrow.url(), "/?ms=2000", phases=phases), "--workers", 1, prefix=narrow.prefix)
    assert_invariants(case, exit_code=5, good=good)
    assert "warning:" in case.err
    assert "of the 100 ports to one address" in case.err
    assert case.errors.keys() == {"ERR_GENERATOR"}
    assert 95 <= case.count("http.codes.200") <= 100  # a port for each, but for those that something else has
    assert case.errors["ERR_GENERATOR"] == case.started - case.count("http.codes.200")
    assert "ran out of ports 1" in str(case.measurement["reasons"])


def test_a_pool_needs_no_more_ports_than_it_has_connections(narrow: Island, good: Case, tmp_path: Path) -> None:
    phases = [{"duration": 3, "arrivalRate": 70}]
    scenario = load(narrow.url(), "/", phases=phases, config={"http": {"pool": 10}})
    case = run_case(tmp_path, scenario, "--workers", 1, prefix=narrow.prefix)
    assert_invariants(case, exit_code=0, good=good)
    assert "warning" not in case.err
    assert case.errors == {}


def test_closed_users_without_ports_wait_instead_of_spinning(narrow: Island, good: Case, tmp_path: Path) -> None:
    phases = [{"duration": 2, "users": 150}]
    case = run_case(tmp_path, load(narrow.url(), "/?ms=100", phases=phases), "--workers", 1, prefix=narrow.prefix)
    assert_invariants(case, exit_code=5, good=good)
    assert set(case.errors) == {"ERR_GENERATOR"}
    assert case.errors["ERR_GENERATOR"] <= 50 * 25 * 2  # each of the fifty tries again after 100 ms
