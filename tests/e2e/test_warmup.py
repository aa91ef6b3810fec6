"""A warm-up phase on real workers: measured, in the account, and judged by nobody."""

from pathlib import Path

import loadkit
from loadkit.metrics.track import Place
from tests.support.command import scenario, write_yaml
from tests.support.steady_server import steady_server


def test_a_run_is_judged_without_its_warm_up(tmp_path: Path) -> None:
    phases = [
        {"name": "warm", "duration": 1, "arrivalRate": 40, "warmup": True},
        {"name": "load", "duration": 5, "arrivalRate": 30},
    ]
    thresholds = ["http.requests == 150", "arrivals.due == 150", "http.response_time.p50 < 1s"]
    with steady_server() as url:
        flow = [{"get": {"url": "/"}}]
        plan = loadkit.load(write_yaml(tmp_path, scenario(url, phases, flow, thresholds=thresholds)))
        result = loadkit.run_sync(plan, workers=2)
    assert result.failures == ()
    assert (result.summary.count("http.requests"), result.judged.count("http.requests")) == (190, 150)
    assert result.summary.count("arrivals.planned") == 190
    assert result.summary.select(phase=0).count("http.requests") == 40
    assert 5 <= result.active_s < 30
    found = result.intervals[Place("http.response_time.p50")]
    assert (found.n, found.seconds) == (150, 5)
    assert found.value == result.judged.histogram("http.response_time").percentile_ns(50)
    assert result.intervals[Place("http.response_time.p50", phase=0)].n == 40
    median = next(verdict for verdict in result.verdicts if verdict.unit == "ns")
    assert (median.low, median.high, median.note, median.samples) == (found.low, found.high, found.note, 150)
