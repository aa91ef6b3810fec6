"""Objectives over time, second by second: each kind of window against its definition, written out again."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.expression import Objective
from loadkit.slo.selection import Stretch
from loadkit.slo.threshold import parse_thresholds
from loadkit.slo.watch import Watch, Watches
from loadkit.slo.window import Breaches

S = 10**9
MS = 10**6
Second = tuple[int, int]
"""Requests, and how many of them failed."""


def objective(**keys: Any) -> Objective:
    made = parse_thresholds([{"expr": "http.error_rate < 50%", **keys}])
    assert not made.faults
    return made.objectives[0]


def phase(index: int, start_s: float, end_s: float, name: str = "", **keys: Any) -> Stretch:
    return Stretch(
        index=index, name=name or f"phase {index}", start_ns=round(start_s * S), end_ns=round(end_s * S), **keys
    )


def snapshot(index: int, counters: dict[tuple[str, str], int], *, phase: int = 0, late_ns: int = 300_000) -> Snapshot:
    """The interval that ends with a second, a little after it, as workers tell it."""
    start_ns = index * S + late_ns if index else 0
    end_ns = (index + 1) * S + late_ns
    return Snapshot.of_parts(start_ns, end_ns, {(phase, "a"): Snapshot(start_ns, end_ns, counters)})


def errors(index: int, requests: int, failed: int, *, name: str = "/", phase: int = 0) -> Snapshot:
    return snapshot(
        index, {("http.requests", name): requests, ("http.responses", name): requests - failed}, phase=phase
    )


def followed(wanted: Objective, snapshots: Iterable[Snapshot], stretches: Sequence[Stretch] = ()) -> Breaches:
    watch = Watch(wanted, stretches or (phase(0, 0, 1000, last=True),))
    for one in snapshots:
        watch.add(one)
    return watch.track(wanted.label).breaches


def course(text: str, **keys: Any) -> Breaches:
    """What is found in a course of seconds: `.` good, `x` bad, ` ` without requests."""
    failed = {".": (10, 0), "x": (10, 10), " ": (0, 0)}
    return followed(objective(**keys), [errors(i, *failed[one]) for i, one in enumerate(text)])


@pytest.mark.parametrize(
    ("text", "keys", "failed_s"),
    [
        ("..xx..xxx.", {"for": "3s"}, 9),
        ("..xx..xx..", {"for": "3s"}, None),
        (".x x x x x", {"for": "2s"}, None),  # a second without samples ends the row
        ("xxx", {"for": "3s"}, 3),
        ("...xx", {"over": "3s"}, 5),
        ("...x..x..x", {"over": "3s"}, None),
        ("xx........", {"over": "3s"}, 3),  # not judged before it is full
        ("xx........", {"over": "4s"}, 4),
        ("x.........", {"over": "3s"}, None),
        ("x.........", {"within": "3s"}, 1),  # judged before it is full
        (".x........", {"within": "3s"}, 2),
        ("..xx......", {"within": "3s"}, 4),
        ("     xx", {"over": "5s"}, 6),  # what is empty does not dilute
        ("", {"within": "1s"}, None),
        ("xxxx....xx", {"for": "2s", "after": "4s"}, 10),
        ("xxxxx...", {"for": "2s", "after": "4s"}, None),
        ("xxxx....xx", {"over": "2s", "after": "3s"}, 5),  # 4th and 5th second
        ("xxxx....", {"over": "2s", "after": "4s"}, None),
        ("....", {"abort": True}, None),
        ("..xx", {"abort": True}, 4),
        ("xx..", {"abort": True}, 1),
        ("xx......xxxxxxx", {"abort": True, "after": "2s"}, 14),
        (".x", {"abort": True, "min_samples": 20}, 2),
        ("x....", {"abort": True, "min_samples": 30}, None),
        ("xx....", {"for": "2s", "min_samples": 11}, None),
    ],
)
def test_when_an_objective_fails(text: str, keys: dict[str, Any], failed_s: int | None) -> None:
    assert course(text, **keys).failed_s == failed_s


def test_what_was_found_is_counted() -> None:
    found = course("..xx..xxx. x", **{"for": "3s"})

    assert (found.judged, found.bad, found.row) == (11, 6, 3)
    assert (found.first_bad_s, found.failed_s, found.at_failure) == (3, 9, 1.0)
    assert (found.worst, found.worst_s, found.samples) == (1.0, 3, 10)


SECONDS = st.lists(st.integers(0, 4).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=20)


def rate(seconds: Sequence[Second]) -> float | None:
    requests = sum(requests for requests, _ in seconds)
    return sum(failed for _, failed in seconds) / requests if requests else None


def bad(value: float | None) -> bool:
    return value is not None and not value < 0.5


@settings(max_examples=150, deadline=None)
@given(seconds=SECONDS, width=st.integers(1, 5), after=st.integers(0, 4), least=st.integers(0, 6))
def test_windows_are_what_their_definition_says(seconds: list[Second], width: int, after: int, least: int) -> None:
    """For each second t the window is seconds[max(after, t - width):t], judged anew from the raw numbers."""
    keys = {"after": after, **({"min_samples": least} if least else {})}
    snapshots = [errors(index, *one) for index, one in enumerate(seconds)]
    ends = range(after + 1, len(seconds) + 1)
    windows = {t: seconds[max(after, t - width) : t] for t in ends}
    enough = {t: sum(n for n, _ in window) >= least for t, window in windows.items()}
    is_bad = {t: bad(rate(window)) and enough[t] for t, window in windows.items()}
    alone = {t: bad(rate(seconds[t - 1 : t])) and seconds[t - 1][0] >= least for t in ends}
    rows = [t for t in ends if t - width >= after and all(alone[u] for u in range(t - width + 1, t + 1))]

    full = [t for t in ends if t - after >= width and is_bad[t]]
    some = [t for t in ends if is_bad[t]]
    for key, failing in (("for", rows), ("over", full), ("within", some)):
        found = followed(objective(**{key: width}, **keys), snapshots)
        assert found.failed_s == (failing[0] if failing else None), key
        if key != "for":
            assert found.bad == len(failing)


@settings(max_examples=60, deadline=None)
@given(seconds=st.lists(st.lists(st.integers(1, 400), max_size=5), min_size=1, max_size=12), width=st.integers(1, 4))
def test_a_percentile_is_that_of_all_values_in_the_window(seconds: list[list[int]], width: int) -> None:
    snapshots = []
    for index, values in enumerate(seconds):
        made = snapshot(index, {})
        if values:
            made.histograms["http.response_time", "/"] = Histogram()
            made.histograms["http.response_time", "/"].record(np.array(values) * MS)
        snapshots.append(made)
    found = followed(objective(expr="http.response_time.p50 < 200ms", within=width), snapshots)

    medians = []
    for t in range(1, len(seconds) + 1):
        values = sorted(value for second in seconds[max(0, t - width) : t] for value in second)
        if values:
            medians.append((t, values[(len(values) + 1) // 2 - 1]))
    failing = [t for t, median in medians if not median * MS < 200 * MS]
    assert found.failed_s == (failing[0] if failing else None)
    assert found.judged == len(medians)
    if medians:
        assert found.worst == pytest.approx(max(median for _, median in medians) * MS, rel=0.001)


@pytest.mark.parametrize(
    ("expr", "values", "worst"),
    [
        ("http.requests < 5", (1, 9, 3), 9),
        ("http.requests >= 5", (7, 2, 9), 2),
        ("http.requests == 5", (4, 5, 9), 9),
        ("http.requests != 5", (9, 4, 1), 4),
    ],
)
def test_the_worst_value_lies_furthest_to_the_wrong_side(expr: str, values: tuple[int, ...], worst: int) -> None:
    seconds = [errors(index, value, 0) for index, value in enumerate(values)]
    assert followed(objective(expr=expr, **{"for": 1}), seconds).worst == worst


def test_a_rate_is_that_of_the_window() -> None:
    seconds = [errors(index, requests, 0) for index, requests in enumerate((10, 20, 30, 40))]
    found = followed(objective(expr="http.request_rate > 0", over="2s"), seconds)

    assert (found.worst, found.judged) == (pytest.approx(15, rel=0.001), 3)


WARM, LOAD, REST, PEAK = (
    phase(0, 0, 2, judged=False),
    phase(1, 2, 5.5, "load"),
    phase(2, 5.5, 8, pause=True),
    phase(3, 8, 11, "peak", last=True),
)
PHASES = (WARM, LOAD, REST, PEAK)


def in_phases(requests: Sequence[int]) -> list[Snapshot]:
    of = [0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3]
    return [errors(i, n, n, phase=of[i]) for i, n in enumerate(requests)]


def test_no_traffic_in_warm_up_a_pause_or_after_the_end_is_no_failure() -> None:
    seconds = in_phases([1, 1, 9, 9, 9, 5, 0, 0, 9, 9, 9, 1, 0])
    found = followed(objective(expr="http.requests >= 9", **{"for": "1s"}), seconds, PHASES)

    assert (found.judged, found.bad) == (6, 0)  # seconds 3 to 5 and 9 to 11


def test_a_window_of_counts_does_not_reach_across_a_pause() -> None:
    seconds = in_phases([0, 0, 1, 1, 1, 0, 0, 0, 7, 7, 7, 0, 0])
    found = followed(objective(expr="http.requests < 9", over="2s"), seconds, PHASES)

    assert (found.judged, found.failed_s) == (4, 10)


def test_late_failures_count_after_the_last_phase() -> None:
    found = followed(objective(**{"for": "2s"}), in_phases([0] * 11 + [3, 3]), PHASES)

    assert found.failed_s == 13


def test_a_phase_is_judged_from_its_start_and_on_its_own_requests() -> None:
    seconds = in_phases([9] * 13)
    found = followed(objective(within="2s", scope="phase peak", after="1s"), seconds, PHASES)

    assert (found.first_bad_s, found.judged) == (10, 4)


def test_warm_up_is_not_judged() -> None:
    found = followed(objective(within="2s"), in_phases([5, 5] + [0] * 8), PHASES)

    assert found.judged == 0


def test_each_name_has_a_course_of_its_own() -> None:
    watch = Watch(objective(**{"for": "2s"}, scope="each"), (phase(0, 0, 9),))
    for index in range(4):
        both = errors(index, 4, 4 if index > 1 else 0, name="/a")
        both.merge(errors(index, 4, 0, name="/b"))
        watch.add(both)

    assert {label: track.breaches.failed_s for label, track in watch.tracks.items()} == {"/a": 4, "/b": None}


def test_what_comes_after_the_last_whole_second_belongs_to_no_window() -> None:
    good, rest = errors(0, 4, 0), errors(1, 4, 4)
    rest.end_ns = S + S // 2

    assert followed(objective(within="5s"), [good, rest]).judged == 1


def test_an_interval_that_came_late_stands_for_all_its_seconds() -> None:
    late = errors(1, 8, 8)
    late.end_ns = 4 * S + 1

    assert followed(objective(**{"for": "3s"}), [errors(0, 4, 0), late]).failed_s == 4


def test_without_a_window_the_rest_of_the_run_counts() -> None:
    watch = Watch(objective(after="1s"), (phase(0, 0, 9, last=True),))
    last = errors(2, 5, 0)
    last.end_ns = 2 * S + S // 2
    for one in (errors(0, 100, 100), errors(1, 5, 4), last):
        watch.add(one)
    watch.finish()

    assert watch.value(watch.track(None)).value == 0.4
    assert watch.duration_s == 1.5


def test_memory_does_not_grow_with_the_run() -> None:
    watch = Watch(objective(over="5s", scope="each"), (phase(0, 0, 10_000, last=True),))
    held = []
    tracemalloc.start()
    try:
        for index in range(600):
            watch.add(errors(index, 10 + index % 3, index % 5, name=f"/{index % 4}"))
            if index in (99, 599):
                held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()

    assert held[1] < 1.2 * held[0]


def test_the_first_that_failed_ends_the_run() -> None:
    entries = [
        {"expr": "http.error_rate < 50%", "for": "3s", "abort": True},
        {"expr": "http.error_rate < 50%", "within": "1s"},
        {"expr": "http.requests < 19", "abort": True},
        "http.requests < 1",
    ]
    watches = Watches(parse_thresholds(entries).objectives, (phase(0, 0, 9),))
    aborts = []
    for index in range(4):
        watches.add(errors(index, 6, 6))
        aborts.append(watches.abort())

    assert aborts[:2] == [None, None]
    assert aborts[2] is not None
    assert (aborts[2].objective_text, aborts[2].second) == ("http.error_rate < 50%", 3)
    assert aborts[3] == aborts[2]
    assert watches.of(3) is None
