import json
from collections.abc import Callable

import numpy as np
import pytest

from loadkit.analysis.trend import LEAST_RUNS, METRICS, Trend, names_of, point_of, trend
from tests.support.histories import run_id, run_report

NOISE = np.random.default_rng(3).normal(0, 0.02, 60)


def history(size: int, value: Callable[[int], float], metric: str = "p95", **choices: object) -> Trend:
    reports = [run_report(number, **{_GIVEN[metric]: value(number)}, **choices) for number in range(size)]  # type: ignore[arg-type]
    points = [point_of(run_id(number), report, metric) for number, report in enumerate(reports)]
    return trend("shop", metric, [point for point in points if point])


_GIVEN = {"p95": "p95_ms", "error_rate": "errors", "request_rate": "requests"}


def noisy(number: int) -> float:
    return float(np.exp(NOISE[number]))


def test_a_step_is_named_with_the_run_that_began_it() -> None:
    found = history(30, lambda number: 200 * noisy(number) * (1.25 if number >= 18 else 1))
    (turn,) = found.turns
    assert (turn.run, turn.previous, turn.grew) == (run_id(18), run_id(17), True)
    assert turn.change == pytest.approx(0.25, abs=0.02)
    assert (turn.before, turn.after) == (pytest.approx(200, rel=0.02), pytest.approx(250, rel=0.02))
    assert turn.p < 0.001
    assert found.note == ""


def test_steady_histories_have_no_turns() -> None:
    assert not history(40, lambda number: 200 * noisy(number)).turns


def test_errors_are_compared_in_points() -> None:
    found = history(30, lambda number: 10 if number < 15 else 260, "error_rate")
    (turn,) = found.turns
    assert (turn.run, turn.change) == (run_id(15), pytest.approx(0.025))
    assert not history(30, lambda number: 10 if number < 15 else 60, "error_rate").turns  # half a point


def test_a_rate_is_that_of_the_time_that_is_judged() -> None:
    found = history(20, lambda number: 10_000 if number < 10 else 8_000, "request_rate")
    assert (found.points[0].value, found.points[-1].value) == (100.0, 80.0)
    assert found.turns[0].change == pytest.approx(-0.2)


def test_few_runs_say_how_many_are_needed() -> None:
    found = history(LEAST_RUNS - 1, lambda number: 200.0 * (1 + number))
    assert found.turns == ()
    assert found.note == "changes are looked for from 12 comparable runs on; there are 11"
    assert history(LEAST_RUNS, lambda number: 200.0 * (1 + (number >= 6))).turns


def test_points_are_put_in_order() -> None:
    points = [point_of(run_id(number), run_report(number), "p50") for number in (2, 0, 1)]
    found = trend("shop", "p50", [point for point in points if point])
    assert [point.run for point in found.points] == [run_id(0), run_id(1), run_id(2)]


@pytest.mark.parametrize("metric", METRICS)
def test_a_name_that_was_not_requested_has_no_value(metric: str) -> None:
    report = run_report(names=["/cart"])
    assert point_of("it", report, metric, "/pay") is None
    assert point_of("it", report, metric, "/cart") is not None
    assert names_of(report) == ["/cart"]


def test_a_percentile_has_its_interval() -> None:
    point = point_of("it", run_report(p95_ms=100.0), "p95")
    assert point is not None
    assert (point.value, point.low, point.high) == (100.0, 97.0, 103.0)


def test_a_report_without_measures_has_no_value() -> None:
    report = run_report()
    del report["loadkit"]["measures"]
    assert point_of("it", report, "p95") is None
    assert names_of(report) == []


def test_a_trend_is_plain_data() -> None:
    found = history(20, lambda number: 200.0 if number < 10 else 300.0)
    data = json.loads(json.dumps(found.to_data()))
    assert (data["metric"], data["unit"], data["of"], data["name"]) == ("p95", "ms", None, "shop")
    assert [run["run"] for run in data["runs"]] == [run_id(number) for number in range(20)]
    assert data["runs"][0]["started_at"] == "2026-01-01T09:00:00.000+00:00"
    assert data["changes"][0]["run"] == run_id(10)
