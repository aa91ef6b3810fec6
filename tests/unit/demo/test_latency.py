import statistics

import pytest

from loadkit.demo import latency
from loadkit.demo.latency import Latency, Pace


@pytest.mark.parametrize(
    ("pace", "median_ms", "p95_ms"),
    [
        (latency.SEARCH, 25, 67),
        (latency.CHECKOUT, 12, 27),
        (latency.VECTOR_SEARCH, 15, 34),
        (latency.WORKFLOW, 60, 116),
    ],
)
def test_times_have_the_documented_median_and_p95(pace: Pace, median_ms: float, p95_ms: float):
    source = Latency(seed=1)
    times = sorted(source.draw_s(pace) * 1000 for _ in range(20_000))
    assert statistics.median(times) == pytest.approx(median_ms, rel=0.03)
    assert times[19_000] == pytest.approx(p95_ms, rel=0.03)


def test_no_time_is_longer_than_ten_medians():
    source = Latency(seed=1)
    assert max(source.draw_s(Pace(20, 5.0)) for _ in range(1000)) == 0.2


def test_the_same_seed_gives_the_same_times():
    one, same, other = (Latency(seed=seed) for seed in (1, 1, 2))
    times = [[source.draw_s(latency.SEARCH) for _ in range(5)] for source in (one, same, other)]
    assert times[0] == times[1] != times[2]


def test_the_scale_multiplies_times_and_zero_answers_at_once():
    normal, slow, none = (Latency(seed=1, scale=scale) for scale in (1, 3, 0))
    assert slow.draw_s(latency.SEARCH) == pytest.approx(3 * normal.draw_s(latency.SEARCH))
    assert none.draw_s(latency.SEARCH) == 0
