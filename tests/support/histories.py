"""Reports of runs that never happened, each a day after the one before, with what comparisons and trends are made of."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.results import report_of, result

BEGAN = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


def run_id(number: int) -> str:
    return f"{BEGAN + timedelta(days=number):%Y%m%d-%H%M%S}-aaaa"


def run_report(
    number: int = 0,
    *,
    p95_ms: float = 200.0,
    fingerprint: str = "f1",
    requests: int = 10_000,
    errors: int = 0,
    names: Sequence[str] = ("/products",),
    **choices: Any,
) -> dict[str, Any]:
    """The report of the run of a day: the same numbers for all requests and for each name."""
    made = report_of(result(started_at=(BEGAN + timedelta(days=number)).timestamp(), **choices))
    found = made["loadkit"]
    found["run"] = run_id(number)
    found["fingerprint"] = {**found["fingerprint"], "id": fingerprint}
    found["judged"]["active_s"] = 100.0
    times = {"p50": p95_ms / 2, "p95": p95_ms, "p99": p95_ms * 1.5}
    series = [_series(name, times, requests, errors) for name in (None, *names)]
    found["measures"] = {"steady_s": 100, "left_out_s": 10, "lag_p99_ms": 0.2, "series": series}
    return made


def _series(name: str | None, times: dict[str, float], requests: int, errors: int) -> dict[str, Any]:
    return {
        "family": "http",
        "name": name,
        "requests": requests,
        "errors": errors,
        "error_inflation": 1.0,
        "error_degrees": 9,
        "good": [_percentile(percentile, value, requests - errors) for percentile, value in times.items()],
        "every": None,
    }


def _percentile(name: str, value: float, samples: int) -> dict[str, Any]:
    return {
        "percentile": name,
        "value_ms": value,
        "low_ms": value * 0.97,
        "high_ms": value * 1.03,
        "samples": samples,
        "effective_samples": samples / 4,
        "degrees": 9,
        "note": "",
    }
