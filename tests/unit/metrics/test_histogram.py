"""The histogram against sorted lists, against hdrhistogram, and against the laws of merging."""

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from loadkit.metrics.histogram import HIGHEST_US, Histogram

values = st.lists(st.integers(0, 4_000_000_000_000), min_size=1, max_size=200)


def histogram_of(numbers: list[int]) -> Histogram:
    made = Histogram()
    made.record(np.array(numbers, np.int64))
    return made


def facts(histogram: Histogram) -> tuple[object, ...]:
    counts = {int(index): int(count) for index, count in zip(*histogram.bins(), strict=True)}
    return counts, histogram.total, histogram.sum_ns, histogram.min_ns, histogram.max_ns, histogram.clamped


@given(values, st.floats(0, 100))
def test_percentiles_are_those_of_the_sorted_list_within_a_thousandth(numbers: list[int], percent: float) -> None:
    numbers = [min(number, HIGHEST_US * 1000) for number in numbers]
    exact = sorted(numbers)[max(0, int(np.ceil(percent / 100 * len(numbers) - 1e-9)) - 1)]
    assert histogram_of(numbers).percentile_ns(percent) == pytest.approx(exact, rel=1e-3, abs=1000)


@given(values)
def test_minimum_maximum_and_mean_are_exact(numbers: list[int]) -> None:
    made = histogram_of(numbers)
    assert (made.min_ns, made.max_ns, made.total) == (min(numbers), max(numbers), len(numbers))
    assert made.mean_ns() == pytest.approx(sum(numbers) / len(numbers))
    assert made.min_ns <= made.percentile_ns(50) <= made.max_ns


@given(values, values, values)
def test_merging_is_associative_and_commutative(a: list[int], b: list[int], c: list[int]) -> None:
    left, right = histogram_of(a), histogram_of(c)
    left.merge(histogram_of(b))
    left.merge(histogram_of(c))
    right.merge(histogram_of(b))
    right.merge(histogram_of(a))
    assert facts(left) == facts(right) == facts(histogram_of([*a, *b, *c]))


@given(st.lists(st.lists(st.integers(0, 4_000_000_000_000), max_size=20), max_size=8), values)
def test_merging_many_at_once_is_merging_one_by_one(many: list[list[int]], mine: list[int]) -> None:
    others = [histogram_of(numbers) for numbers in many]
    before = [facts(other) for other in others]
    for numbers in ([], mine):
        at_once, one_by_one = histogram_of(numbers), histogram_of(numbers)
        at_once.merge_all(others)
        for other in others:
            one_by_one.merge(other)
        assert facts(at_once) == facts(one_by_one)
    assert [facts(other) for other in others] == before


@given(values)
def test_the_wire_form_loses_nothing(numbers: list[int]) -> None:
    made = histogram_of(numbers)
    assert facts(Histogram.from_wire(made.to_wire())) == facts(made)


@given(st.lists(st.integers(0, HIGHEST_US), min_size=1, max_size=100))
def test_the_encoding_is_what_hdrhistogram_reads(microseconds: list[int]) -> None:
    theirs = HdrHistogram.decode(histogram_of([us * 1000 for us in microseconds]).encode())
    reference = HdrHistogram(1, HIGHEST_US, 3)
    for us in microseconds:
        reference.record_value(us)
    assert theirs.get_total_count() == len(microseconds)
    for percent in (50, 90, 99, 100):
        assert theirs.get_value_at_percentile(percent) == reference.get_value_at_percentile(percent)


def test_values_above_an_hour_are_clamped_and_counted() -> None:
    made = histogram_of([5, 4_000_000_000_000])
    assert (made.total, made.clamped, made.max_ns) == (2, 1, 4_000_000_000_000)


def test_an_empty_histogram_has_no_values() -> None:
    assert (Histogram().percentile_ns(50), Histogram().mean_ns(), Histogram().total) == (0, 0.0, 0)


def test_counting_above_a_limit() -> None:
    assert histogram_of([1_000, 2_000_000, 9_000_000, 11_000_000, 50_000_000]).count_above(10_000_000) == 2


@pytest.mark.parametrize(
    "wire", [[], [b"", b"", 0], [b"\xff\xff\xff\xff", b"\0" * 8, 0, 0, 0, 0], [b"\0" * 4, b"", 0, 0, 0, 0]]
)
def test_what_is_not_a_histogram_is_refused(wire: list[object]) -> None:
    with pytest.raises(ValueError, match=r"not a histogram|buffer"):
        Histogram.from_wire(wire)


@given(st.lists(st.lists(st.integers(0, 10**12), min_size=1, max_size=20), min_size=1, max_size=8), st.data())
def test_however_counts_are_held_they_are_those_of_all_values(groups: list[list[int]], data: st.DataObject) -> None:
    parts = []
    for group in groups:
        made = Histogram()
        for half in (group[: len(group) // 2], group[len(group) // 2 :]):
            made.record(np.array(half, np.int64))
        parts.append(Histogram.from_wire(made.to_wire()) if data.draw(st.booleans()) else made)
    merged, whole = Histogram(), Histogram()
    for part in parts:
        merged.merge(part)
    whole.record(np.array([value for group in groups for value in group], np.int64))
    assert merged.to_wire() == whole.to_wire()
    dropped = data.draw(st.integers(0, len(parts)))
    for number in range(dropped):
        merged.subtract(parts[number], parts[number + 1 :])
    rest = Histogram()
    rest.record(np.array([value for group in groups[dropped:] for value in group], np.int64))
    assert merged.to_wire() == rest.to_wire()
    assert all(merged.percentile_ns(percent) == rest.percentile_ns(percent) for percent in (0, 50, 99.9, 100))


def test_a_copy_shares_nothing_that_changes() -> None:
    one = Histogram()
    one.record(np.array([1000, 2000], np.int64))
    twin = one.copy()
    twin.merge(one)
    twin.merge(one)
    assert (one.total, int(one.bins()[1].sum()), twin.total, int(twin.bins()[1].sum())) == (2, 2, 6, 6)


def test_a_second_of_slow_responses_is_small_and_so_are_many_of_them() -> None:
    values = np.random.default_rng(1).integers(100_000_000, 140_000_000, 1000)
    second, run = Histogram(), Histogram()
    second.record(values)
    for _ in range(100):
        run.merge(second)
    assert second.nbytes < 20_000
    assert run.nbytes < 10_000


def test_percentiles_at_once_are_those_one_by_one():
    histogram = Histogram()
    assert histogram.percentiles_ns([50, 99]) == [0, 0]
    histogram.record(np.array([1_000_000, 2_000_000, 3_000_000, 90_000_000]))
    shares = [0, 25, 50, 75, 99, 100]
    assert histogram.percentiles_ns(shares) == [histogram.percentile_ns(share) for share in shares]
    assert histogram.percentile_ns(50) == 2_000_999
