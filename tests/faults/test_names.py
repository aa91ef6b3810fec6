"""Names: that do not exist, that nobody answers for, that come and go."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.case import Case, assert_invariants, load, run_case
from tests.faults.island import Island, island


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    with island(tmp_path_factory.mktemp("island")) as made:
        yield made


def run(directory: Path, names: Island, hosts: list[str], phase: dict[str, Any], connect_timeout: str = "8s") -> Case:
    flow = [{"get": {"url": f"http://{{{{ host }}}}.test:{names.port}/", "name": "page"}}]
    config = {"variables": {"host": hosts}, "http": {"connectTimeout": connect_timeout}, "seed": 1}
    scenario = load(names.url(), flow, phases=[phase], config=config)
    return run_case(directory, scenario, "--workers", 1, prefix=names.prefix)


def test_names_that_do_not_exist_and_servers_that_fail_have_names_of_their_own(
    names: Island, good: Case, tmp_path: Path
) -> None:
    case = run(tmp_path, names, ["nx-1", "servfail-1"], {"duration": 1, "arrivalRate": 100})
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors.keys() == {"ENOTFOUND", "EAI_AGAIN"}
    assert sum(case.errors.values()) == case.started
    assert case.workers[0].cpu_s < 0.9 * case.elapsed_s


def test_slow_name_servers_keep_nobody_else_waiting(names: Island, good: Case, tmp_path: Path) -> None:
    hosts = [*(f"slow-{n}" for n in range(8)), *["fast-1"] * 40]
    case = run(tmp_path, names, hosts, {"duration": 3, "arrivalRate": 100})
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors == {}
    assert case.count("http.codes.200") == case.started
    assert case.summaries["generator.lag"]["p99"] < 20 + case.stall_ms
    assert case.summaries["http.dns"]["max"] > 4900
    assert case.summaries["http.service_time"]["p50"] < 100 + case.stall_ms


def test_a_name_that_comes_back_is_found_within_a_second(names: Island, good: Case, tmp_path: Path) -> None:
    case = run(tmp_path, names, ["flap-1"], {"duration": 3, "arrivalRate": 50})
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors.keys() == {"ENOTFOUND"}
    assert 1 <= case.errors["ENOTFOUND"] <= 50 * 1.5
    assert case.count("http.codes.200") == case.started - case.errors["ENOTFOUND"]
    assert case.summaries["http.dns"]["count"] == 2  # one that failed, one for the rest of the run


def test_an_address_that_is_dead_beside_one_that_works_costs_no_request(
    names: Island, good: Case, tmp_path: Path
) -> None:
    case = run(tmp_path, names, ["two-1"], {"duration": 2, "arrivalRate": 20}, connect_timeout="1s")
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors == {}
    assert case.count("http.codes.200") == case.started
    assert case.summaries["http.service_time"]["p50"] < 600  # half of the connect timeout, and only at first
