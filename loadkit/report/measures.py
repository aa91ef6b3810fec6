"""What a comparison needs of one run, as data and its schema; nothing is rounded, since differences are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.engine.result import RunResult
from loadkit.metrics.measures import Measured, Measures
from loadkit.report.shapes import Schema, choice, integer, list_of, nullable, number, object_of, text
from loadkit.stats.intervals import Estimate
from loadkit.units import NS_PER_MS


def measures(result: RunResult) -> dict[str, Any]:
    """Return what a run is compared by."""
    return measures_data(result.measures)


def measures_data(found: Measures) -> dict[str, Any]:
    """Return measures as plain data."""
    return {
        "steady_s": found.steady_s,
        "left_out_s": found.begun_s,
        "lag_p99_ms": found.lag_p99_ns / NS_PER_MS,
        "series": [_series(measured) for measured in found.series],
    }


def _series(measured: Measured) -> dict[str, Any]:
    return {
        "family": measured.family.made.partition(".")[0],
        "name": measured.name,
        "requests": measured.requests,
        "errors": measured.errors,
        "error_inflation": measured.clustering.inflation,
        "error_degrees": measured.clustering.degrees,
        "good": _percentiles(measured.good),
        "every": None if measured.every is None else _percentiles(measured.every),
    }


def _percentiles(found: Mapping[str, Estimate]) -> list[dict[str, Any]]:
    return [
        {
            "percentile": name,
            "value_ms": estimate.value / NS_PER_MS,
            "low_ms": None if estimate.low is None else estimate.low / NS_PER_MS,
            "high_ms": None if estimate.high is None else estimate.high / NS_PER_MS,
            "samples": estimate.n,
            "effective_samples": estimate.n_eff,
            "degrees": estimate.degrees,
            "note": estimate.note,
        }
        for name, estimate in found.items()
    ]


def measures_schema() -> Schema:
    """Return the schema of the measures."""
    return object_of(
        "What a comparison with other runs is made of, unrounded. Percentiles are those of the steady part: without warm-up "
        "phases, else without the first tenth of the time (1 s at least, 30 s at most), and without what is left of a last second.",
        {
            "steady_s": integer("Seconds of steady load."),
            "left_out_s": integer("Seconds before them that were left out; 0 after a warm-up phase."),
            "lag_p99_ms": number("How late the generator began work on an arrival; 99 % were not later."),
            "series": list_of(
                "All requests and each request name; then all calls and each function.", _series_schema()
            ),
        },
    )


def _series_schema() -> Schema:
    percentiles = list_of("p50, p95 and p99; none without samples.", _percentile_schema())
    return object_of(
        "The requests of one name.",
        {
            "family": choice("What was made: requests, or calls of Python functions.", "http", "python"),
            "name": nullable(text("The name; null: all of them.")),
            "requests": integer("How many were made, without warm-up phases."),
            "errors": integer("How many of them got no valid response, or a 5xx; of calls: did not return."),
            "error_inflation": number(
                "How far errors came together: the variance of their number is so many times that of independent ones."
            ),
            "error_degrees": integer("Degrees of freedom behind that; 0: it is not known."),
            "good": {**percentiles, "description": "p50, p95 and p99 of those that went well; empty without any."},
            "every": nullable({**percentiles, "description": "Those of all, failed ones included; null: none failed."}),
        },
    )


def _percentile_schema() -> Schema:
    return object_of(
        "A percentile of the response time, from the intended instant on.",
        {
            "percentile": choice("Which one.", "p50", "p95", "p99"),
            "value_ms": number("Its value, interpolated within the histogram's bin."),
            "low_ms": nullable(number("Lower end of its 95 % interval; null where it is not known.")),
            "high_ms": nullable(number("Upper end of its 95 % interval; null where it is not known.")),
            "samples": integer("Number of samples."),
            "effective_samples": number("How many independent samples would know as much."),
            "degrees": integer("Degrees of freedom of Student's t behind the interval; 0: there is none."),
            "note": text("What is missing for a certified interval."),
        },
    )
