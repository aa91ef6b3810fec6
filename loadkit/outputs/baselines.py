"""Baselines as text and as data: the list of them, and one with its runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from loadkit.outputs.base import counted, printable
from loadkit.report.baselines import Baseline
from loadkit.report.facts import Run
from loadkit.report.noise import Calibration
from loadkit.units import NS_PER_MS, format_duration_ns, format_share


def list_lines(baselines: Sequence[Baseline]) -> Iterator[str]:
    """Yield a table of baselines."""
    if not baselines:
        yield "no baseline is set; make one of the last runs that passed: loadkit baseline set main --last 5"
        return
    width = max(8, *(len(baseline.name) for baseline in baselines))
    yield f"{'baseline':<{width}}  {'kind':<8}  {'runs':>4}  {'updated':<16}  {'fingerprint':<16}  of"
    for one in baselines:
        of = printable(f"{one.runs[-1].name}, {one.runs[-1].target}") if one.runs else "none of its runs is left"
        yield (
            f"{one.name:<{width}}  {one.kind:<8}  {len(one.runs):>4}  {one.updated_at:%Y-%m-%d %H:%M}  "
            f"{one.fingerprint or '':<16}  {of}"
        )


def baseline_lines(baseline: Baseline, noise: Calibration | None) -> Iterator[str]:
    """Yield what a baseline is, and its runs."""
    size = "" if baseline.size is None else f", the last {baseline.size} that were accepted"
    yield f"{baseline.name}: {baseline.kind}, {counted(len(baseline.runs), 'run')}{size}"
    yield f"  fingerprint  {baseline.fingerprint or 'none'}"
    yield f"  updated      {baseline.updated_at:%Y-%m-%d %H:%M} UTC"
    yield f"  noise        {noise_text(noise)}"
    yield ""
    yield from _runs(baseline.runs)
    if baseline.moved:
        yield ""
        yield "it began with, and drift is measured against:"
        yield from _runs(baseline.first)


def noise_text(noise: Calibration | None) -> str:
    """Return what runs are taken to differ by."""
    if noise is None:
        return "5% between runs is assumed; `loadkit baseline calibrate` measures it"
    return f"{noise.tau:.1%} between runs, measured with {noise.runs} runs on {noise.measured_at:%Y-%m-%d}"


def baseline_data(baseline: Baseline, noise: Calibration | None) -> dict[str, Any]:
    """Return a baseline as plain data."""
    return {
        "name": baseline.name,
        "kind": baseline.kind,
        "size": baseline.size,
        "fingerprint": baseline.fingerprint,
        "updated_at": baseline.updated_at.isoformat(timespec="seconds"),
        "noise": None if noise is None else {"tau": noise.tau, "runs": noise.runs},
        "runs": [run.id for run in baseline.runs],
        "first": [run.id for run in baseline.first],
    }


def _runs(runs: Sequence[Run]) -> Iterator[str]:
    yield f"{'run':<20}  {'started':<16}  {'requests':>9}  {'p50':>8}  {'p95':>8}  {'p99':>8}  {'errors':>7}"
    for run in runs:
        times = "  ".join(f"{_time(value):>8}" for value in (run.p50_ms, run.p95_ms, run.p99_ms))
        errors = "-" if run.error_rate is None else format_share(run.error_rate)
        yield f"{run.id:<20}  {run.started_at:%Y-%m-%d %H:%M}  {run.requests:>9,}  {times}  {errors:>7}"


def _time(ms: float | None) -> str:
    return "-" if ms is None else format_duration_ns(ms * NS_PER_MS)
