"""Verdicts on parts of a run, on each name, and over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from loadkit.errors import Severity
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.slo.evaluate import Status, Verdict
from loadkit.slo.judge import judge_objectives
from loadkit.slo.selection import Stretch
from loadkit.slo.threshold import parse_thresholds
from loadkit.slo.validity import Measurement, Validity
from loadkit.slo.watch import Watches
from loadkit.slo.window import Logic, Window

S = 10**9
PHASES = (
    Stretch(index=0, name="calm", start_ns=0, end_ns=2 * S),
    Stretch(index=1, name="peak", start_ns=2 * S, end_ns=6 * S, last=True),
)
INVALID = Measurement(status=Validity.INVALID, reasons=("12% late",))


def part(index: int, requests: int, failed: int, name: str, scenario: str) -> Snapshot:
    counters = {("http.requests", name): requests, ("http.responses", name): requests - failed}
    where = (int(index >= 2), scenario)
    return Snapshot.of_parts(index * S, (index + 1) * S, {where: Snapshot(index * S, (index + 1) * S, counters)})


def run() -> list[Snapshot]:
    """Six seconds: /a fails half of the time in the peak, /b never."""
    return [merge_all([part(i, 10, 5 if i >= 2 else 0, "/a", "buy"), part(i, 30, 0, "/b", "look")]) for i in range(6)]


def judge(
    *entries: Any, seconds: Iterable[Snapshot] | None = None, measurement: Measurement | None = None
) -> list[Verdict]:
    read = parse_thresholds(list(entries))
    assert not read.faults
    watches = Watches(read.objectives, PHASES)
    intervals = run() if seconds is None else list(seconds)
    for interval in intervals:
        watches.add(interval)
    return list(
        judge_objectives(
            read.objectives,
            merge_all(intervals),
            6.0,
            measurement=measurement or Measurement(),
            stretches=PHASES,
            watches=watches,
        )
    )


@pytest.mark.parametrize(
    ("scope", "observed"),
    [
        ("global", 20 / 240),
        ("of /a", 20 / 60),
        ("phase peak", 20 / 160),
        ("phase calm", 0),
        ("scenario buy", 20 / 60),
        ("of /a in phase peak", 20 / 40),
        ("scenario buy phase calm", 0),
    ],
)
def test_a_scope_selects_the_numbers(scope: str, observed: float) -> None:
    (verdict,) = judge({"expr": "http.error_rate < 10%", "scope": scope})

    assert verdict.observed == pytest.approx(observed)
    assert verdict.status is (Status.PASS if observed < 0.1 else Status.FAIL)


def test_a_rate_in_a_phase_is_over_its_time() -> None:
    peak, calm, whole = judge(
        "http.request_rate > 0 in phase peak", "http.request_rate > 0 phase calm", "http.request_rate > 0"
    )

    assert (peak.observed, calm.observed, whole.observed) == (40, 40, 40)


def test_each_name_gets_a_verdict_in_order() -> None:
    verdicts = judge({"expr": "http.error_rate < 10%", "scope": "each", "name": "all well"})

    assert [(one.objective_text, one.scope, one.status) for one in verdicts] == [
        ('http.error_rate < 10% of "/a"', 'of "/a"', Status.FAIL),
        ('http.error_rate < 10% of "/b"', 'of "/b"', Status.PASS),
    ]
    assert {one.name for one in verdicts} == {"all well"}


def test_each_name_is_followed_by_itself() -> None:
    a, b = judge({"expr": "http.error_rate < 10%", "scope": "each", "for": "2s"})

    assert (a.status, b.status) == (Status.FAIL, Status.PASS)
    assert a.breaches is not None
    assert a.breaches.failed_s == 4


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ("http.response_time.p95 < 1s", ["/a", "/b"]),  # each is to have an answer
        ("http.connect.p95 < 1s", ["/a"]),  # a connection is used again
        ("http.response_time.5xx.p95 < 1s", []),
        ("http.codes.5xx == 0", ["/a", "/b"]),
        ("checks.pass_rate >= 99%", ["/b"]),
    ],
)
def test_each_judges_the_names_that_are_to_have_a_value(expr: str, names: list[str]) -> None:
    summary = merge_all(run())
    summary.histograms["http.connect", "/a"] = Histogram()
    summary.histograms["http.connect", "/a"].record(np.array([5]))
    summary.counters |= {("http.codes.200", "/a"): 1, ("checks.ok", "/b"): 1}
    objectives = parse_thresholds([{"expr": expr, "scope": "each"}]).objectives
    verdicts = judge_objectives(objectives, summary, 6.0, measurement=Measurement())

    assert [one.scope for one in verdicts] == ([f'of "{name}"' for name in names] or ["each"])


def test_without_any_name_each_is_one_failure() -> None:
    (verdict,) = judge("http.error_rate < 10% each", seconds=[Snapshot(end_ns=S)])

    assert (verdict.status, verdict.reason) == (Status.FAIL, "no samples: no request was made")


def test_a_window_says_when_it_failed_and_what_was_worst() -> None:
    (verdict,) = judge({"expr": "http.error_rate < 10%", "over": "2s"})

    assert (verdict.status, verdict.window, verdict.limit_text) == (Status.FAIL, Window(Logic.OVER, 2), "< 10%")
    assert (verdict.observed, verdict.observed_text, verdict.samples) == (0.125, "12.5%", 80)
    assert verdict.reason == "failed at 0:04, over 2 s: 12.5%; bad in 3 of 5 seconds"


def test_a_shorter_dip_is_forgiven_and_told() -> None:
    seconds = [part(i, 10, 10 if i in (1, 3, 4) else 0, "/a", "buy") for i in range(6)]
    (verdict,) = judge({"expr": "http.error_rate < 10%", "for": "3s"}, seconds=seconds)

    assert (verdict.status, verdict.reason) == (Status.PASS, "bad for 2 s in a row at most, 3 of 6 seconds")


def test_a_run_shorter_than_the_window_decides_nothing() -> None:
    (verdict,) = judge({"expr": "http.error_rate < 10%", "over": "7s"})

    assert verdict.status is Status.INCONCLUSIVE
    assert verdict.reason == "no window of 7 s was completed where it is judged"


def test_a_window_without_any_sample_in_the_whole_run_fails() -> None:
    (verdict,) = judge({"expr": "http.response_time.p95 < 1s", "over": "1s"})

    assert (verdict.status, verdict.observed) == (Status.FAIL, None)
    assert verdict.reason == "no samples: none of 240 requests got a valid response"


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({}, "60 samples, and min_samples is 61"),
        ({"over": "1s"}, "no window of 1 s held 61 samples"),
        ({"for": "1s"}, "no second held 61 samples"),
        ({"after": "1s"}, "50 samples, and min_samples is 61"),
        ({"abort": True}, "60 samples, and min_samples is 61"),
    ],
)
def test_too_few_samples_decide_nothing(keys: dict[str, Any], reason: str) -> None:
    (verdict,) = judge({"expr": "http.error_rate < 10% of /a", "min_samples": 61, **keys})

    assert (verdict.status, verdict.reason) == (Status.INCONCLUSIVE, reason)


def test_one_sample_is_told_as_one() -> None:
    (verdict,) = judge({"expr": "http.error_rate < 10% of /a", "min_samples": 2}, seconds=[part(0, 1, 0, "/a", "buy")])

    assert (verdict.status, verdict.reason) == (Status.INCONCLUSIVE, "1 sample, and min_samples is 2")


def test_what_comes_before_after_does_not_count() -> None:
    run_on, peak = judge(
        {"expr": "http.error_rate < 12%", "after": "2s"},
        {"expr": "http.request_rate >= 40", "after": "3s", "scope": "phase peak"},
    )

    assert (run_on.status, run_on.observed, run_on.samples) == (Status.FAIL, 20 / 160, 160)
    assert (peak.status, peak.observed, peak.samples) == (Status.PASS, 40, 40)
    assert run_on.breaches is None


@pytest.mark.parametrize("expr", ["http.request_rate > 1", "http.response_time.p95 < 1s"])
def test_a_run_that_ends_before_after_decides_nothing(expr: str) -> None:
    (verdict,) = judge({"expr": expr, "after": "6s"})

    assert (verdict.status, verdict.reason) == (Status.INCONCLUSIVE, "the run ended before it was to be judged")


def test_what_would_have_ended_the_run_has_failed_for_good() -> None:
    seconds = [part(i, 10, 10 if i == 0 else 0, "/a", "buy") for i in range(6)]
    (verdict,) = judge({"expr": "http.error_rate < 50%", "abort": True}, seconds=seconds)

    assert (verdict.status, verdict.observed, verdict.reason) == (Status.FAIL, 1.0, "failed at 0:01")


def test_an_abort_that_never_came_is_judged_at_the_end() -> None:
    (verdict,) = judge({"expr": "http.error_rate < 50%", "abort": True})

    assert (verdict.status, verdict.observed) == (Status.PASS, pytest.approx(20 / 240))


@pytest.mark.parametrize("keys", [{}, {"over": "2s"}, {"over": "9s"}, {"abort": True}, {"after": "1s"}])
def test_nothing_is_judged_of_an_invalid_measurement(keys: dict[str, Any]) -> None:
    (verdict,) = judge({"expr": "http.error_rate < 1%", "min_samples": 10**6, **keys}, measurement=INVALID)

    assert (verdict.status, verdict.reason) == (Status.INVALID, "not judged: the measurement is invalid")


def test_a_warning_fails_no_run() -> None:
    error, warning = judge("http.error_rate < 1%", {"expr": "http.error_rate < 1%", "severity": "warning"})

    assert (error.strict, error.severity) == (True, Severity.ERROR)
    assert (warning.status, warning.strict, warning.severity) == (Status.FAIL, False, Severity.WARNING)


def test_names_and_tags_go_with_the_verdict() -> None:
    (verdict,) = judge({"expr": "http.requests > 1", "name": "alive", "tags": {"team": "shop"}})

    assert (verdict.name, verdict.tags, verdict.scope) == ("alive", {"team": "shop"}, "global")


def test_without_its_course_a_window_decides_nothing() -> None:
    objectives = parse_thresholds([{"expr": "http.error_rate < 1%", "over": "2s"}]).objectives
    (verdict,) = judge_objectives(objectives, merge_all(run()), 6.0, measurement=Measurement(), stretches=PHASES)

    assert verdict.status is Status.INCONCLUSIVE
