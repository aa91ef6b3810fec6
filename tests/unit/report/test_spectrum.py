import numpy as np
import pytest

from loadkit.metrics.snapshot import Snapshot
from loadkit.report.spectrum import spectrum, spectrum_of
from tests.support.reports import judged_report
from tests.unit.report.test_heat import histogram


def of(*ms: float):
    made = Snapshot(0, 1_000_000_000)
    made.histograms = {("http.response_time", "/"): histogram(*ms)}
    return spectrum(made)["response_time"]


def test_percentiles_come_ever_closer_to_all():
    points = dict(map(tuple, of(*range(1, 1001))))
    assert points[90.0] == pytest.approx(900, rel=1e-3)
    assert points[99.0] == pytest.approx(990, rel=1e-3)
    assert points[0.0] == 1.0
    percents = list(points)
    assert percents == sorted(percents)
    assert list(points.values()) == sorted(points.values())


def test_the_last_point_is_the_largest_value_and_no_percentile_is_said_that_no_sample_tells():
    points = of(*range(1, 1001))
    assert points[-1] == [99.9, 1000.0]
    assert len(of(*np.linspace(1, 50, 12))) < 15


def test_without_times_there_is_no_spectrum():
    assert spectrum(Snapshot()) == {"response_time": [], "service_time": []}


def test_a_single_time_is_a_spectrum():
    assert of(3.0) == [[50.0, 3.0]]


def test_a_report_tells_the_same_as_its_snapshots():
    report = judged_report()
    found = spectrum_of(report)
    everything = next(series for series in report["loadkit"]["series"] if series["metric"] == "http.response_time")
    assert found["response_time"][-1][1] >= everything["max_ns"] / 1e6
    assert len(found["service_time"]) == len(found["response_time"])
