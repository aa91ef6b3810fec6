"""How series of the system under test are named in thresholds."""

import pytest

from loadkit.slo.expression import parse_threshold
from loadkit.slo.metric import Kind, ThresholdFault
from loadkit.slo.observed_metric import Per
from loadkit.slo.selection import Stretch
from loadkit.slo.threshold import parse_thresholds
from loadkit.slo.watch import Watches
from tests.support.observed import MB, S, observed, seconds


@pytest.mark.parametrize(
    ("text", "kind", "limit", "per"),
    [
        ("observe.api.rss.max < 500MB", Kind.BYTES, 500e6, None),
        ("observe.api.cpu.mean <= 250%", Kind.RATIO, 2.5, None),
        ("observe.api.share.last < 0.8", Kind.RATIO, 0.8, None),
        ("observe.api.rss.growth < 5MB per 500 requests", Kind.BYTES, 5e6, Per(500.0)),
        ("observe.api.rss.growth < 10KB per request", Kind.BYTES, 10e3, Per(1.0)),
        ("observe.api.rss.growth < 1MB per 1_000 calls", Kind.BYTES, 1e6, Per(1000.0)),
        ("observe.api.rss.growth < 1MB per hour", Kind.BYTES, 1e6, Per(3600.0, seconds=True)),
        ("observe.api.rss.growth < 1MB per 1h30m", Kind.BYTES, 1e6, Per(5400.0, seconds=True)),
    ],
)
def test_a_series_is_compared_in_its_own_unit(text: str, kind: Kind, limit: float, per: Per | None) -> None:
    made = parse_threshold(text, observed=observed())
    assert (made.selector.kind, made.limit, made.per) == (kind, limit, per)


def test_work_is_told_as_it_was_written() -> None:
    assert [str(Per(500.0)), str(Per(1.0)), str(Per(3600.0, seconds=True))] == [
        "per 500 requests",
        "per request",
        "per 1h",
    ]


@pytest.mark.parametrize(
    ("text", "code", "offset", "hint"),
    [
        ("observe.apo.rss.max < 1", "LK302", 8, 'did you mean "api"?'),
        ("observe.api.rsss.max < 1", "LK302", 12, 'did you mean "rss"?'),
        ("observe.api.rss < 1", "LK302", 15, "write observe.api.rss.max"),
        ("observe.api.rss.p99 < 1", "LK302", 16, "one of max, mean, min, last, growth"),
        ("observe.api.share.max < 120%", "LK301", 24, "write 1%"),
        ("observe.api.rss.growth < 5MB", "LK301", 28, "5MB per 500 requests"),
        ("observe.api.rss.growth < 5MB per 500", "LK301", 33, "5MB per 500 requests"),
        ("observe.api.rss.growth < 5MB per moon", "LK301", 33, "5MB per 500 requests"),
        ("observe.api.rss.max < 5MB per 500 requests", "LK301", 26, "leave out `per`"),
        ("http.response_time.p95 < 5ms per 500 requests", "LK301", 29, "leave out `per`"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_its_remedy(text: str, code: str, offset: int, hint: str) -> None:
    with pytest.raises(ThresholdFault) as found:
        parse_threshold(text, observed=observed())
    assert (found.value.code, found.value.offset) == (code, offset)
    assert hint in found.value.hint


def test_nothing_can_be_said_of_what_is_not_observed() -> None:
    with pytest.raises(ThresholdFault) as found:
        parse_threshold("observe.api.rss.max < 1")
    assert "config.observe" in found.value.hint


@pytest.mark.parametrize("key", [{"for": "5s"}, {"over": "5s"}, {"within": "5s"}, {"after": "5s"}, {"abort": True}])
def test_growth_is_not_judged_over_a_part_of_a_run(key: dict[str, object]) -> None:
    entry = {"expr": "observe.api.rss.growth < 1MB per 500 requests", **key}
    (fault,) = parse_thresholds([entry], observed=observed()).faults
    assert (fault.code, fault.where) == ("LK305", ("thresholds", 0, *key))


def test_a_value_that_rises_and_falls_may_stop_a_run_and_one_that_only_rises_may_not() -> None:
    for name, faults in (("min", 0), ("last", 0), ("mean", 0), ("max", 1)):
        entry = {"expr": f"observe.api.rss.{name} > 1MB", "abort": True}
        assert len(parse_thresholds([entry], observed=observed()).faults) == faults, name


def test_a_window_over_what_is_observed_goes_on_in_a_pause() -> None:
    (objective,) = parse_thresholds(
        [{"expr": "observe.api.rss.max < 5MB", "over": "2s"}], observed=observed()
    ).objectives
    pause = Stretch(index=0, name="rest", start_ns=0, end_ns=9 * S, pause=True, judged=True, last=True)
    watches = Watches([objective], (pause,))
    for snapshot in seconds([1.0 * MB, 2.0 * MB, 3.0 * MB, 9.0 * MB, 1.0 * MB], requests=0):
        watches.add(snapshot)
    watch = watches.of(0)
    assert watch is not None
    (track,) = watch.tracks.values()
    assert (track.breaches.judged, track.breaches.bad, track.breaches.worst) == (4, 2, 9.0 * MB)
