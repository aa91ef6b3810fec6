"""The interval of what a threshold is about: where a metric of slo/metric.py is kept in cells, and as which ratio."""

from __future__ import annotations

from dataclasses import replace

from loadkit.metrics.estimates import Estimates
from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.track import CHECKS, ERRORS, Place
from loadkit.slo.confidence import Estimator
from loadkit.slo.evaluate import ratio_of
from loadkit.slo.metric import Kind, Selector
from loadkit.stats.intervals import Estimate

# An availability is what errors leave: it is enclosed by the error rate's interval turned round.
_RATIOS = {
    "http.error_rate": ERRORS,
    "http.availability": ERRORS,
    "python.error_rate": "python.error_rate",
    "checks.pass_rate": CHECKS,
}


def estimator(
    estimates: Estimates, numbers: Snapshot, *, phase: int | None = None, scenario: str | None = None
) -> Estimator:
    """Return what gives the intervals of `numbers`, which are those of a phase, of a scenario, or all that are judged."""

    def found(selector: Selector) -> Estimate | None:
        if selector.percent is not None:
            return estimates.percentile(Place(selector.name, selector.label, phase, scenario), selector.percent)
        if selector.kind is Kind.RATIO and selector.name in _RATIOS:
            return _ratio(estimates, selector, numbers, Place(_RATIOS[selector.name], selector.label, phase, scenario))
        return None

    return found


def _ratio(estimates: Estimates, selector: Selector, numbers: Snapshot, place: Place) -> Estimate | None:
    part, whole = ratio_of(selector, numbers)
    found = estimates.ratio(place, whole - part if selector.name == "http.availability" else part, whole)
    if found is None or selector.name != "http.availability":
        return found
    low, high = (None if end is None else 1 - end for end in (found.high, found.low))
    return replace(found, value=part / whole, low=low, high=high)
