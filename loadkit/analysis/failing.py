"""Error rates of a run beside those of its baseline: compared before any latency.

    regression                L > 0 after Holm, a tenth of a point or more: minor, from 1 point on major, from 5 critical
    improvement               U < 0 and as much to the other side
    within_noise_but_slower   L > 0 after Holm, but less than that
    pass                      U < 1 point; 100 s of steady load are needed to say so
    inconclusive              everything else

with [L, U] Newcombe's interval of the difference, in which failures that come together count once (`stats/proportions`). A run
without failures does not show how they come; it is taken to be as they came in the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loadkit.analysis.reading import Series
from loadkit.analysis.series import ErrorComparison, Verdict
from loadkit.analysis.sides import LEAST_S, Sides
from loadkit.stats.intervals import CERTIFIED_S
from loadkit.stats.proportions import Share, difference, pooled


def measure_errors(sides: Sides, series: Series, *, gated: bool) -> ErrorComparison:
    """Return the figures of an error rate, without a verdict yet."""
    held = [reading.series[series].errors for reading in sides.base if series in reading.series]
    new = sides.new.series[series].errors
    made = ErrorComparison(
        family=series[0],
        name=series[1],
        gated=gated,
        verdict=Verdict.UNRESOLVED,
        baseline_errors=sum(share.part for share in held),
        baseline_requests=sum(share.whole for share in held),
        baseline_runs=len(held),
        errors=new.part,
        requests=new.whole,
    )
    if not made.requests or not made.baseline_requests:
        return replace(made, note="not measured in the baseline")
    new, *held = _clustered([new, *held])
    base, dispersion = pooled(held)
    found = difference(replace(new, effective=new.effective / dispersion), base)
    return replace(made, difference=found.value, low=found.low, high=found.high, p_value=found.p_value)


def _clustered(shares: Sequence[Share]) -> list[Share]:
    """Return shares of which those without failures have as many independent requests as failures elsewhere would leave."""
    inflation = max((share.whole / share.effective for share in shares if share.part), default=1.0)
    return [share if share.part else replace(share, effective=share.whole / inflation) for share in shares]


def judge_errors(sides: Sides, made: ErrorComparison, p_adjusted: float) -> ErrorComparison:
    """Return the comparison with its verdict."""
    if made.difference is None or made.low is None or made.high is None:
        return made
    if sides.steady_s < LEAST_S:
        return replace(made, note="too short")
    steps, note = sides.settings.errors, ""
    significant = p_adjusted < sides.settings.alpha
    if not made.errors and not made.baseline_errors:
        note = f"no errors in both, so below {300 / made.requests:.2g} %"
    severity = steps.severity(made.difference) if made.low > 0 and significant else None
    if severity is not None:
        verdict = Verdict.REGRESSION
    elif made.high < 0 and significant and made.difference <= -steps.minor:
        verdict = Verdict.IMPROVEMENT
    elif made.low > 0 and significant:
        verdict = Verdict.WITHIN_NOISE
    elif made.high < steps.major and sides.steady_s >= CERTIFIED_S:
        verdict = Verdict.PASS
    else:
        verdict = Verdict.INCONCLUSIVE
    made = replace(made, verdict=verdict, severity=severity, p_adjusted=p_adjusted, note=note)
    return replace(made, blocked=made.gated and sides.blocks(steps, severity, made.low, made.baseline_runs))
