"""A loop that comes late, on a clock moved by hand, and what it says kept it."""

import gc
from collections.abc import Iterator

import pytest

from loadkit.engine import watch
from loadkit.engine.watch import EVERY_NS, LoopWatch
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.recorder import Recorder
from tests.unit.flow.test_pacing import ManualClock

MS = 1_000_000


class Watched:
    """A watch whose clock and processor time tests move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = ManualClock()
        self.cpu_ns = 0
        monkeypatch.setattr(watch, "process_time_ns", lambda: self.cpu_ns)
        self.recorder = Recorder(worker=3)
        self.watch = LoopWatch(self.clock, self.recorder)
        self.watch.start()

    def pass_time(self, ms: int, *, cpu_ms: int = 0) -> None:
        self.cpu_ns += cpu_ms * MS
        self.clock.move(self.clock.now + ms * MS)

    def seen(self, metric: str) -> Histogram:
        return self.recorder.snapshot(0, 1).histogram(metric, "worker 3")


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    made = Watched(monkeypatch)
    yield made
    made.watch.close()


def test_a_loop_that_comes_when_it_is_called_has_no_lag(watched: Watched) -> None:
    for _ in range(50):
        watched.pass_time(EVERY_NS // MS)
    lag = watched.seen("generator.loop_lag")
    assert (lag.total, lag.max_ns) == (50, 0)


def test_a_second_without_the_loop_is_as_many_late_wake_ups_as_were_due(watched: Watched) -> None:
    for _ in range(49):
        watched.pass_time(20)
    watched.pass_time(1020)
    lag = watched.seen("generator.loop_lag")
    assert (lag.total, lag.max_ns) == (49 + 51, 1000 * MS)
    assert lag.percentile_ns(50) <= 20 * MS  # of two seconds one was late: so is half of the wake-ups
    assert lag.percentile_ns(75) == pytest.approx(500 * MS, rel=0.05)


def test_after_a_late_wake_up_the_next_one_is_due_on_the_old_grid(watched: Watched) -> None:
    watched.pass_time(35)
    watched.pass_time(5)
    lag = watched.seen("generator.loop_lag")
    assert (lag.total, lag.max_ns, lag.min_ns) == (2, 15 * MS, 0)


@pytest.mark.parametrize(
    ("cpu_ms", "stalled_ms"),
    [
        (0, 480),  # stopped
        (100, 400),  # given a fifth of a core
        (470, None),  # it used the time itself
    ],
)
def test_only_time_without_the_processor_is_blamed_on_the_machine(
    watched: Watched, cpu_ms: int, stalled_ms: int | None
) -> None:
    watched.pass_time(500, cpu_ms=cpu_ms)
    stall = watched.seen("generator.stall")
    assert stall.total == (0 if stalled_ms is None else 1)
    assert stall.max_ns == (stalled_ms or 0) * MS


def test_an_hour_of_suspend_is_not_recorded_second_by_second(watched: Watched) -> None:
    watched.pass_time(3_600_000)
    assert watched.seen("generator.loop_lag").total < 5000


def test_collections_are_timed_until_the_watch_is_closed(watched: Watched) -> None:
    gc.collect()
    watched.pass_time(20)
    paused = watched.seen("generator.gc_pause")
    assert paused.total >= 1
    assert paused.max_ns > 0
    gc.collect()
    watched.watch.close()
    gc.collect()
    assert watched.seen("generator.gc_pause").total == 1
