"""A process that may open few files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.case import assert_accounts, load, run_case
from tests.faults.island import Island, island
from tests.faults.server import Target


def limited(number: int) -> tuple[str, str]:
    return "prlimit", f"--nofile={number}:{number}"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    """A server on many addresses, so that one virtual user may have many connections."""
    with island(tmp_path_factory.mktemp("island")) as made:
        yield made


@pytest.mark.parametrize("phase", [{"users": 10}, {"arrivalRate": 50, "maxVusers": 10}])
def test_users_that_cannot_all_be_connected_are_refused_before_load(
    faults: Target, tmp_path: Path, phase: dict[str, Any]
) -> None:
    scenario = load(faults.http, "/ok?refused", phases=[{"name": "peak", "duration": 5, **phase}])
    case = run_case(tmp_path, scenario, "--workers", 1, prefix=limited(64))
    assert case.code == 6
    assert 'phase "peak"' in case.err
    assert "needs 110 file descriptors (10 virtual users x 1 connection + 100), and the limit is 64" in case.err
    assert "ulimit -n 110" in case.err
    assert "Traceback" not in case.err
    assert not case.left
    assert faults.seen("/ok?refused")[0] == 0


def test_arrivals_beyond_the_descriptors_are_dropped_and_make_the_run_invalid(faults: Target, tmp_path: Path) -> None:
    scenario = load(faults.http, "/slow?ms=300", phases=[{"duration": 2, "arrivalRate": 100}])
    case = run_case(tmp_path, scenario, "--workers", 1, prefix=limited(64))
    assert (case.code, "Traceback" in case.err, case.left) == (5, False, ())
    assert case.errors == {}
    dropped = case.count("arrivals.dropped.generator")
    assert dropped > 100
    assert case.count("arrivals.planned") == case.count("arrivals.started") + dropped == 200
    assert case.count("vusers.created") == case.count("vusers.completed") == case.count("arrivals.started")
    assert case.workers[0].cpu_s < 0.5 * case.elapsed_s


def origins(many: Island, number: int, ms: int) -> list[Any]:
    """One step after another, each at an address of its own."""
    get = {"get": {"url": f"http://127.0.1.{{{{ $loopCount }}}}:{many.port}/?ms={ms}", "name": "page"}}
    return [{"loop": [get], "count": f"1-{number + 1}"}]


def test_descriptors_that_run_out_are_the_generators_fault_and_it_recovers(many: Island, tmp_path: Path) -> None:
    phases = [{"duration": 1, "arrivalRate": 40}, {"pause": 1}, {"duration": 1, "arrivalRate": 10}]
    scenario = load(many.url(), origins(many, 20, 20), phases=phases)
    case = run_case(tmp_path, scenario, "--workers", 1, prefix=(*limited(130), *many.prefix))
    assert_accounts(case)
    assert (case.code, set(case.errors)) == (5, {"ERR_GENERATOR"})
    assert "Traceback" not in case.err + case.out
    assert case.report is not None
    timeline = case.report["loadkit"]["timeline"]
    rows = [dict(zip(timeline["columns"], row, strict=True)) for row in timeline["rows"]]
    late = [row for row in rows if row["t_s"] > 2.5]  # the last phase
    assert sum(row["errors"] for row in late) == 0
    assert sum(row["requests"] for row in late) == 10 * 20


def test_closed_users_without_descriptors_do_not_spin(many: Island, tmp_path: Path) -> None:
    scenario = load(many.url(), origins(many, 100, 0), phases=[{"duration": 2, "users": 2}])
    case = run_case(tmp_path, scenario, "--workers", 1, prefix=(*limited(130), *many.prefix))
    assert_accounts(case)
    assert (case.code, set(case.errors)) == (5, {"ERR_GENERATOR"})
    assert case.errors["ERR_GENERATOR"] <= 2 * 25
    assert case.workers[0].cpu_s < 0.5 * case.elapsed_s
