"""What the report says of phases, scenarios and intervals."""

from typing import Any

from loadkit.engine.ending import Course, Ending
from loadkit.engine.result import RunResult
from loadkit.metrics.snapshot import Snapshot
from loadkit.units import NS_PER_S
from tests.support.results import report_of
from tests.unit.metrics.test_track import part
from tests.unit.scenario.test_compile import plan_of

PHASES = [
    {"name": "warm", "duration": 5, "arrivalRate": 100, "warmup": True},
    {"pause": 5},
    {"name": "load", "duration": 110, "arrivalRate": 100},
]
FLOW: list[Any] = [{"get": {"url": "/"}}]
SCENARIOS = [
    {"name": "browse", "weight": 3, "flow": FLOW},
    {"name": "buy", "flow": FLOW},
    {"name": "browse", "weight": 2, "flow": FLOW},
]


def conclude(*, phases: list[Any] | None = None, thresholds: tuple[Any, ...] = ()) -> RunResult:
    """A run of two scenarios whose warm-up is slow and fails."""
    plan = plan_of({"phases": phases or PHASES, "thresholds": list(thresholds)}, SCENARIOS)
    course = Course(plan, workers=1, started_at=1_700_000_000.0)
    for number in range(plan.duration_ns // NS_PER_S):
        phase = next(one for one in plan.phases if one.start_ns <= number * NS_PER_S < one.end_ns)
        parts = {}
        if not hasattr(phase.workload, "planned") or phase.workload.planned:
            for name, requests in (("browse", 75), ("buy", 25)):
                made = part(ms=500 if phase.warmup else 20, requests=requests, failed=phase.warmup, seed=number)
                for word in ("created", "completed"):
                    made.counters[f"vusers.{word}", name] = requests
                parts[phase.index, name] = made
        course.add(Snapshot.of_parts(number * NS_PER_S, (number + 1) * NS_PER_S, parts))
    return course.conclude(Ending(elapsed_s=plan.duration_ns / NS_PER_S))


RUN = conclude(thresholds=("http.response_time.p95 < 250ms",))
REPORT = report_of(RUN)
LOADKIT = REPORT["loadkit"]


def test_each_phase_says_what_it_came_to() -> None:
    warm, pause, load = LOADKIT["phases"]
    assert (warm["requests"], warm["active_s"], warm["request_rate"], warm["codes"]) == (500, 5, 100, {"503": 10})
    assert (pause["requests"], pause["kind"], "response_time_ms" in pause) == (0, "pause", False)
    assert (load["requests"], load["responses"], load["codes"], load["warmup"]) == (11_000, 11_000, {}, False)
    assert load["vusers"] == {"created": 11_000, "completed": 11_000, "failed": 0}
    assert warm["response_time_ms"]["p50"] > 10 * load["response_time_ms"]["p50"]


def test_each_scenario_says_what_it_came_to_without_warm_up() -> None:
    browse, buy = LOADKIT["scenarios"]
    assert (browse["name"], browse["weight"], browse["requests"]) == ("browse", 5, 75 * 110)
    assert (buy["requests"], buy["vusers"]["created"], buy["active_s"], buy["request_rate"]) == (2750, 2750, 110, 25)


def test_what_is_judged_stands_beside_the_aggregate_of_all() -> None:
    assert LOADKIT["judged"]["requests"] == 11_000
    assert REPORT["aggregate"]["counters"]["http.requests"] == 11_500
    assert REPORT["aggregate"]["rates"]["http.request_rate"] == 95.83  # over 120 s, as the whole run took


def test_percentiles_have_their_intervals() -> None:
    found = {(row["metric"], row["label"], row["phase"], row["scenario"]): row for row in LOADKIT["intervals"]}
    whole = found["http.response_time.p95", None, None, None]
    assert whole["low_ms"] < whole["value_ms"] < whole["high_ms"]
    assert whole["value_ms"] == LOADKIT["judged"]["response_time_ms"]["p95"]
    assert (whole["certified"], whole["samples"], whole["steady_s"]) == (True, 11_000, 110)
    assert found["http.response_time.p95", "/", None, None]["value_ms"] == whole["value_ms"]
    assert found["http.response_time.p95", None, 0, None]["value_ms"] > 500
    assert ("http.response_time.p95", None, None, "buy") in found


def test_a_verdict_carries_its_interval_in_the_unit_of_its_value() -> None:
    (verdict,) = LOADKIT["verdicts"]
    assert verdict["low"] < verdict["observed"] < verdict["high"] < verdict["limit"]
    assert verdict["note"] == ""
