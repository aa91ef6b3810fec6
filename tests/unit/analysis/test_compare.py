"""A run beside its baseline: what is said, what blocks, and what is refused."""

from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from loadkit.analysis.compare import Comparison, SeriesComparison, Settings, compare
from loadkit.analysis.policy import BlockOn, OnInconclusive
from loadkit.analysis.series import Advice
from loadkit.errors import ExitCode
from loadkit.report.interventions import interventions_data
from loadkit.report.schema import report_schema
from tests.support.compared import baseline, name_of, run_of
from tests.support.interventions import BEGUN, PAUSED, STOPPED


def p95(found: Comparison, name: str | None = "/buy") -> SeriesComparison:
    return next(one for one in found.series if one.name == name and one.percentile == "p95" and one.of == "good")


def compared(p95_ms: float, *, k: int = 5, settings: Settings | None = None, **figures: Any) -> Comparison:
    steady_s = figures.pop("steady_s", 180)
    return compare(
        run_of(name_of(p95=p95_ms, **figures), steady_s=steady_s), baseline(k, steady_s=steady_s), settings, name="main"
    )


@pytest.mark.parametrize(
    ("ms", "verdict", "severity", "blocked"),
    [
        (200, "inconclusive", None, False),  # ±11 %: a regression of 10 % is not excluded
        (130, "improvement", None, False),
        (236, "regression", "minor", False),
        (270, "regression", "major", False),
        (320, "regression", "critical", True),
    ],
)
def test_severity_follows_the_change(ms: float, verdict: str, severity: str | None, blocked: bool) -> None:
    found = compared(ms)
    assert (found.verdict, found.severity, found.blocked) == (verdict, severity, blocked)
    assert found.exit is (ExitCode.REGRESSION if blocked else ExitCode.PASS)
    seen = p95(found)
    assert seen.ratio == pytest.approx(ms / 200 - 1, abs=0.01)
    assert seen.low is not None
    assert seen.high is not None
    assert seen.low < seen.ratio < seen.high
    assert seen.baseline_runs == 5


def quiet(ms: float, *, k: int = 5, steady_s: int = 180, settings: Settings | None = None) -> Comparison:
    """A comparison with so little noise that ten percent can be excluded."""
    settings = settings or Settings(noise_floor=0.01)
    new = run_of(name_of(p95=ms, error=0.005), steady_s=steady_s)
    return compare(new, baseline(k, error=0.005, steady_s=steady_s), settings)


def test_a_pass_excludes_a_regression() -> None:
    found = quiet(202)
    seen = p95(found)
    assert (found.verdict, seen.verdict) == ("pass", "pass")
    assert seen.high is not None
    assert seen.high < 0.10


def test_slower_but_within_what_is_called_noise_is_noted() -> None:
    found = quiet(217)
    assert (found.verdict, p95(found).verdict) == ("pass", "within_noise_but_slower")
    assert p95(found).severity is None


def test_short_runs_certify_nothing() -> None:
    found = quiet(202, steady_s=99)
    assert found.verdict == "inconclusive"
    assert p95(found).advice == Advice(seconds=100)
    assert p95(found).note == "nothing found, but 99 s certify nothing"


def test_ten_seconds_are_enough_to_find_a_regression_and_nine_are_not() -> None:
    assert quiet(320, steady_s=10).blocked
    found = quiet(320, steady_s=9)
    assert (found.verdict, found.exit) == ("unresolved", ExitCode.PASS)
    assert "10 s are needed" in found.reason


def test_without_an_interval_nothing_is_said() -> None:
    new = run_of(name_of(p95=900, error=float("inf"), note="not enough samples: p95 needs at least 59, has 12"))
    found = compare(new, baseline())
    assert found.verdict == "unresolved"
    assert "needs at least 59" in found.reason


def test_with_the_lower_end_alone_a_regression_is_found_and_nothing_excluded() -> None:
    """A run of 300 requests may not tell the upper end of its p95, and still be certainly slower."""
    note = "not enough samples: 300 are worth 120 independent ones, too few to enclose p95"
    short = baseline(steady_s=12, open_above=True, note=note)
    slow = compare(run_of(name_of(p95=330, open_above=True, note=note), steady_s=12), short)
    assert (slow.verdict, slow.severity, slow.blocked) == ("regression", "critical", True)
    same = compare(run_of(name_of(p95=200, open_above=True, note=note), steady_s=12), short)
    assert (same.verdict, same.exit) == ("unresolved", ExitCode.PASS)
    assert same.reason == note
    long = compare(run_of(name_of(p95=120, open_above=True, note=note)), baseline())
    assert p95(long).verdict == "unresolved"


def test_few_baseline_runs_block_only_what_is_certainly_critical() -> None:
    assert not compared(330, k=2).blocked
    assert compared(330, k=3).blocked
    certain = compared(500, k=2)
    assert certain.blocked
    assert "2 baseline runs" in certain.notes[0]


def test_block_on_moves_with_what_must_be_certain() -> None:
    def at(block_on: BlockOn, ms: float) -> bool:
        return quiet(ms, settings=Settings(noise_floor=0.01, block_on=block_on)).blocked

    assert [at(BlockOn.MINOR, ms) for ms in (204, 226)] == [False, True]
    assert [at(BlockOn.MAJOR, ms) for ms in (226, 250)] == [False, True]
    assert [at(BlockOn.CRITICAL, ms) for ms in (250, 320)] == [False, True]
    assert not at(BlockOn.NONE, 900)


def test_a_difference_that_nobody_waits_for_is_no_regression() -> None:
    """0.95 ms more of 2 ms are 47 %, and less than the practical floor of 1 ms."""
    new = run_of(name_of(p95=2.95, error=0.02))
    seen = p95(compare(new, baseline(p95=2.0, error=0.005), Settings(noise_floor=0.01)))
    assert (seen.verdict, seen.note) == ("within_noise_but_slower", "less than 1 ms")
    slightly = p95(
        compare(run_of(name_of(p95=2.5, error=0.02)), baseline(p95=2.0, error=0.005), Settings(noise_floor=0.01))
    )
    assert (slightly.verdict, slightly.note) == ("pass", "not even +31% is more than 1 ms")


def test_the_generators_own_lag_is_part_of_the_floor() -> None:
    new = run_of(name_of(p95=240, error=0.005), lag_ms=60.0)
    seen = p95(compare(new, baseline(error=0.005), Settings(noise_floor=0.01)))
    assert (seen.verdict, seen.note) == ("pass", "not even +23% is more than 60 ms")


def test_runs_that_differ_among_themselves_widen_the_interval() -> None:
    steady = compared(236)
    wild = [run_of(name_of(p95=200 * factor), seed=20 + n) for n, factor in enumerate((0.8, 1.2, 1.0, 0.85, 1.25))]
    found = compare(run_of(name_of(p95=236)), wild)
    assert steady.verdict == "regression"
    assert found.verdict == "inconclusive"
    advice = p95(found).advice
    assert advice is not None
    assert advice.runs is not None  # longer runs would not help


def test_one_slow_endpoint_of_many_has_to_be_surer() -> None:
    names = [name_of(f"/{n}") for n in range(10)]
    slower = [name_of("/0", p95=235), *names[1:]]
    base = [run_of(*names, seed=30 + n) for n in range(5)]
    seen = p95(compare(run_of(*slower), base), "/0")
    assert seen.p_value is not None
    assert seen.p_value < 0.05 < (seen.p_adjusted or 0)
    assert (seen.verdict, seen.note) == ("inconclusive", "not significant among so many comparisons")


def test_a_name_with_little_traffic_only_informs() -> None:
    names = [name_of("/buy"), name_of("/rare", requests=400)]
    slower = [name_of("/buy"), name_of("/rare", requests=400, p95=500)]
    found = compare(run_of(*slower), [run_of(*names, seed=30 + n) for n in range(5)])
    seen = p95(found, "/rare")
    assert (seen.verdict, seen.severity, seen.gated, seen.blocked) == ("regression", "critical", False, False)
    assert found.verdict == "inconclusive"
    assert not found.blocked


def test_errors_come_before_latencies() -> None:
    """Nine requests of ten fail fast: whoever is left is quick, and that is no improvement."""
    found = compare(run_of(name_of(p95=50, errors=9_000)), baseline())
    assert (found.verdict, found.severity, found.blocked) == ("regression", "critical", True)
    assert p95(found).verdict == "invalid"
    assert "90 points" in p95(found).note
    every = [one for one in found.series if one.of == "every"]
    assert {one.percentile for one in every} == {"p50", "p95", "p99"}
    assert not any(one.gated for one in every)


@pytest.mark.parametrize(
    ("errors", "verdict", "severity", "blocked"),
    [
        (0, "inconclusive", None, False),
        (4, "inconclusive", None, False),
        (40, "regression", "minor", False),
        (300, "regression", "major", False),
        (700, "regression", "critical", True),
    ],
)
def test_more_errors_are_a_regression(errors: int, verdict: str, severity: str | None, blocked: bool) -> None:
    found = compare(run_of(name_of(errors=errors)), baseline())
    assert (found.verdict, found.severity, found.blocked) == (verdict, severity, blocked)


def test_errors_in_one_burst_count_less() -> None:
    burst = compare(run_of(name_of(errors=40, clustering=40.0)), baseline())
    assert burst.verdict == "inconclusive"


def test_errors_that_vary_from_run_to_run_count_less() -> None:
    base = [run_of(name_of(errors=errors), seed=40 + n) for n, errors in enumerate((0, 60, 5, 80, 0))]
    assert compare(run_of(name_of(errors=90)), base).verdict == "inconclusive"
    even = [run_of(name_of(errors=29), seed=40 + n) for n in range(5)]
    assert compare(run_of(name_of(errors=90)), even).verdict == "regression"


def test_no_errors_in_both_says_below_what_they_are() -> None:
    found = compare(run_of(name_of()), baseline())
    assert {one.note for one in found.errors} == {"no errors in both, so below 0.03 %"}


def test_fewer_errors_leave_the_question_of_latencies_open() -> None:
    found = compare(run_of(name_of()), baseline(errors=500))
    assert found.verdict == "inconclusive"
    assert "not compared" in found.reason
    assert found.errors[0].verdict == "improvement"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"measurement": {"status": "invalid", "reasons": ["late"], "notes": []}}, "INVALID (late)"),
        ({"signal": "SIGINT"}, "ended early by SIGINT"),
        ({"interventions": interventions_data(STOPPED)}, "stopped early by dashboard, so the load was another"),
        (
            {"interventions": interventions_data(PAUSED)},
            "people changed its load (paused 750ms at 0:00 by keyboard)",
        ),
        ({"aborted_by": {"objective": "http.error_rate < 1%", "second": 3}}, "ended early by `http.error_rate < 1%`"),
        ({"fingerprint": {"target": "http://other.example"}}, "target differs (http://shop.example -> http://other"),
        (
            {"fingerprint": {"host": "Linux arm64, 3 cpus"}},
            "host differs (Linux x86_64, 2 cpus -> Linux arm64, 3 cpus)",
        ),
        ({"fingerprint": {"scenario": "77777777"}}, "scenario differs (shop.yaml 5a5a5a5a -> shop.yaml 77777777)"),
        (
            {"fingerprint": {"phases": "88888888"}},
            "phases differ (1 of 20 s in all, 6b6b6b6b -> 1 of 20 s in all, 8888",
        ),
    ],
)
def test_what_cannot_be_compared_has_not_passed(fields: dict[str, Any], reason: str) -> None:
    found = compare(run_of(name_of(), **fields), baseline())
    assert (found.verdict, found.exit) == ("invalid", ExitCode.INVALID_MEASUREMENT)
    assert reason in found.reason


def test_a_run_that_somebody_let_begin_is_like_any_other() -> None:
    found = compare(run_of(name_of(), interventions=interventions_data(BEGUN)), baseline())
    assert found.exit is ExitCode.PASS


def test_baseline_runs_whose_load_was_changed_are_left_out() -> None:
    runs = baseline(4)
    runs[0]["loadkit"]["interventions"] = interventions_data(PAUSED)
    (left,) = compare(run_of(name_of()), runs).left_out
    assert left.reason == "people changed its load (paused 750ms at 0:00 by keyboard)"


def test_a_difference_that_is_asked_for_is_noted() -> None:
    new = run_of(name_of(), fingerprint={"target": "http://other.example"})
    found = compare(new, baseline(), Settings(across=frozenset({"target"})))
    assert found.verdict == "inconclusive"
    assert found.notes == ("compared although target differs (http://shop.example -> http://other.example)",)


def test_runs_that_did_not_pass_are_no_baseline() -> None:
    good, bad = baseline(3), baseline(5)[3:]
    bad[0]["loadkit"]["exit_code"] = 3
    bad[1]["loadkit"]["measurement"]["status"] = "invalid"
    found = compare(run_of(name_of()), [*good, *bad, good[0]])
    assert len(found.runs) == 3
    assert [left.reason for left in found.left_out] == [
        "it did not pass (exit code 3)",
        "its measurement is INVALID ()",
        "it is given twice",
    ]


def test_a_run_is_not_its_own_baseline() -> None:
    new = run_of(name_of())
    found = compare(new, [new])
    assert (found.verdict, found.exit) == ("invalid", ExitCode.INVALID_MEASUREMENT)
    assert "it is the run itself" in found.reason


def test_reports_of_others_are_refused() -> None:
    assert "no loadkit report" in compare({"aggregate": {}}, baseline()).reason
    found = compare(run_of(name_of()), [{"loadkit": {"versions": {"loadkit": "0.1.0"}}}])
    assert "made by loadkit 0.1.0, which measured nothing to compare" in found.reason


@pytest.mark.parametrize("damage", [{}, {"steady_s": 9}, {"steady_s": 9, "lag_p99_ms": 0, "series": [{}]}, None, 3])
def test_damaged_reports_are_refused(damage: Any) -> None:
    report = run_of(name_of())
    report["loadkit"]["measures"] = damage
    found = compare(report, baseline())
    assert found.verdict == "invalid"
    assert "its report is damaged" in found.reason
    assert "its report is damaged" in compare(run_of(name_of(), seed=2), [report]).reason


def test_what_could_have_been_found_is_always_said() -> None:
    seen = p95(compared(200))
    assert seen.detectable is not None
    assert 0.10 < seen.detectable < 0.35
    assert seen.resolution is not None
    assert seen.resolution < seen.detectable


def test_an_open_result_fails_where_that_is_asked_for() -> None:
    settings = Settings(on_inconclusive=OnInconclusive.FAIL)
    assert compared(200, settings=settings).exit is ExitCode.REGRESSION
    assert compared(200).exit is ExitCode.PASS


def test_a_comparison_fits_the_schema_of_reports() -> None:
    new = run_of(name_of(p95=320, errors=20))
    for found in (compare(new, baseline()), compare(new, [new])):
        new["loadkit"]["comparison"] = found.to_data()
        jsonschema.validate(new, report_schema())
        schema = report_schema()["properties"]["loadkit"]["properties"]["comparison"]
        assert set(found.to_data()) == set(schema["properties"])


def test_equal_input_gives_equal_data() -> None:
    made = [compare(run_of(name_of(p95=260)), baseline()).to_data() for _ in range(2)]
    assert made[0] == made[1]
    assert replace(Settings(), noise_floor=0.1) != Settings()
