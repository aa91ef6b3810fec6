from typing import Any

import pytest

from loadkit.flow.apdex import FRUSTRATED, SATISFIED, TOLERATED, Apdex, apdex_of, kind_of, threshold_ns
from loadkit.metrics.snapshot import Snapshot
from loadkit.units import NS_PER_MS


@pytest.mark.parametrize(
    ("config", "milliseconds"),
    [
        ({}, None),
        ({"apdex": {"threshold": 100}}, None),
        ({"plugins": {"apdex": None}}, 500),
        ({"plugins": {"apdex": {"threshold": "100"}}}, 100),
        ({"plugins": {"apdex": {"threshold": 100}}, "apdex": {"threshold": 200.5}}, 200.5),
    ],
)
def test_the_threshold_is_that_of_the_plugin_if_it_is_listed(config: Any, milliseconds: float | None) -> None:
    assert threshold_ns(config) == (None if milliseconds is None else milliseconds * NS_PER_MS)


@pytest.mark.parametrize(("total", "kind"), [(100, SATISFIED), (101, TOLERATED), (400, TOLERATED), (401, FRUSTRATED)])
def test_four_times_the_threshold_is_tolerated(total: int, kind: str) -> None:
    assert kind_of(total, 100) == kind


@pytest.mark.parametrize(
    ("counts", "score", "ranking"),
    [
        ((94, 0, 6), 0.94, "excellent"),
        ((80, 10, 10), 0.85, "good"),
        ((4, 1, 1), 0.75, "fair"),
        ((0, 98, 2), 0.49, "poor"),
        ((0, 0, 1), 0.0, "unacceptable"),
    ],
)
def test_the_score_counts_what_is_tolerated_half(counts: tuple[int, int, int], score: float, ranking: str) -> None:
    found = Apdex(limit_ns=1, satisfied=counts[0], tolerated=counts[1], frustrated=counts[2])
    assert (found.score, found.ranking) == (score, ranking)


def test_nothing_has_no_score() -> None:
    config = {"plugins": {"apdex": {}}}
    seen = Snapshot(counters={(SATISFIED, "/"): 1, (FRUSTRATED, "/x"): 1})
    assert apdex_of(config, Snapshot()) is None
    assert apdex_of({}, seen) is None
    found = apdex_of(config, seen)
    assert found is not None
    assert found.score == 0.5
