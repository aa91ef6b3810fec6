import math

import numpy as np
import pytest

from loadkit.analysis.noise import LEAST, measure_noise
from loadkit.errors import UsageError
from tests.support.histories import run_report
from tests.support.results import invalid


def runs(sd: float, count: int, seed: int = 1) -> list[dict]:
    levels = 200 * np.exp(np.random.default_rng(seed).normal(0, sd, count))
    return [run_report(number, p95_ms=float(level)) for number, level in enumerate(levels)]


@pytest.mark.parametrize("sd", [0.05, 0.1, 0.2])
def test_noise_between_runs_is_found(sd: float) -> None:
    seen = [measure_noise(runs(sd, 5, seed)).tau for seed in range(60)]
    assert math.sqrt(np.mean(np.square(seen))) == pytest.approx(sd, rel=0.15)


def test_noise_within_runs_is_no_noise_between_them() -> None:
    """Intervals of +-3 % with 9 degrees stand for a standard error of 1.3 %."""
    seen = [measure_noise(runs(0.013, 5, seed)).tau for seed in range(40)]
    assert np.median(seen) < 0.012


def test_runs_that_agree_too_well_are_not_believed() -> None:
    assert measure_noise([run_report(number) for number in range(5)]).tau == LEAST


def test_each_series_that_decides_is_told() -> None:
    made = measure_noise([run_report(number, names=["/a", "/b"]) for number in range(3)])
    assert (list(made.series), made.runs) == (["all requests", "/a", "/b"], 3)


def test_a_name_that_is_seldom_asked_for_does_not_count() -> None:
    reports = runs(0.02, 5)
    for number, report in enumerate(reports):
        rare = report["loadkit"]["measures"]["series"][1]
        rare["requests"] = 100
        for percentile in rare["good"]:
            percentile.update({key: percentile[key] * 2**number for key in ("value_ms", "low_ms", "high_ms")})
    assert list(measure_noise(reports).series) == ["all requests"]


def test_runs_that_say_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="3 runs are needed to measure noise, better 5; there are 2"):
        measure_noise(runs(0.05, 2))
    with pytest.raises(UsageError, match="says nothing about noise: its measurement is INVALID"):
        measure_noise([*runs(0.05, 3), run_report(9, measurement=invalid())])
    short = runs(0.05, 3)
    for report in short:
        for series in report["loadkit"]["measures"]["series"]:
            for percentile in series["good"]:
                percentile.update(low_ms=None, high_ms=None, degrees=0)
    with pytest.raises(UsageError, match="too short to measure noise"):
        measure_noise(short)
