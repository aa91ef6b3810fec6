"""How thresholds, objectives and checks stand while a run goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loadkit.engine.ending import Course, Ending
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.scenario.settings import Settings
from loadkit.slo.evaluate import Status
from loadkit.slo.standing import Standing
from tests.unit.scenario.test_compile import plan_of

S = 10**9
MS = 10**6
PHASES = [{"duration": 5, "arrivalRate": 1, "name": "calm"}, {"duration": 5, "arrivalRate": 1, "name": "peak"}]
FLOW = [{"get": {"url": "/a"}}, {"get": {"url": "/b"}}]
LATE = 300_000  # intervals end a little after their second


def course(*thresholds: Any, solo: bool = False, phases: Any = PHASES, **config: Any) -> Course:
    settings = Settings(seed=1, solo=solo)
    wanted = {"phases": phases, "thresholds": list(thresholds), **config}
    return Course(plan_of(wanted, [{"name": "it", "flow": FLOW}], settings=settings), workers=1, started_at=0.0)


def second(index: int, *, failed: int = 0, more: dict[tuple[str, str], int] | None = None) -> Snapshot:
    """A second with ten requests of each name, of which some failed, and more counters."""
    part = Snapshot(index * S, (index + 1) * S + LATE, dict(more or {}))
    for name, took in {"/a": 10, "/b": 20}.items():
        part.counters |= {("http.requests", name): 10, ("http.responses", name): 10 - failed}
        part.counters["http.codes.200", name] = 10 - failed
        times = Histogram()
        times.record(np.full(10 - failed, took * MS))
        part.histograms["http.response_time", name] = times
    return Snapshot.of_parts(part.start_ns, part.end_ns, {(index // 5, "it"): part})


def stand(seen: Course, *seconds: Snapshot) -> list[Standing]:
    for one in seconds:
        seen.add(one)
    return list(seen.standings())


@pytest.mark.parametrize(
    ("text", "observed", "holds"),
    [
        ("http.response_time.p95 < 15ms", "20ms", False),
        ("http.response_time.p95 < 25ms", "20ms", True),
        ('http.response_time.max < 15ms of "/a"', "10ms", True),
        ("http.error_rate < 1%", "20%", False),
        ('http.error_rate < 1% of "/a"', "20%", False),
        ("http.requests > 10", "40", True),
        ("http.request_rate > 15/s", "20/s", True),
        ("http.codes.2xx == 32", "32", True),
        ('http.response_time.p95 < 15ms in scenario "it"', "20ms", False),
        ("http.response_time.count == 32", "32", True),
        ("generator.gc_pause.max < 1ms", "0ns", True),
    ],
)
def test_a_threshold_stands_as_its_value_so_far_says(text: str, observed: str, holds: bool) -> None:
    (one,) = stand(course(text), second(0, failed=2), second(1, failed=2))
    assert (one.text, one.observed, one.holds) == (text, observed, holds)
    assert one.at is not None
    assert one.strict


def test_what_has_no_value_yet_says_so() -> None:
    seen = course("http.response_time.p95 < 15ms", 'http.requests == 0 in phase "peak"', "http.requests >= 0")
    assert [(one.observed, one.holds) for one in stand(seen)] == [("no value yet", None)] * 3
    quiet = Snapshot(0, S)
    assert [one.holds for one in stand(seen, quiet)] == [None, None, True]


def test_a_phase_that_has_not_begun_is_not_judged_and_one_that_ended_keeps_its_value() -> None:
    seen = course('http.error_rate < 1% in phase "calm"', 'http.codes.5xx == 0 in phase "peak"')
    for index in range(5):
        calm, peak = stand(seen, second(index, failed=5))
    assert (calm.holds, calm.observed) == (False, "50%")
    assert (peak.holds, peak.value) == (None, None)
    calm, peak = stand(seen, second(5))
    assert (calm.observed, peak.holds) == ("50%", True)


def test_warm_up_is_left_out() -> None:
    seen = course("http.error_rate < 1%", phases=[{**PHASES[0], "warmup": True}, PHASES[1]])
    for index in range(5):
        (one,) = stand(seen, second(index, failed=5))
        assert one.holds is None
    (one,) = stand(seen, second(5))
    assert (one.observed, one.holds) == ("0%", True)


def test_each_name_stands_by_itself() -> None:
    seen = course("http.response_time.p95 < 15ms each")
    assert [one.text for one in seen.standings()] == ["http.response_time.p95 < 15ms each"]
    found = stand(seen, second(0))
    assert [(one.text, one.holds) for one in found] == [
        ('http.response_time.p95 < 15ms of "/a"', True),
        ('http.response_time.p95 < 15ms of "/b"', False),
    ]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("http.requests > 1000", None),
        ("http.requests >= 1000", None),
        ("http.requests == 1000", None),
        ("http.requests == 5", False),
        ("http.requests < 5", False),
        ("http.requests < 1000", True),
    ],
)
def test_a_count_that_may_still_come_as_far_as_it_is_to_is_open(text: str, holds: bool | None) -> None:
    (one,) = stand(course(text), second(0))
    assert (one.observed, one.holds) == ("20", holds)


def test_a_window_shows_its_last_value_and_stays_failed() -> None:
    seen = course({"expr": "http.error_rate < 10%", "over": "2s"})
    (one,) = stand(seen, second(0))
    assert one.holds is None  # no window is whole yet
    assert one.text == "http.error_rate < 10% over 2 s"  # it may stand beside one of the whole run
    (one,) = stand(seen, second(1, failed=5))
    assert (one.observed, one.holds, one.failed_s) == ("25%", False, 2)
    (one,) = stand(seen, second(2), second(3))
    assert (one.observed, one.holds, one.failed_s) == ("0%", False, 2)


def test_the_beginning_that_is_left_out_is_not_judged() -> None:
    seen = course({"expr": "http.error_rate < 10%", "after": "2s"})
    assert [one.holds for one in stand(seen, second(0, failed=9), second(1, failed=9))] == [None]
    assert [(one.holds, one.observed) for one in stand(seen, second(2))] == [(True, "0%")]


def test_few_samples_decide_nothing_and_a_warning_is_no_failure() -> None:
    seen = course({"expr": "http.error_rate < 10%", "min_samples": 30, "severity": "warning"})
    (one,) = stand(seen, second(0, failed=9))
    assert (one.holds, one.observed, one.strict) == (None, "90%", False)
    (one,) = stand(seen, second(1, failed=9))
    assert one.holds is False


def test_gauges_are_those_of_the_run() -> None:
    seen = course("coordinator.cpu.max < 50%")
    loaded = second(0)
    loaded.gauges["coordinator.cpu", COORDINATOR] = Gauge.seen(S, 0.75)
    assert [(one.observed, one.holds) for one in stand(seen, loaded)] == [("75%", False)]


def test_ensure_stands_beside_thresholds() -> None:
    ensure = {
        "thresholds": [{"http.response_time.p95": 15}],
        "conditions": [{"expression": "http.response_time.p95 < 25 and http.requests > 10", "strict": False}],
    }
    seen = course(ensure=ensure, plugins={"ensure": {}})
    assert [one.holds for one in seen.standings()] == [None, None]
    maximum, condition = stand(seen, second(0))
    assert (maximum.origin, maximum.observed, maximum.holds) == ("ensure", "20ms", False)
    assert (condition.origin, condition.holds, condition.strict) == ("ensure", True, False)


def test_checks_that_fail_stand_red() -> None:
    (one,) = stand(course(), second(0, more={("checks.ok", "/a"): 9, ("checks.failed", "/a"): 1}))
    assert (one.origin, one.observed, one.holds) == ("expect", "1 of 10 checks failed", False)


def test_objectives_stand_by_their_good_events_and_fall_with_their_budget() -> None:
    seen = course(slos=[{"name": "up", "sli": {"availability": True}, "target": "99%", "window": "30d"}])
    (one,) = stand(seen)
    assert (one.text, one.origin, one.holds) == ("slo up", "slo", None)

    (one,) = stand(seen, second(0, more={("slo.up.good", ""): 20}))
    assert (one.observed, one.limit, one.holds) == ("100%", ">= 99%", True)
    (one,) = stand(seen, second(1, more={("slo.up.good", ""): 15, ("slo.up.bad", ""): 5}))
    assert (one.observed, one.holds, one.failed_s) == ("87.5%", False, 2)


def test_one_visit_fails_nobody() -> None:
    (one, *_) = stand(course("http.error_rate < 1%", solo=True), second(0, failed=5))
    assert (one.holds, one.strict) == (False, False)


def test_at_the_end_standings_are_what_verdicts_say() -> None:
    texts = [
        "http.response_time.p95 < 15ms",
        'http.response_time.p95 < 25ms in phase "peak"',
        'http.error_rate < 1% of "/b"',
        "http.request_rate > 1/s",
        "http.response_time.mean < 12ms each",
    ]
    seen = course(*texts)
    for index in range(10):
        seen.add(second(index, failed=index % 3))
    verdicts = seen.conclude(Ending(elapsed_s=10.0)).verdicts
    stood = seen.standings()
    assert [(v.objective_text, v.observed_text, v.status is Status.PASS) for v in verdicts] == [
        (one.text, one.observed, one.holds) for one in stood
    ]


def test_growth_stands_as_it_was_when_it_was_looked_at_last() -> None:
    observe = {"api": {"pid": 1, "required": False}, "warmup": "2s"}
    seen = course(
        "observe.api.rss.growth < 5MB per 500 requests",
        "observe.api.rss.max < 10MB",
        phases=[{"duration": 120, "arrivalRate": 1}],
        observe=observe,
    )
    grown: list[Standing] = []
    for index in range(120):
        made = second(index)
        made = Snapshot.of_parts(made.start_ns, made.end_ns, {(0, "it"): made.parts[(index // 5, "it")]})
        made.gauges["observe.api.rss", COORDINATOR] = Gauge.seen(made.end_ns, index * 1e6)
        seen.add(made)
        grown.append(seen.standings()[0])
    assert (grown[0].holds, grown[0].observed) == (None, "too few samples")
    assert grown[119].holds is False  # 1 MB with every twenty requests
    assert grown[119].observed.endswith("per 500 requests")
    assert grown[119] is grown[111]
    assert seen.standings()[1].holds is False


def test_growth_of_what_was_never_seen_is_open_until_the_end_and_fails_there() -> None:
    observe = {"api": {"pid": 1, "required": False}}
    seen = course("observe.api.rss.growth < 5MB per 1h", observe=observe)
    for index in range(10):
        seen.add(second(index))
    assert seen.standings()[0].holds is None
    (verdict,) = seen.conclude(Ending(elapsed_s=10.0)).verdicts
    assert (verdict.status, verdict.observed_text) == (Status.FAIL, "no samples")
