"""The laws of merging, and what may come over the wire."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.metrics.gauge import Gauge
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import EXAMPLES, Snapshot, from_wire, merge_all, to_wire

names = st.sampled_from(["http.requests", "errors.X", "vusers.created"])
labels = st.sampled_from(["", "/a", "/b"])


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    start = draw(st.integers(0, 100))
    made = Snapshot(start_ns=start, end_ns=start + draw(st.integers(1, 50)))
    made.counters = draw(st.dictionaries(st.tuples(names, labels), st.integers(1, 1000)))
    seen = st.builds(Gauge.seen, st.integers(0, 9), st.floats(0, 9))
    made.gauges = draw(st.dictionaries(st.tuples(st.just("g"), st.integers(-1, 3)), seen))
    texts = st.lists(st.tuples(st.integers(0, 99), st.text(max_size=3)), max_size=EXAMPLES, unique=True).map(sorted)
    made.examples = draw(st.dictionaries(names, texts))
    for key, numbers in draw(
        st.dictionaries(st.tuples(names, labels), st.lists(st.integers(0, 10**9), min_size=1))
    ).items():
        histogram = Histogram()
        histogram.record(np.array(numbers, np.int64))
        made.histograms[key] = histogram
    return made


@st.composite
def whole(draw: st.DrawFn) -> Snapshot:
    """Return a snapshot as a worker makes it: of parts, by phase and scenario."""
    places = draw(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["", "a", "b"])), max_size=3, unique=True))
    parts = {place: draw(snapshots()) for place in places}
    for part in parts.values():
        part.gauges, part.examples = {}, {}
    first = draw(snapshots())
    return Snapshot.of_parts(first.start_ns, first.end_ns, parts, gauges=first.gauges, examples=first.examples)


def facts(snapshot: Snapshot) -> object:
    def ordered(wire: object) -> object:
        return sorted(map(ordered, wire), key=repr) if isinstance(wire, list) else wire

    wire = to_wire(snapshot)
    return wire[0], wire[1], *(ordered(part) for part in wire[2:])


@given(snapshots(), snapshots(), snapshots())
def test_merging_is_associative_and_commutative(a: Snapshot, b: Snapshot, c: Snapshot) -> None:
    assert facts(merge_all([merge_all([a, b]), c])) == facts(merge_all([a, merge_all([b, c])]))
    assert facts(merge_all([a, b])) == facts(merge_all([b, a]))


@given(snapshots())
def test_merging_with_nothing_changes_nothing(snapshot: Snapshot) -> None:
    merged = merge_all([Snapshot(), snapshot, Snapshot()])
    assert dict(zip("ab", facts(merged), strict=False)) == dict(zip("ab", facts(snapshot), strict=False))
    assert merged.counters == snapshot.counters


@given(whole(), whole(), whole())
def test_parts_merge_as_the_whole_does(a: Snapshot, b: Snapshot, c: Snapshot) -> None:
    one, other = merge_all([merge_all([a, b]), c]), merge_all([c, merge_all([b, a])])
    assert facts(one) == facts(other)
    assert facts(one.select()) == facts(other.select())
    assert one.select().counters == one.counters
    for phase in range(3):
        of_phase = one.select(phase=phase)
        assert of_phase.counters == merge_all(x.select(phase=phase) for x in (a, b, c)).counters
    assert sum(one.select(scenario=name).count("errors.X") for name in ("", "a", "b")) == one.count("errors.X")


@given(whole(), whole())
def test_merging_into_what_was_made_of_parts_changes_no_part(a: Snapshot, b: Snapshot) -> None:
    before = facts(a.select())
    twin = from_wire(msgspec.msgpack.decode(msgspec.msgpack.encode(to_wire(a))))
    assert facts(twin) == facts(a)
    assert twin.histograms.keys() == a.histograms.keys()
    totals = {key: histogram.total for key, histogram in a.histograms.items()}
    parts = {key: merge_all([part]) for key, part in a.parts.items()}
    a.merge(Snapshot(counters=b.counters, histograms=b.histograms))
    assert facts(a.select()) == before
    assert all(facts(a.parts[key]) == facts(part) for key, part in parts.items())
    assert all(a.histograms[key].total >= total for key, total in totals.items())


def test_a_merge_leaves_the_other_untouched() -> None:
    histogram = Histogram()
    histogram.record(np.array([1000], np.int64))
    part = Snapshot(end_ns=1, histograms={("t", ""): histogram})
    total = Snapshot()
    total.merge(part)
    total.merge(part)
    assert (total.histogram("t").total, part.histogram("t").total) == (2, 1)


def test_totals_are_over_labels() -> None:
    snapshot = Snapshot(counters={("c", "/a"): 1, ("c", "/b"): 2, ("d", ""): 5})
    assert (snapshot.count("c"), snapshot.count("c", "/a"), snapshot.count("never")) == (3, 1, 0)
    assert snapshot.labels("c") == ["/a", "/b"]


@pytest.mark.parametrize(
    "wire", [None, 5, [], [1, 2], [1, 2, "x", [], [], [], []], [1, 2, [["a", "b", "c"]], [], [], [], []]]
)
def test_what_is_not_a_snapshot_is_refused(wire: object) -> None:
    with pytest.raises(ValueError, match="not a snapshot"):
        from_wire(wire)
