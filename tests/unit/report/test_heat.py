import json
import random

import msgspec
import numpy as np

from loadkit.metrics.histogram import Histogram
from loadkit.report.heat import MOST_COLUMNS, PER_DECADE, Heat
from loadkit.units import NS_PER_MS
from tests.support.results import failing_second, second
from tests.unit.report.test_timeline import timeline


def histogram(*ms: float) -> Histogram:
    made = Histogram()
    made.record(np.array([round(value * NS_PER_MS) for value in ms], np.int64))
    return made


def counted(data, column: int) -> dict[int, int]:
    """How many times are in which bin of a column."""
    first, *counts = data["columns"][column] or [0]
    return {first + offset: count for offset, count in enumerate(counts) if count}


def test_times_are_counted_in_bins_of_equal_width_on_a_logarithmic_scale():
    heat = Heat()
    heat.add(0, histogram(0.001, 0.01, 1, 1, 1.3, 1024))
    data = heat.data()
    assert counted(data, 0) == {0: 1, PER_DECADE: 1, 3 * PER_DECADE: 2, 3 * PER_DECADE + 1: 1, 6 * PER_DECADE: 1}
    edge = data["lowest_ms"] * 10 ** (3 / 1)
    assert edge == 1.0


def test_the_shortest_and_the_longest_times_have_a_bin():
    heat = Heat()
    heat.add(0, histogram(0, 10 * 3_600_000))
    assert sum(counted(heat.data(), 0).values()) == 2


def test_seconds_without_responses_are_empty_columns():
    heat = Heat()
    heat.add(2, histogram(5))
    heat.add(3, Histogram())
    assert heat.data()["columns"][:2] == [[], []]
    assert len(heat.data()["columns"]) == 3


def test_columns_of_a_long_run_are_merged_by_twos_and_nothing_is_lost():
    heat = Heat()
    for second_ in range(3600):
        heat.add(second_, histogram(*([3.0] * (second_ % 7 + 1))))
    data = heat.data()
    assert data["column_s"] == 16
    assert MOST_COLUMNS / 2 <= len(data["columns"]) <= MOST_COLUMNS
    assert sum(sum(counted(data, column).values()) for column in range(len(data["columns"]))) == sum(
        index % 7 + 1 for index in range(3600)
    )
    assert sum(counted(data, 0).values()) == sum(index % 7 + 1 for index in range(16))


def test_a_map_of_an_hour_is_small():
    draw = random.Random(4)
    heat = Heat()
    for second_ in range(3600):
        heat.add(second_, histogram(*(draw.lognormvariate(3, 0.7) for _ in range(500))))
    assert len(msgspec.json.encode(heat.data())) < 40_000


def test_a_timeline_counts_every_response_once():
    seconds = [second(0, requests=6), second(1, requests=4, name="/cart", ms=40), failing_second(2)]
    data = timeline(*seconds).heat.data()
    assert [sum(counted(data, column).values()) for column in range(2)] == [6, 4]
    assert len(data["columns"]) == 2  # an error has no response time
    assert json.loads(json.dumps(data)) == data
