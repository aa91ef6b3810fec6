"""The numbers of a window are those of its seconds merged anew, for every metric and every kind of window."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadkit.metrics.gauge import Gauge
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.slo.evaluate import observe
from loadkit.slo.metric import GAUGES, METRICS, Kind, Scope, Selector, select
from loadkit.slo.rolling import Rolling, extract

S = 10**9
EXAMPLES = {"NNN": "500", "Nxx": "5xx", "NAME": "ECONNREFUSED", "TYPE": "statusCode"}
AGGREGATES = (".p95", ".mean", ".min", ".max", ".count")


def selectors() -> list[Selector]:
    """One of every row of the table, times with several aggregates."""
    names = [re.sub("|".join(EXAMPLES), lambda found: EXAMPLES[found[0]], metric.name) for metric in METRICS]
    kinds = [metric.kind for metric in METRICS]
    rows = zip(names, kinds, strict=True)
    return [select(name + ending) for name, kind in rows for ending in (AGGREGATES if kind is Kind.TIME else ("",))]


def second(random: np.random.Generator, index: int) -> Snapshot:
    """A second in which every metric occurred under two labels, or did not."""
    made = Snapshot(start_ns=index * S, end_ns=(index + 1) * S)
    for selector in selectors():
        for label in ("a", "b"):
            if random.random() < 0.4:
                continue
            if selector.kind is Kind.TIME:
                histogram = made.histograms.setdefault((selector.name, label), Histogram())
                histogram.record(random.integers(0, 10**8, 3))
            name = "http.codes.503" if selector.name == "http.codes.5xx" else selector.name
            if selector.kind not in (Kind.TIME, Kind.RATIO, Kind.RATE) and not selector.aggregate:
                made.counters[name, label] = int(random.integers(1, 9))
        if selector.name.startswith(GAUGES):
            for worker in (0, 1):
                name = selector.name.rpartition(".")[0]
                made.gauges[name, worker] = Gauge.seen(made.end_ns, float(random.random()))
    return made


@pytest.mark.parametrize("label", [None, "a", "never"])
def test_what_is_extracted_gives_the_same_number_as_the_whole(label: str | None) -> None:
    snapshot = second(np.random.default_rng(7), 0)
    for selector in selectors():
        chosen = Selector(**{name: getattr(selector, name) for name in Selector.__slots__} | {"label": label})
        found = extract((snapshot,), chosen)
        assert observe(chosen, found.get(label, Snapshot()), 2.0) == observe(chosen, snapshot, 2.0)


def test_each_name_is_extracted_by_itself() -> None:
    snapshot = second(np.random.default_rng(8), 0)
    snapshot.counters["errors.ECONNREFUSED", ""] = 5  # of the run itself: no request's
    for selector in selectors():
        if selector.scope is Scope.RUN:
            continue  # has no names
        for label, numbers in extract((snapshot,), selector, each=True).items():
            one = Selector(**{name: getattr(selector, name) for name in Selector.__slots__} | {"label": label})
            assert label
            assert observe(one, numbers, 2.0) == observe(one, snapshot, 2.0)


def same(one: Histogram, other: Histogram) -> bool:
    counts = [[part.tolist() for part in histogram.bins()] for histogram in (one, other)]
    fields = [
        (histogram.total, histogram.sum_ns, histogram.min_ns, histogram.max_ns, histogram.clamped)
        for histogram in (one, other)
    ]
    return counts[0] == counts[1] and fields[0] == fields[1]


VALUES = st.lists(st.integers(0, 5 * 10**12), max_size=6)  # up to above one hour, which is clamped


@settings(max_examples=60, deadline=None)
@given(seconds=st.lists(st.tuples(VALUES, st.integers(0, 3)), min_size=1, max_size=12), width=st.integers(1, 5))
def test_a_window_holds_what_merging_its_seconds_gives(seconds: list[tuple[list[int], int]], width: int) -> None:
    rolling, all_of_it = Rolling(width), Rolling(None)
    snapshots = []
    for index, (values, count) in enumerate(seconds):
        snapshot = Snapshot(start_ns=index * S, end_ns=(index + 1) * S, counters={("n", ""): count})
        if count:
            snapshot.gauges["g", 0] = Gauge.seen(snapshot.end_ns, float(count))
        if values:
            snapshot.histograms["t", ""] = Histogram()
            snapshot.histograms["t", ""].record(np.array(values, np.int64))
        snapshots.append(snapshot)
        rolling.add(index + 1, snapshot)
        all_of_it.add(index + 1, snapshot)
        for kept, wanted in ((rolling, merge_all(snapshots[-width:])), (all_of_it, merge_all(snapshots))):
            assert (kept.now.start_ns, kept.now.end_ns) == (wanted.start_ns, wanted.end_ns)
            assert kept.now.count("n") == wanted.count("n")
            assert kept.now.gauges == wanted.gauges
            assert same(kept.now.histogram("t"), wanted.histogram("t"))


def test_what_is_added_stays_as_it_is() -> None:
    snapshot = Snapshot(end_ns=S, histograms={("t", ""): Histogram()})
    snapshot.histograms["t", ""].record(np.array([5000]))
    rolling = Rolling(1)
    rolling.add(1, snapshot)
    rolling.add(2, Snapshot(start_ns=S, end_ns=2 * S))

    assert snapshot.histogram("t").total == 1
    assert rolling.now.histogram("t").total == 0


def test_a_cleared_window_begins_anew() -> None:
    rolling = Rolling(5)
    rolling.add(1, Snapshot(end_ns=S, counters={("n", ""): 3}))
    rolling.clear()
    rolling.add(2, Snapshot(start_ns=S, end_ns=2 * S, counters={("n", ""): 4}))

    assert (rolling.now.count("n"), rolling.now.start_ns) == (4, S)


def test_a_window_of_a_second_that_was_reported_late_forgets_by_time() -> None:
    rolling = Rolling(2)
    rolling.add(1, Snapshot(end_ns=S, counters={("n", ""): 1}))
    rolling.add(3, Snapshot(start_ns=S, end_ns=3 * S, counters={("n", ""): 10}))

    assert rolling.now.count("n") == 10
