"""What the requests of each name came to, and the calls of each function: their counts and times, for the report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from loadkit.metrics.family import HTTP, PYTHON, Family
from loadkit.metrics.snapshot import Snapshot
from loadkit.report.parts import under
from loadkit.report.shapes import Schema, integer, number, object_of
from loadkit.units import NS_PER_MS

PARTS: Mapping[str, str] = {
    "dns": "Looking up the target's address.",
    "connect": "Opening a connection.",
    "tls": "Agreeing on keys.",
    "send": "Sending the request.",
    "first_byte": "Waiting for the first byte of the response.",
    "receive": "Receiving the rest of it.",
}
"""What a request's time is measured by, in the order of events."""


def requests_data(summary: Snapshot, names: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Return what the requests of each name came to, sorted; of these names alone where they are given."""
    counts = _by_name(summary)
    return [
        {
            "name": name,
            "requests": counts[name].get(HTTP.made, 0),
            "responses": counts[name].get(HTTP.done, 0),
            "codes": under("http.codes.", counts[name]),
            "errors": under("errors.", counts[name]),
            "checks_ok": counts[name].get("checks.ok", 0),
            "checks_failed": counts[name].get("checks.failed", 0),
            "downloaded_bytes": counts[name].get("http.downloaded_bytes", 0),
            "uploaded_bytes": counts[name].get("http.uploaded_bytes", 0),
            **_times(summary, HTTP, name),
            "timing_ms": timing(summary, name),
        }
        for name in sorted(counts)
        if HTTP.made in counts[name] and (names is None or name in names)
    ]


def calls_data(summary: Snapshot, names: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Return what the calls of each function came to, sorted; of these names alone where they are given."""
    counts = _by_name(summary)
    return [
        {
            "name": name,
            "calls": counts[name].get(PYTHON.made, 0),
            "returns": counts[name].get(PYTHON.done, 0),
            "errors": under("errors.", counts[name]),
            "checks_ok": counts[name].get("checks.ok", 0),
            "checks_failed": counts[name].get("checks.failed", 0),
            **_times(summary, PYTHON, name),
        }
        for name in sorted(counts)
        if PYTHON.made in counts[name] and (names is None or name in names)
    ]


def timing(summary: Snapshot, name: str | None = None) -> dict[str, dict[str, float]]:
    """Return what a request's time went into, part by part in the order of events: of one name, or of all.

    The parts of its connection are there only where some were opened.
    """
    made = {}
    for part in PARTS:
        histogram = summary.histogram(f"http.{part}", name)
        if histogram.total:
            p50, p95, p99 = (round(ns / NS_PER_MS, 3) for ns in histogram.percentiles_ns((50, 95, 99)))
            most = round(histogram.max_ns / NS_PER_MS, 3)
            made[part] = {"count": histogram.total, "p50": p50, "p95": p95, "p99": p99, "max": most}
    return made


def timing_schema() -> Schema:
    """Return the schema of what `timing` returns."""
    figures = {name: number("In milliseconds.") for name in ("p50", "p95", "p99", "max")}
    part = object_of("A part of it.", {"count": integer("How often it was measured."), **figures})
    made = object_of("What its time went into; parts of a connection only where some were opened.", {})
    return {**made, "properties": {name: {**part, "description": words} for name, words in PARTS.items()}}


def _by_name(summary: Snapshot) -> Mapping[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for (metric, label), count in summary.counters.items():
        if count or metric in (HTTP.made, PYTHON.made):
            counts.setdefault(label, {})[metric] = count
    return counts


def _times(summary: Snapshot, family: Family, name: str) -> dict[str, Any]:
    found = ((metric, summary.histogram(metric, name)) for metric in family.times)
    return {
        f"{metric.partition('.')[2]}_ms": dict(histogram.summary_ms()) for metric, histogram in found if histogram.total
    }
