"""The report of a run: Artillery's `aggregate` and `intermediate`, and beside them everything Artillery leaves out.

Times are in milliseconds there and carry their unit in their name here. The format only ever grows: a reader
ignores the keys it does not know.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loadkit import __version__
from loadkit.engine.result import RunResult
from loadkit.flow.apdex import apdex_of
from loadkit.metrics.family import HTTP, PYTHON
from loadkit.metrics.snapshot import Snapshot
from loadkit.report.commit import commit_of
from loadkit.report.fingerprint import cpu_model, fingerprint
from loadkit.report.health import health
from loadkit.report.interventions import interventions_data
from loadkit.report.measures import measures
from loadkit.report.observe import observe_data
from loadkit.report.parts import parts, position
from loadkit.report.recovery import recovery_data
from loadkit.report.requests import calls_data, requests_data
from loadkit.report.slos import slo_data
from loadkit.report.timeline import COLUMNS, Timeline
from loadkit.scenario.judged import active_s
from loadkit.scenario.shown import shown_source
from loadkit.slo.evaluate import Verdict
from loadkit.slo.watch import Abort
from loadkit.slo.window import Breaches, Window
from loadkit.units import NS_PER_MS, NS_PER_S

FORMAT = 1
SERIES = (
    *HTTP.times,
    *PYTHON.times,
    "vusers.session_length",
    "generator.lag",
    "generator.loop_lag",
    "generator.gc_pause",
)
_LIBRARIES = ("uvloop", "httptools", "aiofastnet", "numpy", "msgspec")


def build_report(result: RunResult, timeline: Timeline, *, run: str | None = None) -> dict[str, Any]:
    """Return the report of a run as plain data; `timeline` is what was collected while the run went on, `run` its id."""
    return {
        "aggregate": timeline.aggregate(result.summary, active_s(result.plan, result.summary.end_ns, warmup=True)),
        "intermediate": timeline.intermediate(),
        "loadkit": {
            "format": FORMAT,
            "run": run,
            **_origin(result),
            **_course(result),
            "requests": requests_data(result.summary),
            "calls": calls_data(result.summary),
            "metrics": timeline.measured(result.summary),
            "series": _series(result.summary),
            "measures": measures(result),
            "comparison": None,
            "drift": None,
            "exports": [],
            "merged": None,
            "apdex": _apdex(result),
            "recovery": recovery_data(result),
            "health": health(result.plan, result.summary),
            "timeline": {"columns": list(COLUMNS), "rows": timeline.rows},
            "heat": timeline.heat.data(),
            "observe": observe_data(result, timeline.observed),
            "examples": examples_data(result.summary),
            "source": shown_source(result.plan),
        },
    }


def _origin(result: RunResult) -> dict[str, Any]:
    """Return what ran, where, and with what."""
    plan, made_by = result.plan, generator()
    return {
        "fingerprint": fingerprint(plan, made_by["host"]),
        "name": plan.name,
        "target": plan.secrets.mask(result.target),
        "ways": list(plan.ways),
        "insecure": plan.insecure,
        "files": list(result.files),
        "tags": dict(result.tags),
        "digest": plan.digest,
        "seed": plan.seed,
        "timeout_multiplier": plan.settings.timeout_multiplier,
        "workers": result.workers,
        **made_by,
    }


def _apdex(result: RunResult) -> dict[str, Any] | None:
    found = apdex_of(result.plan.config, result.summary)
    if found is None:
        return None
    return {
        "threshold_ms": found.limit_ns / NS_PER_MS,
        "satisfied": found.satisfied,
        "tolerated": found.tolerated,
        "frustrated": found.frustrated,
        "score": round(found.score, 4),
        "ranking": found.ranking,
    }


def _course(result: RunResult) -> dict[str, Any]:
    """Return how it went and what it came to."""
    return {
        "started_at": datetime.fromtimestamp(result.started_at, UTC).isoformat(timespec="milliseconds"),
        "elapsed_s": round(result.elapsed_s, 3),
        "signal": result.signal,
        "aborted_by": _abort(result.aborted_by),
        "after_failed": result.after_failed,
        "interventions": interventions_data(result.interventions),
        "exit_code": int(result.exit_code),
        **parts(result),
        "measurement": {
            "status": result.measurement.status.value,
            "reasons": list(result.measurement.reasons),
            "notes": list(result.measurement.notes),
        },
        "verdicts": [result.plan.secrets.hide(_verdict(verdict)) for verdict in result.verdicts],
        "slos": [result.plan.secrets.hide(slo_data(found)) for found in result.slos],
        "warnings": [
            {"code": warning.code, "message": warning.message, "at": position(warning.at)}
            for warning in result.plan.warnings
        ],
    }


def generator() -> dict[str, Any]:
    """Return what makes the load here: commit, versions and machine."""
    return {
        "commit": commit_of(Path.cwd(), os.environ),
        "versions": _versions(),
        "host": {
            "system": platform.system(),
            "machine": platform.machine(),
            "cpus": os.cpu_count() or 1,
            "cpu": cpu_model(),
        },
    }


def _abort(abort: Abort | None) -> dict[str, Any] | None:
    return {"objective": abort.objective_text, "second": abort.second} if abort else None


def _versions() -> dict[str, str]:
    versions = {"loadkit": __version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue  # uvloop and aiofastnet do not exist everywhere
    return versions


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "objective": verdict.objective_text,
        "origin": verdict.origin,
        "status": verdict.status.value,
        "strict": verdict.strict,
        "severity": verdict.severity.value,
        "name": verdict.name,
        "tags": dict(verdict.tags),
        "scope": verdict.scope,
        "window": _window(verdict.window),
        "observed": verdict.observed,
        "limit": verdict.limit,
        "unit": verdict.unit,
        "observed_text": verdict.observed_text,
        "limit_text": verdict.limit_text,
        "low": verdict.low,
        "high": verdict.high,
        "note": verdict.note,
        "steady_s": verdict.steady_s,
        "samples": verdict.samples,
        "reason": verdict.reason,
        "breaches": _breaches(verdict.breaches),
        "at": position(verdict.at),
    }


def _window(window: Window | None) -> dict[str, Any] | None:
    return {"logic": window.logic.value, "seconds": window.seconds} if window else None


def _breaches(found: Breaches | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "judged": found.judged,
        "bad": found.bad,
        "longest_row_s": found.row,
        "first_bad_s": found.first_bad_s,
        "failed_s": found.failed_s,
        "at_failure": found.at_failure,
        "worst": found.worst,
        "worst_s": found.worst_s,
    }


def _series(summary: Snapshot) -> list[dict[str, Any]]:
    found = ((metric, label) for metric in SERIES for label in summary.labels(metric))
    return [
        {
            "metric": metric,
            "label": label,
            "count": histogram.total,
            "sum_ns": histogram.sum_ns,
            "min_ns": histogram.min_ns,
            "max_ns": histogram.max_ns,
            "clamped": histogram.clamped,
            "hdr": histogram.encode(),
        }
        for metric, label in found
        if (histogram := summary.histogram(metric, label)).total
    ]


def examples_data(summary: Snapshot) -> dict[str, list[dict[str, Any]]]:
    """Return the first few texts of each error, each with the instant at which it was seen."""
    return {
        error: [{"t_s": round(at_ns / NS_PER_S, 3), "text": text} for at_ns, text in texts]
        for error, texts in sorted(summary.examples.items())
    }
