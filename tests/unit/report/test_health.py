"""What the report says about the processes that made the load."""

import pytest

from loadkit.engine.usage import Usage
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import COORDINATOR, Snapshot, merge_all
from loadkit.report.health import health
from loadkit.units import NS_PER_MS, NS_PER_S
from tests.support.results import phase, plan, second


def generated() -> Snapshot:
    """Two seconds of two workers, the second one without what only Linux tells; and the coordinator."""
    seconds = []
    for index in range(2):
        for worker in range(2):
            recorder = Recorder(worker)
            recorder.gauge("worker.rss_bytes", 50e6 + index)
            recorder.gauge("worker.cpu", 0.2 + 0.4 * index * (1 - worker))
            recorder.gauge("vusers.active", 7.0 * index)
            if worker == 0:
                recorder.gauge("worker.fds", 20.0 - index)
            recorder.times("generator.loop_lag", recorder.label).append((3 + worker) * NS_PER_MS)
            seconds.append(recorder.snapshot(index * NS_PER_S, (index + 1) * NS_PER_S))
    seconds[-1].gauges["coordinator.delay_s", COORDINATOR] = Gauge.seen(2 * NS_PER_S, 0.004)
    return merge_all(seconds)


def test_each_worker_has_its_own_means_and_maxima_and_when() -> None:
    seen = health(plan(), generated())
    first, other = seen["workers"]
    assert (first["worker"], other["worker"]) == (0, 1)
    assert first["cpu"] == {"mean": 0.4, "max": 0.6, "max_at_s": 2.0}
    assert other["cpu"] == {"mean": 0.2, "max": 0.2, "max_at_s": 1.0}
    assert first["fds"] == {"mean": 19.5, "max": 20.0, "max_at_s": 1.0}
    assert other["fds"] is None
    assert first["vusers_active"]["max"] == 7.0
    assert (first["loop_lag_ms"]["count"], other["loop_lag_ms"]["max"]) == (2, 4.0)
    assert first["gc_pause_ms"] == {"count": 0, "p50": 0.0, "p99": 0.0, "max": 0.0}
    assert seen["coordinator"] == {
        "cpu": None,
        "rss_bytes": None,
        "fds": None,
        "delay_s": {"mean": 0.004, "max": 0.004, "max_at_s": 2.0},
    }


def test_what_a_worker_tells_of_itself_is_in_the_report() -> None:
    """The names on both sides are the same; that a value is told at all is for the system to say."""
    usage = Usage()
    usage._at_ns -= NS_PER_S
    told = usage.take()
    snapshot = Snapshot(gauges={(f"worker.{name}", 0): Gauge.seen(1, value) for name, value in told.items()})
    (worker,) = health(plan(), snapshot)["workers"]
    missing = {name for name in told if worker.get(name) is None} - {"major_faults"}
    assert not missing
    assert worker["cpu"]["mean"] == pytest.approx(told["cpu"], abs=0.001)


def test_what_was_started_stands_against_what_was_planned_until_the_end() -> None:
    """Ten arrivals a second, a pause, then fifty slots a second; the run ends a second into the last of them."""
    phases = (
        phase(0, duration_s=2),
        phase(1, start_s=2, duration_s=1, kind="pause"),
        phase(2, start_s=3, kind="closed"),
    )
    first, third = second(0, requests=10), second(3, requests=40)
    summary = Snapshot.of_parts(0, 4 * NS_PER_S, {(0, ""): first, (2, ""): third})
    assert health(plan(*phases), summary)["achieved"] == [
        {"phase": 0, "planned": 10, "started": 10},
        {"phase": 2, "planned": 50, "started": 40},
    ]
