"""Clocks that jump, and processes that are suspended."""

import ast
import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.test_run import children_of
from tests.faults.case import ROOT, Case, assert_accounts, assert_invariants, load, run_case
from tests.faults.server import Target
from tests.support.command import finish, start, write_yaml

_JUMPING = """
import time
_real, _steps = time.time, iter(range(10**9))
time.time = lambda: _real() + (3600 if next(_steps) % 2 else -3600)
"""
_WALL = {("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("datetime", "now"), ("datetime", "utcnow")}


def test_a_wall_clock_that_jumps_by_hours_changes_no_figure(faults: Target, good: Case, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(_JUMPING)
    phases = [{"duration": 3, "arrivalRate": 100}]
    scenario = load(faults.http, "/ok", phases=phases)
    case = run_case(tmp_path, scenario, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert_invariants(case, exit_code=0, good=good)
    assert case.count("arrivals.planned") == 300
    assert case.count("http.codes.200") == case.started
    assert 3 < case.report["loadkit"]["elapsed_s"] < 30  # type: ignore[index]
    for name in ("http.response_time", "http.service_time", "generator.lag", "vusers.session_length"):
        assert 0 <= case.summaries[name]["min"] <= case.summaries[name]["max"] < 60_000


@pytest.mark.parametrize("package", ["engine", "flow", "metrics", "workload", "protocols", "slo"])
def test_what_measures_reads_no_wall_clock(package: str) -> None:
    for path in sorted((ROOT / "loadkit" / package).glob("*.py")):
        if path.name == "cookies.py":
            continue  # `Expires` is a date
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in _WALL, f"{path}:{node.lineno}"
            dates = path.name == "arrivals_file.py"  # the instants of a log are dates
            if isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime") and not dates:
                names = {(node.module, alias.name) for alias in node.names}
                assert not names & {*_WALL, ("datetime", "datetime")}, f"{path}:{node.lineno}"


def test_a_worker_that_is_suspended_shows_as_lag_and_makes_the_run_invalid(faults: Target, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    path = "/ok?suspended"
    scenario = load(faults.http, path, phases=[{"duration": 5, "arrivalRate": 50}])
    process = start("run", write_yaml(tmp_path, scenario), "-o", report, "--workers", 1)
    end = time.monotonic() + 30
    while faults.seen(path)[0] < 20:
        assert time.monotonic() < end
        time.sleep(0.02)
    (worker,) = children_of(process.pid)
    os.kill(worker, signal.SIGSTOP)
    time.sleep(2)
    os.kill(worker, signal.SIGCONT)
    result = finish(process, report)
    case = Case(result.code, result.out, result.err, result.report)
    assert (case.code, "Traceback" in case.err) == (5, False)
    assert_accounts(case)
    assert case.count("arrivals.planned") == 250
    assert case.count("http.requests") == case.started > 150
    assert case.summaries["generator.lag"]["max"] > 1900
    assert case.summaries["http.response_time"]["max"] > 1900
    assert case.count("arrivals.late") >= 90
    assert case.measurement["status"] == "invalid"
