"""Percentiles of a run beside those of its baseline: the verdict on each.

In this order, with m the minor step (10 %), [L, U] the interval of the change and r the change itself:

    invalid                   error rates differ by more than a point: the fast may only be those that survived
    unresolved                no interval on one side, or less than 10 s of steady load; an interval that is open above in one of
                              the runs finds a regression, and is else unresolved
    improvement               U < 0 and r <= -m
    pass                      U < +m, or not even U is above the practical floor; 100 s of steady load are needed to say so
    regression                L > 0, r >= m, above the floor; significant after Holm
    within_noise_but_slower   L > 0, but r < m or below the floor
    inconclusive              everything else

The practical floor is max(1 ms, two bins of the histogram, the generator's own lag p99): below it nobody waits longer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from loadkit.analysis.reading import Quantile, Reading, Series
from loadkit.analysis.series import Advice, SeriesComparison, Verdict
from loadkit.analysis.sides import BLOCKING_RUNS, LEAST_S, Sides
from loadkit.stats.contrast import Contrast, contrast
from loadkit.stats.distributions import student_t
from loadkit.stats.intervals import CERTIFIED_S

SURVIVOR_POINTS = 0.01
"""Difference of error rates from which on latencies are those of different requests."""
_POWER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which percentile of which series, and whether it decides."""

    series: Series
    percentile: str
    of: str
    gated: bool


def measure_latency(sides: Sides, asked: Asked) -> tuple[SeriesComparison, Contrast | None]:
    """Return the figures of a percentile, without a verdict yet, and the contrast behind them; None where there is none."""
    new = _quantile(sides.new, asked)
    held = [seen for reading in sides.base if (seen := _quantile(reading, asked)) is not None]
    levels = [seen.level for seen in held if seen.level is not None]
    made = SeriesComparison(
        family=asked.series[0],
        name=asked.series[1],
        percentile=asked.percentile,
        of=asked.of,
        gated=asked.gated,
        verdict=Verdict.UNRESOLVED,
        baseline_ms=_geometric_mean([seen.value_ms for seen in held]),
        run_ms=new.value_ms if new else None,
        baseline_runs=len(levels),
        samples=new.samples if new else 0,
        effective_samples=new.effective_samples if new else 0.0,
        open_above=(new is not None and new.half) or any(seen.half for seen in held),
        note=_why_unresolved(new, held),
    )
    if new is None or new.level is None or not levels:
        return made, None
    found = contrast(new.level, levels, noise_floor=sides.settings.noise_floor)
    return _filled(sides, made, found), found


def _filled(sides: Sides, made: SeriesComparison, found: Contrast) -> SeriesComparison:
    """Return a comparison with the figures of its contrast."""
    reach, alpha = found.reach(sides.settings.alpha), sides.settings.alpha / (sides.deciding if made.gated else 1)
    base_ms = math.exp(found.base)
    seen_with = found.reach(alpha) + student_t(_POWER, found.degrees) * found.error
    return replace(
        made,
        baseline_ms=base_ms,
        ratio=math.expm1(found.delta),
        low=math.expm1(found.delta - reach),
        high=math.expm1(found.delta + reach),
        p_value=found.p_value,
        noise=found.tau,
        resolution=math.expm1(reach),
        detectable=max(math.expm1(seen_with), sides.settings.latency.minor, sides.floor_ms(base_ms) / base_ms),
        note=made.note if made.open_above else "",
    )


def judge_latency(sides: Sides, made: SeriesComparison, found: Contrast | None, p_adjusted: float) -> SeriesComparison:
    """Return the comparison with its verdict."""
    apart = _survivors(sides, (made.family, made.name))
    if apart is not None and made.of == "good":
        return replace(made, verdict=Verdict.INVALID, note=apart)
    if found is None:
        return made
    if sides.steady_s < LEAST_S:
        return replace(made, note="too short", advice=Advice(seconds=CERTIFIED_S))
    made = replace(made, p_adjusted=p_adjusted)
    verdict, note = _verdict(sides, found, p_adjusted)
    if made.open_above and verdict is not Verdict.REGRESSION:
        verdict, note = Verdict.UNRESOLVED, made.note
    severity = sides.settings.latency.severity(made.ratio or 0.0) if verdict is Verdict.REGRESSION else None
    made = replace(made, verdict=verdict, severity=severity, note=note)
    if verdict in (Verdict.INCONCLUSIVE, Verdict.UNRESOLVED):
        return replace(made, advice=_advice(sides, found))
    return replace(
        made, blocked=made.gated and sides.blocks(sides.settings.latency, severity, made.low, made.baseline_runs)
    )


def _verdict(sides: Sides, found: Contrast, p_adjusted: float) -> tuple[Verdict, str]:
    """Return the verdict on a change, and what there is to say about it."""
    reach, base_ms = found.reach(sides.settings.alpha), math.exp(found.base)
    change, low, high = (math.expm1(found.delta + by) for by in (0.0, -reach, reach))
    minor, floor_ms = sides.settings.latency.minor, sides.floor_ms(base_ms)
    significant, counts = p_adjusted < sides.settings.alpha, abs(change) * base_ms >= floor_ms
    if high < 0 and change <= -minor and counts and significant:
        return Verdict.IMPROVEMENT, ""
    if high < minor or high * base_ms < floor_ms:
        why = "" if high < minor else f"not even {high:+.0%} is more than {floor_ms:.2g} ms"
        if sides.steady_s >= CERTIFIED_S:
            return Verdict.PASS, why
        return Verdict.INCONCLUSIVE, f"nothing found, but {sides.steady_s} s certify nothing"
    if low <= 0:
        return Verdict.INCONCLUSIVE, ""
    if change < minor or not counts:
        return Verdict.WITHIN_NOISE, "" if counts else f"less than {floor_ms:.2g} ms"
    if not significant:
        return Verdict.INCONCLUSIVE, "not significant among so many comparisons"
    return Verdict.REGRESSION, ""


def _advice(sides: Sides, found: Contrast) -> Advice:
    """Return what would show a change of the minor step: T (h/h_target)² seconds, or 2 (t τ/h_target)² runs on each side."""
    target = math.log1p(sides.settings.latency.minor)
    reach = found.reach(sides.settings.alpha)
    if found.within > found.between:
        return Advice(seconds=max(CERTIFIED_S, math.ceil(sides.steady_s * (reach / target) ** 2)))
    if reach <= target and sides.steady_s < CERTIFIED_S:
        return Advice(seconds=CERTIFIED_S)
    return Advice(runs=max(BLOCKING_RUNS, math.ceil(2 * (reach / found.error * found.tau / target) ** 2)))


def _survivors(sides: Sides, series: Series) -> str | None:
    """Return why latencies cannot be compared, since other requests survived; None when they can."""
    new = sides.new.series.get(series)
    held = [reading.series[series].errors for reading in sides.base if series in reading.series]
    if new is None or not held:
        return None
    whole = sum(share.whole for share in held)
    apart = new.errors.value - sum(share.part for share in held) / max(1, whole)
    if abs(apart) <= SURVIVOR_POINTS:
        return None
    return f"error rates differ by {100 * abs(apart):.2g} points, so these are not the same requests"


def _quantile(reading: Reading, asked: Asked) -> Quantile | None:
    seen = reading.series.get(asked.series)
    if seen is None:
        return None
    return (seen.every if asked.of == "every" else seen.good).get(asked.percentile)


def _why_unresolved(new: Quantile | None, held: Sequence[Quantile]) -> str:
    if new is None:
        return "not measured in this run"
    if not held:
        return "not measured in the baseline"
    if new.level is None or new.half:
        return new.note or "no interval"
    return f"baseline: {next((seen.note for seen in held if seen.half or seen.level is None), '') or 'no interval'}"


def _geometric_mean(values: Sequence[float]) -> float | None:
    if not values or min(values) <= 0:
        return None
    return math.exp(math.fsum(math.log(value) for value in values) / len(values))
