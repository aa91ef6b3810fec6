"""Several runs of one plan as one, from journals that were written as runs write them."""

import itertools
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.engine.ending import Course, Ending
from loadkit.errors import JournalError, UsageError
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.report.journal import end_frame, header_frame, interval_frame, intervention_frame
from loadkit.report.merging import merge_runs
from loadkit.report.schema import report_schema
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.plan import Plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document
from loadkit.units import NS_PER_MS, NS_PER_S
from tests.support.interventions import PAUSED, STOPPED
from tests.support.results import interval, invalid, result, started

TEXT = """
config:
  target: http://127.0.0.1:9
  phases:
    - {name: warm, duration: 2, arrivalRate: 10, warmup: true}
    - {name: steady, duration: 4, arrivalRate: 10}
  thresholds:
    - http.response_time.p95 < 100ms
    - http.request_rate > 15/s
scenarios:
  - name: browse
    flow:
      - get: {url: /products}
"""
SECONDS = 6


def plan_of(seed: int = 1, text: str = TEXT) -> Plan:
    return compile_plan(read_document(Path("shop.yaml"), text), Settings(seed=seed))


def times_of(seed: int, count: int = 10) -> list[np.ndarray]:
    """Response times in nanoseconds, a row a second."""
    random = np.random.default_rng(seed)
    return [(random.lognormal(3, 0.6, count) * NS_PER_MS).astype(np.int64) for _ in range(SECONDS)]


def seconds_of(times: list[np.ndarray]) -> list[Snapshot]:
    made = []
    for index, values in enumerate(times):
        start_ns, end_ns = index * NS_PER_S, (index + 1) * NS_PER_S
        histogram = Histogram()
        histogram.record(values)
        part = Snapshot(
            start_ns=start_ns,
            end_ns=end_ns,
            counters={
                ("http.requests", "/products"): len(values),
                ("http.responses", "/products"): len(values),
                ("http.codes.200", "/products"): len(values),
            },
            histograms={("http.response_time", "/products"): histogram, ("http.service_time", "/products"): histogram},
        )
        run = Snapshot(
            start_ns=start_ns,
            end_ns=end_ns,
            counters={("arrivals.due", ""): len(values), ("arrivals.started", ""): len(values)},
        )
        phase = 0 if index < 2 else 1
        made.append(Snapshot.of_parts(start_ns, end_ns, {(phase, "browse"): part, (phase, ""): run}))
    return made


def journal(directory: Path, name: str, *, seed: int, began: float = 1_700_000_000.0, **ending: Any) -> Path:
    """Write the journal of a run that began at an instant."""
    plan = ending.pop("plan", None) or plan_of(seed)
    seconds = seconds_of(times_of(seed))
    course = Course(plan, workers=1, started_at=began)
    for second in seconds:
        course.add(second)
    made = course.conclude(Ending(elapsed_s=float(SECONDS)))
    last = result(*seconds, plan=plan, elapsed_s=float(SECONDS), verdicts=made.verdicts, **ending)
    path = directory / name
    path.write_bytes(
        b"".join(
            [
                header_frame(started(plan=plan, workers=1, started_at=began)),
                *(interval_frame(interval(second)) for second in seconds),
                *(intervention_frame(one) for one in ending.get("interventions", ())),
                end_frame(last),
            ]
        )
    )
    return path


def section(paths: list[Path]) -> dict[str, Any]:
    found: dict[str, Any] = merge_runs(paths).report()["loadkit"]
    return found


def together(*seeds: int) -> Histogram:
    """All response times of runs without their warm-up."""
    made = Histogram()
    made.record(np.concatenate([second for seed in seeds for second in times_of(seed)[2:]]))
    return made


def test_a_merge_is_what_one_machine_would_have_measured(tmp_path: Path) -> None:
    paths = [journal(tmp_path, str(seed), seed=seed, began=1_700_000_000 + seed / 10) for seed in (1, 2, 3)]
    found = section(paths)
    whole = together(1, 2, 3)
    assert found["judged"]["requests"] == whole.total == 3 * 40
    assert found["judged"]["response_time_ms"] == whole.summary_ms()
    assert found["metrics"]["counters"]["http.requests"] == 3 * 60
    assert found["workers"] == 3


def test_runs_at_the_same_time_add_up_their_rates(tmp_path: Path) -> None:
    one = section([journal(tmp_path, "a", seed=1), journal(tmp_path, "b", seed=2, began=1_700_000_000.4)])
    assert one["merged"]["how"] == "side by side"
    assert (one["judged"]["request_rate"], one["judged"]["active_s"]) == (20.0, 4.0)
    assert [phase["arrivals"] for phase in one["phases"]] == [40, 80]
    assert len(one["timeline"]["rows"]) == SECONDS
    assert {verdict["objective"]: verdict["status"] for verdict in one["verdicts"]} == {
        "http.response_time.p95 < 100ms": "pass",
        "http.request_rate > 15/s": "pass",
    }


def test_runs_one_after_another_add_up_their_time(tmp_path: Path) -> None:
    paths = [journal(tmp_path, "a", seed=1), journal(tmp_path, "b", seed=2, began=1_700_000_100.0)]
    one = section(paths)
    assert one["merged"]["how"] == "one after another"
    assert (one["judged"]["request_rate"], one["judged"]["active_s"]) == (10.0, 8.0)
    assert one["judged"]["response_time_ms"] == together(1, 2).summary_ms()
    assert [phase["name"] for phase in one["phases"]] == ["warm", "steady"] * 2
    assert [phase["requests"] for phase in one["phases"]] == [20, 40, 20, 40]
    assert len(one["timeline"]["rows"]) == 2 * SECONDS
    assert [verdict["status"] for verdict in one["verdicts"]] == ["pass", "fail"]


def test_what_people_did_stands_on_the_common_time_line(tmp_path: Path) -> None:
    early = journal(tmp_path, "a", seed=1, interventions=PAUSED)
    late = journal(tmp_path, "b", seed=2, began=1_700_000_100.0, interventions=STOPPED)
    found = section([late, early])["interventions"]
    assert [(one["kind"], one["at_s"]) for one in found] == [("pause", 0.5), ("resume", 1.25), ("stop", 7.5)]


@pytest.mark.parametrize("starts", [(0.0, 0.1, 0.2), (0.0, 50.0, 100.0), (0.0, 0.1, 100.0)])
def test_the_order_of_the_runs_does_not_matter(tmp_path: Path, starts: tuple[float, ...]) -> None:
    paths = [
        journal(tmp_path, str(seed), seed=seed, began=1_700_000_000 + start) for seed, start in enumerate(starts, 1)
    ]
    reports = [merge_runs(list(order)).report() for order in itertools.permutations(paths)]
    assert all(report == reports[0] for report in reports)


def test_merging_is_associative_down_to_the_histograms() -> None:
    @given(st.lists(st.lists(st.integers(0, 4_000_000_000_000), max_size=20), min_size=3, max_size=3))
    def check(values: list[list[int]]) -> None:
        parts = [Histogram() for _ in values]
        for part, some in zip(parts, values, strict=True):
            part.record(np.array(some, np.int64))
        one, other, whole = parts[0].copy(), parts[1].copy(), Histogram()
        one.merge(parts[1])
        one.merge(parts[2])
        other.merge(parts[2])
        other.merge(parts[0])
        whole.record(np.array([value for some in values for value in some], np.int64))
        assert one.to_wire() == other.to_wire() == whole.to_wire()

    check()


def test_the_report_is_like_any_other(tmp_path: Path) -> None:
    paths = [journal(tmp_path, str(seed), seed=seed) for seed in (1, 2)]
    merged = merge_runs(paths).report()
    jsonschema.validate(merged, report_schema())
    origins = merged["loadkit"]["merged"]["runs"]
    assert sorted((run["run"], run["seed"], run["elapsed_s"]) for run in origins) == [
        (str(paths[0]), 1, 6.0),
        (str(paths[1]), 2, 6.0),
    ]


def test_only_merges_of_the_same_kind_are_comparable(tmp_path: Path) -> None:
    paths = [journal(tmp_path, str(seed), seed=seed, began=1_700_000_000 + seed / 10) for seed in (1, 2, 3)]
    ids = [section(some)["fingerprint"]["id"] for some in (paths[:2], paths[1:], paths)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("apart_s", [1.0, 3.0, 5.0])
def test_runs_that_overlap_by_half_are_refused(tmp_path: Path, apart_s: float) -> None:
    paths = [journal(tmp_path, "a", seed=1), journal(tmp_path, "b", seed=2, began=1_700_000_000 + apart_s)]
    if apart_s == 1.0:
        assert merge_runs(paths).how == "side by side"
        return
    with pytest.raises(UsageError, match="neither side by side nor one after another"):
        merge_runs(paths)


def test_another_plan_is_refused(tmp_path: Path) -> None:
    other = plan_of(2, TEXT.replace("/products", "/cart"))
    with pytest.raises(UsageError, match="cannot be merged: they ran different plans"):
        merge_runs([journal(tmp_path, "a", seed=1), journal(tmp_path, "b", seed=2, plan=other)])


def test_the_same_run_twice_is_refused(tmp_path: Path) -> None:
    path = journal(tmp_path, "a", seed=1)
    with pytest.raises(UsageError, match="are the same run; name each once"):
        merge_runs([path, path])


def test_with_an_invalid_run_the_whole_is_invalid(tmp_path: Path) -> None:
    found = section([journal(tmp_path, "a", seed=1), journal(tmp_path, "b", seed=2, measurement=invalid())])
    assert (found["measurement"]["status"], found["exit_code"]) == ("invalid", 5)
    assert found["measurement"]["reasons"][0].startswith(f"{tmp_path}/b: 12% of the arrivals started late")
    assert {verdict["status"] for verdict in found["verdicts"]} == {"invalid"}
    assert found["judged"]["requests"] == 80


def test_a_run_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = journal(tmp_path, "a", seed=1)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UsageError, match="its journal is damaged"):
        merge_runs([path, journal(tmp_path, "b", seed=2)])


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello, world")
    with pytest.raises(JournalError, match="is not a journal"):
        merge_runs([tmp_path / "x", journal(tmp_path, "b", seed=2)])
