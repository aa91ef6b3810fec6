"""How long a target takes to recover from a peak, by seconds that never happened."""

from pathlib import Path

import pytest

from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot
from loadkit.scenario.merge import Overrides
from loadkit.scenario.plan import Plan
from loadkit.scenario.reading import read_plan
from loadkit.scenario.recovery import Recovery, RecoveryWatch, peaks
from loadkit.scenario.settings import Settings
from loadkit.units import NS_PER_S
from tests.support.results import failing_second, second

SPIKE = "[{name: rush, duration: 60, arrivalRate: 10, spike: {to: 100, after: 20, hold: 5, rampDown: 5}}]"
LIMIT = '["http.response_time.p95 < 50ms"]'


@pytest.fixture
def read(tmp_path: Path):
    def read_phases(phases: str, thresholds: str = LIMIT) -> Plan:
        path = tmp_path / "rush.yaml"
        path.write_text(
            f"config: {{target: 'http://127.0.0.1:9', phases: {phases}, thresholds: {thresholds}}}\n"
            "scenarios: [{name: browse, flow: [{get: /products}]}]\n"
        )
        return read_plan([path], Overrides(), Settings(seed=1))

    return read_phases


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        (SPIKE, [("rush", 20, 30, None)]),
        ("[{name: a, duration: 9, arrivalRate: 50}, {name: b, duration: 9, arrivalRate: 10}]", [("a", 0, 9, None)]),
        ("[{name: a, duration: 9, users: 50}, {name: b, duration: 9, users: 10}]", [("a", 0, 9, None)]),
        (
            "[{name: a, duration: 9, arrivalRate: 50}, {pause: 3}, {name: b, duration: 9, arrivalRate: 10},"
            " {name: c, duration: 9, arrivalRate: 50}]",
            [("a", 0, 9, 21)],
        ),
        ("[{name: down, duration: 10, arrivalRate: 100, rampTo: 10}, {duration: 9, arrivalRate: 10}]", [("down", 0, 10, None)]),
        ("[{duration: 9, arrivalRate: 10}, {duration: 9, arrivalRate: 10, rampTo: 90}]", []),
        ("[{duration: 9, arrivalRate: 10}, {duration: 9, arrivalRate: 9}]", []),
        ("[{duration: 9, arrivalRate: 90}, {duration: 9, users: 9}]", []),
        ("[{duration: 9, arrivalRate: 90}, {pause: 9}]", []),
    ],
)  # fmt: skip
def test_a_peak_is_where_the_plan_falls_to_two_thirds_or_less(read, phases: str, expected: list[object]) -> None:
    found = [
        (peak.name, peak.begin_ns / NS_PER_S, peak.end_ns / NS_PER_S, peak.until_ns and peak.until_ns / NS_PER_S)
        for peak in peaks(read(phases))
    ]
    assert found == [
        (name, pytest.approx(begin, abs=0.2), pytest.approx(end, abs=0.7), until)
        for name, begin, end, until in expected
    ]


def watched(plan: Plan, times_ms: list[int | Snapshot | None]) -> tuple[Recovery, ...]:
    """Each second's response time; None is one in which nothing was asked."""
    watch = RecoveryWatch(plan)
    for index, ms in enumerate(times_ms):
        begun, ended = index * NS_PER_S, (index + 1) * NS_PER_S
        nothing = Recorder().snapshot(begun, ended)
        watch.add(ms if isinstance(ms, Snapshot) else nothing if ms is None else second(index, ms=ms))
    return watch.found()


def test_recovery_counts_from_the_end_of_the_peak_to_the_first_of_five_good_seconds(read) -> None:
    (found,) = watched(read(SPIKE), [10] * 20 + [500] * 10 + [300, 200, 40, 60, 10, 10, 10, 10, 10, 90, 10])
    assert found.recovered
    assert found.after_s == pytest.approx(
        4, abs=0.7
    )  # 40 ms stays for one second only, and 90 ms comes when it is over
    assert found.worst_ns == pytest.approx(305e6, rel=0.01)  # with the 5 ms until it was sent
    assert (found.name, found.objective, found.limit_ns) == ("rush", "http.response_time.p95 < 50ms", 50e6)
    assert found.watched_s == pytest.approx(11, abs=0.7)


def test_a_target_that_took_no_notice_recovered_at_once(read) -> None:
    (found,) = watched(read(SPIKE), [10] * 60)
    assert found.after_s == pytest.approx(0, abs=0.7)


def test_a_target_that_stays_slow_did_not_recover(read) -> None:
    (found,) = watched(read(SPIKE), [10] * 20 + [500] * 40)
    assert (found.recovered, found.after_s) == (False, None)


def test_seconds_of_failures_are_bad_and_seconds_without_requests_say_nothing(read) -> None:
    failing = [failing_second(index) for index in range(31, 35)]
    (found,) = watched(read(SPIKE), [10] * 31 + failing + [10, 10, None, None, 10])
    assert found.after_s == pytest.approx(5, abs=0.7)


def test_without_a_threshold_it_is_held_against_how_it_was_before(read) -> None:
    (found,) = watched(read(SPIKE, "[]"), [20] * 20 + [500] * 10 + [100, 60] + [40] * 8)
    assert found.after_s == pytest.approx(2, abs=0.7)
    assert "twice" in found.objective


def test_a_run_that_ended_before_the_peak_did_has_nothing_to_tell(read) -> None:
    assert watched(read(SPIKE), [10] * 25) == ()


def test_a_plan_without_a_peak_has_nothing_to_tell(read) -> None:
    assert watched(read("[{duration: 30, arrivalRate: 10}]"), [10] * 30) == ()
