"""What a late generator is blamed on, and the remedy that fits."""

from __future__ import annotations

import pytest

from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.cause import Generator
from loadkit.slo.validity import judge
from tests.unit.slo.test_validity import histogram, run

ONE_OF_ONE = Generator(workers=1, cores=1, seconds=10)


def late(
    *, worker: int = 0, lag_ms: int = 20, stall_ms: int = 0, gc_ms: int = 0, loop_ms: int = 0, **gauges: float
) -> Snapshot:
    """120 of 1000 arrivals late, all on one worker, of which this was seen."""
    label = f"worker {worker}"
    summary = run(1000)
    summary.histograms |= {
        ("generator.lag", ""): histogram((880, 0)),
        ("generator.lag", label): histogram((120, lag_ms)),
    }
    for name, ms in (("stall", stall_ms), ("gc_pause", gc_ms), ("loop_lag", loop_ms)):
        if ms:
            summary.histograms[f"generator.{name}", label] = histogram((1, ms))
    summary.gauges = {
        (f"worker.{name}", worker): Gauge.seen(1, value) for name, value in {"cpu": 0.5, **gauges}.items()
    }
    return summary


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        (
            late(cpu=0.97),
            "worker 0 at 97% CPU; lower the rate below about 82/s (achieved 100/s) or use a faster machine",
        ),
        (late(cpu=0.97, cpu_wait=0.5), "worker 0 at 97% CPU; lower"),
        (
            late(cpu=0.97, lag_ms=2200, stall_ms=2100),
            "worker 0 its core for 2.1s: other processes were busy; stop them",
        ),
        (
            late(lag_ms=2200, stall_ms=60),
            "worker 0 at 50% CPU; make flows cheaper (captures and checks of large bodies)",
        ),
        (late(lag_ms=130, gc_ms=120), "garbage collections of worker 0 took up to 120ms; keep less in variables"),
        (late(cpu=0.99, lag_ms=900, gc_ms=120), "worker 0 at 99% CPU; "),
        (
            late(cpu=0.6, cpu_wait=0.35),
            "worker 0 at 60% CPU and waiting for a core 35% of the time: other processes were busy; "
            "stop them, or give the generator cores of its own, or lower the rate below about 80/s (achieved 100/s)",
        ),
        (late(cpu=0.06, cpu_wait=0.09), "waiting for a core 9% of the time: other processes were busy; stop them"),
        (late(cpu=0.4, cpu_wait=0.02, loop_ms=30), "worker 0 at 40% CPU, its event loop held up for 30ms; make flows"),
        (
            late(cpu=0.9, major_faults=3000, stall_ms=90),
            "worker 0 fetched 3,000 pages of memory back from disk within a",
        ),
        (late(worker=2, cpu=0.97), "worker 2 at 97% CPU; "),
    ],
)
def test_the_cause_is_named_with_its_worker_and_its_own_remedy(summary: Snapshot, said: str) -> None:
    (reason,) = judge(summary, generator=ONE_OF_ONE).reasons
    assert reason.startswith("12% of the arrivals (120 of 1000) started more than 10ms late, ")
    assert said in reason


def test_the_worker_that_was_late_is_named_not_the_busiest() -> None:
    summary = late(worker=1, cpu=0.85)
    summary.gauges["worker.cpu", 0] = Gauge.seen(1, 0.99)
    assert "worker 1 at 85% CPU" in judge(summary).reasons[0]


@pytest.mark.parametrize(
    ("workers", "cores", "remedy"),
    [(1, 4, "use --workers 2"), (3, 4, "use --workers 4"), (4, 4, "lower the rate below about 82/s (achieved 100/s)")],
)
def test_another_worker_is_advised_only_where_there_is_a_core_for_it(workers: int, cores: int, remedy: str) -> None:
    measurement = judge(late(cpu=0.97), generator=Generator(workers=workers, cores=cores, seconds=10))
    assert f"; {remedy}" in measurement.reasons[0]


def test_the_bearable_rate_is_what_was_achieved_at_four_fifths_of_a_core() -> None:
    summary = Snapshot(counters={("http.requests", "/"): 123_456})  # a paced closed run has no arrivals
    advice = Generator(seconds=10).more_cores(summary, 1.0)
    assert advice == "lower the rate below about 9,900/s (achieved 12,000/s) or use a faster machine"
    assert Generator(seconds=0).more_cores(summary) == "lower the rate or use a faster machine"


def test_a_full_core_in_a_phase_without_pacing_is_no_reason_for_being_late_in_another() -> None:
    paced = {("worker.cpu", 0): Gauge.seen(1, 0.05), ("worker.cpu_wait", 0): Gauge.seen(1, 0.3)}
    generator = Generator(seconds=10, unpaced=frozenset([1]), paced_gauges=paced)
    (reason,) = judge(late(cpu=0.99), generator=generator).reasons
    assert "worker 0 at 5% CPU and waiting for a core 30% of the time" in reason
    assert "achieved" not in reason
