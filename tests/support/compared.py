"""Reports of runs that never happened, with the figures that a comparison is made of."""

import copy
import math
from typing import Any

from tests.support.results import report_of, result

_REPORT = report_of(result())


def run_of(
    *series: dict[str, Any], seed: int = 1, steady_s: int = 180, lag_ms: float = 0.1, **fields: Any
) -> dict[str, Any]:
    """A report with these series, all requests first; `fields` are those of its loadkit section."""
    made = copy.deepcopy(_REPORT)
    body = made["loadkit"]
    whole = {**series[0], "name": None}
    for key in ("requests", "errors"):
        whole[key] = sum(one[key] for one in series)
    body["measures"] = {
        "steady_s": steady_s,
        "left_out_s": 0,
        "lag_p99_ms": lag_ms,
        "series": [whole, *(copy.deepcopy(one) for one in series)],
    }
    body["fingerprint"] = {
        "id": "4f1c",
        "scenario": "5a5a5a5a5a",
        "phases": "6b6b6b6b6b",
        "target": "http://shop.example",
        "host": "Linux x86_64, 2 cpus",
    } | fields.pop("fingerprint", {})
    body.update(seed=seed, run=f"20261121-0902{seed:02d}-aaaa", exit_code=0, **fields)
    return made


def name_of(
    name: str = "/buy",
    *,
    p95: float = 200.0,
    error: float = 0.03,
    requests: int = 10_000,
    errors: int = 0,
    clustering: float = 1.0,
    degrees: int = 9,
    note: str = "",
    open_above: bool = False,
) -> dict[str, Any]:
    """The measures of a name: `error` is the standard error of ln p95 within the run, infinite where it has no interval."""
    reach = 2.2622 * error
    known = math.isfinite(error)

    def percentile(word: str, value: float) -> dict[str, Any]:
        return {
            "percentile": word,
            "value_ms": value,
            "low_ms": value * math.exp(-reach) if known else None,
            "high_ms": value * math.exp(reach) if known and not open_above else None,
            "samples": requests - errors,
            "effective_samples": (requests - errors) / 3,
            "degrees": degrees,
            "note": note,
        }

    good = [percentile(word, p95 * part) for word, part in (("p50", 0.4), ("p95", 1.0), ("p99", 1.6))]
    return {
        "family": "http",
        "name": name,
        "requests": requests,
        "errors": errors,
        "error_inflation": clustering,
        "error_degrees": degrees,
        "good": good,
        "every": copy.deepcopy(good) if errors else None,
    }


def baseline(count: int = 5, *, steady_s: int = 180, **figures: Any) -> list[dict[str, Any]]:
    """Runs that differ by 1 % or so."""
    p95 = figures.pop("p95", 200.0)
    return [
        run_of(name_of(p95=p95 * (1 + 0.01 * (index % 3 - 1)), **figures), seed=10 + index, steady_s=steady_s)
        for index in range(count)
    ]
