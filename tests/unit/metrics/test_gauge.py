"""What is kept of a value that is looked at once a second."""

from itertools import permutations

import msgspec
import pytest

from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import COORDINATOR, Snapshot, merge_all


def test_a_gauge_keeps_the_last_value_the_largest_and_the_mean() -> None:
    made = merge_all(
        Snapshot(end_ns=at, gauges={("worker.cpu", 0): Gauge.seen(at, share)})
        for at, share in ((3, 0.2), (1, 0.9), (2, 0.4))
    ).gauges_of("worker.cpu")[0]
    assert (made.at_ns, made.value) == (3, 0.2)
    assert (made.most_at_ns, made.most) == (1, 0.9)
    assert made.mean == pytest.approx(0.5)


def test_the_first_of_two_largest_values_is_the_one_to_look_at() -> None:
    one, other = Gauge.seen(5, 1.0), Gauge.seen(2, 1.0)
    assert one.merged(other).most_at_ns == other.merged(one).most_at_ns == 2


def test_gauges_are_told_by_worker_and_summed_over_them() -> None:
    gauges = {("g", 1): Gauge.seen(1, 2.0), ("g", COORDINATOR): Gauge.seen(1, 1.0), ("h", 0): Gauge.seen(1, 9.0)}
    snapshot = Snapshot(gauges=gauges)
    assert list(snapshot.gauges_of("g")) == [COORDINATOR, 1]
    assert (snapshot.gauge("g"), snapshot.gauge("none"), snapshot.gauges_of("none")) == (3.0, 0.0, {})


LOOKS = [Gauge.seen(at_ns, value) for at_ns, value in ((1, 5.0), (2, -1.0), (3, 9.0), (4, 2.0))]


def test_the_smallest_the_largest_the_last_and_the_mean_are_known_in_any_order() -> None:
    for order in permutations(LOOKS):
        one, two, three, four = order
        for merged in (one.merged(two).merged(three).merged(four), one.merged(two.merged(three.merged(four)))):
            assert (merged.least, merged.most, merged.value, merged.mean, merged.times) == (-1.0, 9.0, 2.0, 3.75, 4)


def test_a_gauge_of_an_older_journal_is_read_and_its_smallest_is_not_known() -> None:
    old = msgspec.convert([4, 2.0, 9.0, 3, 15000, 4], Gauge)
    assert (old.most, old.least) == (9.0, None)
    assert old.merged(LOOKS[0]).least is None
    assert msgspec.convert(msgspec.to_builtins(list(LOOKS[0])), Gauge) == LOOKS[0]
