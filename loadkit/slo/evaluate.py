"""Judge a run: read each objective's number from the summary, compare, and say what was found in words.

A counter that never occurred is 0, and so is a pause of the generator. Any other time without samples, and a ratio of
nothing, have no value, so their objective fails and says why. When the measurement is invalid nothing is passed or
failed: what was observed is shown, judged INVALID.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from loadkit.errors import Position, Severity
from loadkit.flow.apdex import FRUSTRATED, SATISFIED, TOLERATED
from loadkit.metrics.family import HTTP, PYTHON
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.confidence import Estimator, decides
from loadkit.slo.expression import Confidence, Objective
from loadkit.slo.metric import GAUGES, Kind, Selector
from loadkit.slo.observed import missed
from loadkit.slo.text import limit_text, observed_text
from loadkit.slo.validity import Measurement, Validity
from loadkit.slo.window import Breaches, Window
from loadkit.stats.intervals import Estimate


class Status(Enum):
    """What was found about an objective."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An objective, judged.

    `observed` and `limit` are in `unit` (ns, count, bytes, ratio, per_s; "" for an expression), the texts are for people and
    never look alike when the numbers differ. `samples` is what the value rests on. Only a strict verdict fails a run.
    With a window `observed` is the worst value, and `breaches` say when it failed.
    """

    objective_text: str
    status: Status
    observed: float | None
    observed_text: str
    limit_text: str
    samples: int
    at: Position | None = None
    origin: str = "threshold"  # "threshold", "ensure" or "expect"
    strict: bool = True
    reason: str = ""
    limit: float | None = None
    unit: str = ""
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    scope: str = "global"
    window: Window | None = None
    breaches: Breaches | None = None
    low: float | None = None
    """With `high`, what encloses the value with 95 %, in `unit`; None where that is not known, and `note` says why."""
    high: float | None = None
    note: str = ""
    steady_s: float | None = None
    """The seconds of steady load that an interval was looked for in; None where none is kept."""

    @property
    def severity(self) -> Severity:
        """Return what a failure does: an error fails the run, a warning is shown."""
        return Severity.ERROR if self.strict else Severity.WARNING


@dataclass(frozen=True, slots=True)
class Observation:
    """A number of a run in its metric's unit; `value` is None, and `reason` says why, when there is none."""

    value: float | None
    samples: int
    reason: str = ""


_SELDOM = {"generator.gc_pause", "generator.stall"}  # of which none is good news, not a lack of samples

INVALID_REASON = "not judged: the measurement is invalid"


def evaluate(
    objectives: Iterable[Objective],
    summary: Snapshot,
    duration_s: float,
    *,
    measurement: Measurement,
    estimator: Estimator | None = None,
) -> tuple[Verdict, ...]:
    """Judge objectives in order. `duration_s` is the active time of the run: first arrival to the end.

    With an `estimator` verdicts carry the interval that encloses their value.
    """
    made = []
    for objective in objectives:
        seen = observe(objective.selector, summary, duration_s)
        found = estimator(objective.selector) if estimator and seen.value is not None else None
        made.append(_verdict(objective, seen, found, measurement))
    return tuple(made)


def settled(holds: bool, measurement: Measurement) -> Status:
    """Return the status of something that holds or not, INVALID when the measurement cannot be believed."""
    if measurement.status is Validity.INVALID:
        return Status.INVALID
    return Status.PASS if holds else Status.FAIL


def _verdict(objective: Objective, seen: Observation, found: Estimate | None, measurement: Measurement) -> Verdict:
    selector, limit = objective.selector, objective.limit
    status, reason = _judged(objective, seen, found, measurement)
    return Verdict(
        objective_text=objective.text,
        status=status,
        observed=seen.value,
        observed_text="no samples" if seen.value is None else observed_text(selector.kind, seen.value, limit),
        limit_text=f"{objective.operator.value} {limit_text(selector.kind, limit)}",
        samples=seen.samples,
        at=objective.at,
        strict=objective.severity is Severity.ERROR,
        reason=reason,
        limit=limit,
        unit=selector.kind.value,
        name=objective.name,
        tags=objective.tags,
        scope=objective.selection.text(selector.label),
        window=objective.window,
        low=found.low if found else None,
        high=found.high if found else None,
        note=found.note if found else "",
        steady_s=found.seconds if found else None,
    )


def _judged(
    objective: Objective, seen: Observation, found: Estimate | None, measurement: Measurement
) -> tuple[Status, str]:
    """Return what is found about an objective, and why where the value alone does not say it."""
    status = settled(seen.value is not None and objective.operator.holds(seen.value, objective.limit), measurement)
    if status is Status.INVALID:
        return status, INVALID_REASON
    if seen.value is None:
        return status, seen.reason
    if seen.samples < objective.min_samples:
        few = "1 sample" if seen.samples == 1 else f"{seen.samples} samples"
        return Status.INCONCLUSIVE, f"{few}, and min_samples is {objective.min_samples}"
    if objective.confidence is Confidence.POINT:
        return status, seen.reason
    if found is None:
        return Status.INCONCLUSIVE, f"no interval is known for {objective.selector.text}"
    certain = decides(objective.operator, objective.limit, found.low, found.high)
    if certain is None:
        return Status.INCONCLUSIVE, "" if found.low is None or found.high is None else "the interval holds the limit"
    return settled(certain, measurement), ""


def observe(selector: Selector, summary: Snapshot, duration_s: float) -> Observation:
    """Return the number that a selector refers to."""
    if selector.aggregate:
        return _observe_times(selector, summary)
    if selector.name.startswith(GAUGES):
        return _observe_gauge(selector, summary)
    samples = sum(summary.count(metric, selector.label) for metric in selector.samples)
    if selector.kind is Kind.RATIO:
        part, whole = ratio_of(selector, summary)
        if not whole:
            return Observation(None, 0, f"no samples: {_nothing(selector)}")
        return Observation(part / whole, samples)
    if selector.kind is Kind.RATE:
        return Observation(samples / duration_s if duration_s > 0 else 0.0, samples)
    return Observation(_count(summary, selector.name, selector.label), samples)


def _observe_gauge(selector: Selector, summary: Snapshot) -> Observation:
    """Read `worker.cpu.max`: of several workers the one with most, since the others do not make up for it."""
    name, _, fold = selector.name.rpartition(".")
    seen = summary.gauges_of(name).values()
    if not seen:
        return Observation(None, 0, f"no samples: {name} was never measured")
    values = [value for value in (_FOLDS[fold](gauge) for gauge in seen) if value is not None]
    if not values:
        return Observation(None, 0, f"no samples: {selector.name} is known at the end of a run alone")
    samples = sum(gauge.times for gauge in seen)
    return Observation((min if fold == "min" else max)(values), samples, missed(name, summary))


_FOLDS: Mapping[str, Callable[[Gauge], float | None]] = {
    "max": lambda gauge: gauge.most,
    "mean": lambda gauge: gauge.mean,
    "min": lambda gauge: gauge.least,
    "last": lambda gauge: gauge.value,
    "growth": lambda gauge: None,  # no matter of a single number: see slo/growing.py
}


def _observe_times(selector: Selector, summary: Snapshot) -> Observation:
    histogram = summary.histogram(selector.name, selector.label)
    samples = histogram.total
    if selector.aggregate == "count":
        return Observation(samples, samples)
    if not samples and selector.name in _SELDOM:
        return Observation(0, 0)
    if not samples:
        return Observation(None, 0, f"no samples: {_no_times(selector, summary)}")
    if selector.percent is not None:
        return Observation(histogram.percentile_ns(selector.percent), samples)
    values = {"mean": histogram.mean_ns(), "min": histogram.min_ns, "max": histogram.max_ns}
    return Observation(values[selector.aggregate], samples)


def _count(summary: Snapshot, name: str, label: str | None) -> int:
    if name.startswith("http.codes.") and name.endswith("xx"):
        return _statuses(summary, label, lambda status: status // 100 == int(name[-3]))
    return summary.count(name, label)


def _statuses(summary: Snapshot, label: str | None, wanted: Callable[[int], bool]) -> int:
    """Return how many responses had a status that is wanted."""
    return sum(
        count
        for (metric, name), count in summary.counters.items()
        if metric.startswith("http.codes.") and label in (None, name) and wanted(int(metric[len("http.codes.") :]))
    )


def ratio_of(selector: Selector, summary: Snapshot) -> tuple[int, int]:
    """Return the part and the whole of a ratio."""
    return _RATIOS[selector.name](summary, selector.label)


def _errors(summary: Snapshot, label: str | None) -> tuple[int, int]:
    requests = summary.count("http.requests", label)
    failures = requests - summary.count("http.responses", label)
    return failures + _statuses(summary, label, lambda status: status >= 500), requests


def _available(summary: Snapshot, label: str | None) -> tuple[int, int]:
    # From the counts: 1.0 - 0.001 is not the float nearest to 0.999, and `>= 99.9%` must hold for 999 of 1000.
    errors, requests = _errors(summary, label)
    return requests - errors, requests


def _not_returned(summary: Snapshot, label: str | None) -> tuple[int, int]:
    calls = summary.count(PYTHON.made, label)
    return calls - summary.count(PYTHON.done, label), calls


def _checks_held(summary: Snapshot, label: str | None) -> tuple[int, int]:
    ok = summary.count("checks.ok", label)
    return ok, ok + summary.count("checks.failed", label)


def _not_completed(summary: Snapshot, label: str | None) -> tuple[int, int]:
    # Of those that ended: in a part of a run others are still at work, or began before it.
    failed = summary.count("vusers.failed", label)
    return failed, failed + summary.count("vusers.completed", label)


def _apdex(summary: Snapshot, label: str | None) -> tuple[int, int]:
    counts = [summary.count(metric, label) for metric in (SATISFIED, TOLERATED, FRUSTRATED)]
    return 2 * counts[0] + counts[1], 2 * sum(counts)


_RATIOS: Mapping[str, Callable[[Snapshot, str | None], tuple[int, int]]] = {
    "http.error_rate": _errors,
    "http.availability": _available,
    PYTHON.error_rate: _not_returned,
    "checks.pass_rate": _checks_held,
    "vusers.error_rate": _not_completed,
    "apdex": _apdex,
}


def _nothing(selector: Selector) -> str:
    what = {"checks": "no check was made", "vusers": "no virtual user ended", "python": "no function was called"}
    text = what.get(selector.name.split(".")[0], "no request was made")
    return text if selector.label is None else f'{text} for "{selector.label}"'


def _no_times(selector: Selector, summary: Snapshot) -> str:
    whose = "" if selector.label is None else f' of "{selector.label}"'
    for family, ending in ((HTTP, "requests{} got a valid response"), (PYTHON, "calls{} returned")):
        if selector.name in (family.response_time, family.service_time):
            made = summary.count(family.made, selector.label)
            return f"none of {made} {ending.format(whose)}" if made else _nothing(selector)
    return f"{selector.name}{whose} was never measured"
