"""A run as comparisons read it from its report, and what of it forbids to compare it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadkit.report.fingerprint import PARTS
from loadkit.report.interventions import changed_load, stopped_by
from loadkit.stats.contrast import Level
from loadkit.stats.proportions import Share

LONGER_ABOVE = 1.5
Series = tuple[str, str | None]
"""A family, http or python, and a name; None for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A percentile in milliseconds; `level` is None where it has no interval, and `note` says why.

    `half` says that its interval is open above: enough to find a regression by, not to exclude one.
    """

    value_ms: float
    level: Level | None
    half: bool
    samples: int
    effective_samples: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was seen of one name: percentiles of the requests that went well and of all, and errors."""

    requests: int
    errors: Share
    good: Mapping[str, Quantile]
    every: Mapping[str, Quantile]
    has_failures: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One run. `faults` say why it measured nothing that could be compared, `failed` why it is no baseline."""

    run: str
    identity: tuple[Any, ...]
    faults: tuple[str, ...]
    failed: str
    parts: Mapping[str, str]
    words: Mapping[str, str]
    steady_s: int
    lag_p99_ms: float
    series: Mapping[Series, Observed]


def read(report: Mapping[str, Any]) -> Reading:
    """Read a report. What is none, is of a version before there were comparisons, or is damaged has a fault that says so."""
    body = report.get("loadkit")
    if not isinstance(body, Mapping) or "measures" not in body:
        return _unreadable(body if isinstance(body, Mapping) else {})
    try:
        return _read(body)
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        return _faulty(body, f"its report is damaged ({error!r})")


def _read(body: Mapping[str, Any]) -> Reading:
    measures = body["measures"]
    return Reading(
        run=_name(body),
        identity=(body.get("run"), body.get("started_at"), body.get("digest"), body.get("seed")),
        faults=tuple(_faults(body)),
        failed="" if body.get("exit_code") == 0 else f"it did not pass (exit code {body.get('exit_code')})",
        parts={part: body["fingerprint"][part] for part in PARTS},
        words=_words(body),
        steady_s=measures["steady_s"],
        lag_p99_ms=measures["lag_p99_ms"],
        series={(one["family"], one["name"]): _observed(one) for one in measures["series"]},
    )


def _unreadable(body: Mapping[str, Any]) -> Reading:
    made_by = body["versions"].get("loadkit") if isinstance(body.get("versions"), Mapping) else None
    fault = (
        f"it was made by loadkit {made_by}, which measured nothing to compare" if made_by else "it is no loadkit report"
    )
    return _faulty(body, fault)


def _faulty(body: Mapping[str, Any], fault: str) -> Reading:
    return Reading(
        run=_name(body),
        identity=(),
        faults=(fault,),
        failed="",
        parts={},
        words={},
        steady_s=0,
        lag_p99_ms=0.0,
        series={},
    )


def _name(body: Mapping[str, Any]) -> str:
    return str(body.get("run") or f"the run of {body.get('started_at', 'an unknown time')}")


def _faults(body: Mapping[str, Any]) -> list[str]:
    faults = []
    if body["measurement"]["status"] == "invalid":
        faults.append(f"its measurement is INVALID ({'; '.join(body['measurement']['reasons'])})")
    if body.get("signal"):
        faults.append(f"it was ended early by {body['signal']}, so the load was another")
    if person := stopped_by(body):
        faults.append(f"it was stopped early by {person}, so the load was another")
    if changes := changed_load(body):
        faults.append(f"people changed its load ({changes})")
    if body.get("aborted_by"):
        faults.append(f"it was ended early by `{body['aborted_by']['objective']}`, so the load was another")
    if not body["measures"]["series"]:
        faults.append("it made no requests that are judged")
    return faults


def _words(body: Mapping[str, Any]) -> dict[str, str]:
    """Return how each part of the fingerprint is called when it differs."""
    seconds = sum(phase["duration_s"] for phase in body["phases"])
    return {
        "scenario": f"{', '.join(body['files']) or body['name']} {body['fingerprint']['scenario'][:8]}",
        "phases": f"{len(body['phases'])} of {seconds:g} s in all, {body['fingerprint']['phases'][:8]}",
        "target": body["fingerprint"]["target"],
        "host": body["fingerprint"]["host"],
    }


def _observed(one: Mapping[str, Any]) -> Observed:
    good = {found["percentile"]: _quantile(found) for found in one["good"]}
    every = good if one["every"] is None else {found["percentile"]: _quantile(found) for found in one["every"]}
    inflation = max(1.0, one["error_inflation"])
    return Observed(
        requests=one["requests"],
        errors=Share(one["errors"], one["requests"], one["requests"] / inflation),
        good=good,
        every=every,
        has_failures=one["every"] is not None,
    )


def _quantile(found: Mapping[str, Any]) -> Quantile:
    value, low, high = found["value_ms"], found["low_ms"], found["high_ms"]
    level = None
    if low and value > 0:
        # an upper half that is not known is taken to be half as long again as the lower one: tails are longer above
        high = high or value * (value / low) ** LONGER_ABOVE
        level = Level.of(value, low, high, found["degrees"])
    return Quantile(
        value_ms=value,
        level=level,
        half=level is not None and not found["high_ms"],
        samples=found["samples"],
        effective_samples=found["effective_samples"],
        note=found["note"],
    )
