"""Compare a run with the runs of a baseline: errors first, then latencies, then one verdict.

Deciding are p95 and error rate of all requests and of each name that has 5 % of them or more; their p-values are adjusted after
Holm, so that a run without a change is called a regression no more often for having many endpoints. Everything else informs; it is
adjusted by itself.

Where no baseline run is left to compare with, or the run itself cannot be compared, the verdict is invalid, which is an exit code
of its own: what could not be compared has not passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from loadkit.analysis.acceptance import accepted, summed
from loadkit.analysis.comparison import Comparison
from loadkit.analysis.failing import judge_errors, measure_errors
from loadkit.analysis.latency import Asked, judge_latency, measure_latency
from loadkit.analysis.policy import Settings, Severity
from loadkit.analysis.reading import Reading, Series, read
from loadkit.analysis.series import ErrorComparison, SeriesComparison, Verdict
from loadkit.analysis.sides import BLOCKING_RUNS, LEAST_S, Sides
from loadkit.stats.holm import holm

__all__ = ["Comparison", "ErrorComparison", "SeriesComparison", "Settings", "Severity", "Verdict", "compare"]

DECIDING_SHARE = 0.05
"""Share of all requests from which on a name decides."""
DECIDING = "p95"
PERCENTILES = ("p50", "p95", "p99")

Report = Mapping[str, Any]
_Found = SeriesComparison | ErrorComparison


def compare(
    report: Report, baselines: Sequence[Report], settings: Settings | None = None, *, name: str = ""
) -> Comparison:
    """Compare the report of a run with those of a baseline; `name` is what the baseline is called."""
    settings = settings or Settings()
    new = read(report)
    base, left_out, notes = accepted(new, [read(one) for one in baselines], settings)
    faults = list(new.faults)
    if not base and not faults:
        faults.append(f"none of the baseline's runs can be compared with: {summed(left_out) or 'there are none'}")
    comparison = Comparison(
        baseline=name,
        run=new.run,
        runs=tuple(reading.run for reading in base),
        left_out=tuple(left_out),
        settings=settings,
        verdict=Verdict.INVALID,
        reason="; ".join(faults),
    )
    if faults:
        return comparison
    if len(base) < BLOCKING_RUNS:
        notes.append(
            f"{len(base)} baseline {'run' if len(base) == 1 else 'runs'}: below {BLOCKING_RUNS} nothing blocks unless it is "
            f"certainly {settings.latency.critical:.0%} slower"
        )
    series, errors = _judged(new, base, settings)
    verdict, severity, reason = _overall(series, errors)
    steady_s = min(reading.steady_s for reading in (new, *base))
    if steady_s < LEAST_S:
        reason = f"{steady_s} s of steady load, without warm-up; {LEAST_S} s are needed to say anything"
    return replace(
        comparison,
        verdict=verdict,
        severity=severity,
        blocked=any(one.blocked for one in series) or any(one.blocked for one in errors),
        reason=reason,
        steady_s=steady_s,
        series=tuple(series),
        errors=tuple(errors),
        notes=tuple(notes),
    )


def _judged(
    new: Reading, base: Sequence[Reading], settings: Settings
) -> tuple[list[SeriesComparison], list[ErrorComparison]]:
    """Measure all series, adjust the p-values of those that decide, and judge."""
    names = _names(new, base)
    sides = Sides(new=new, base=base, settings=settings, deciding=max(1, 2 * sum(names.values())))
    latencies = [(measure_latency(sides, asked)) for asked in _asked(sides, names)]
    errors = [measure_errors(sides, series, gated=gated) for series, gated in names.items() if series in new.series]
    measured: list[_Found] = [*(made for made, _ in latencies), *errors]
    adjusted: dict[int, float] = {}
    for gated in (True, False):
        together = [one for one in measured if one.gated is gated and one.p_value is not None]
        adjusted.update(zip(map(id, together), holm([one.p_value or 0.0 for one in together]), strict=True))

    def p(one: _Found) -> float:
        return adjusted.get(id(one), 1.0)

    return (
        [judge_latency(sides, made, found, p(made)) for made, found in latencies],
        [judge_errors(sides, made, p(made)) for made in errors],
    )


def _names(new: Reading, base: Sequence[Reading]) -> dict[Series, bool]:
    """Return all series, and which of them decide: all of a family, and each name with its share; one that is alone is all."""
    known = dict.fromkeys(series for reading in (new, *base) for series in reading.series)
    decides = {}
    for family, name in known:
        alone = sum(1 for other in known if other[0] == family) == 2
        shares = [_share(reading, (family, name)) for reading in (new, *base)]
        decides[family, name] = max(shares) >= DECIDING_SHARE and not (alone and name is None)
    return decides


def _share(reading: Reading, series: Series) -> float:
    seen, whole = (
        reading.series.get(series),
        sum(observed.requests for (_, name), observed in reading.series.items() if name is None),
    )
    return seen.requests / whole if seen and whole else 0.0


def _asked(sides: Sides, names: Mapping[Series, bool]) -> Iterator[Asked]:
    for series, decides in names.items():
        for percentile in PERCENTILES:
            yield Asked(series=series, percentile=percentile, of="good", gated=decides and percentile == DECIDING)
        seen = [reading.series[series] for reading in (sides.new, *sides.base) if series in reading.series]
        for percentile in PERCENTILES if any(observed.has_failures for observed in seen) else ():
            yield Asked(series=series, percentile=percentile, of="every", gated=False)


def _overall(
    series: Sequence[SeriesComparison], errors: Sequence[ErrorComparison]
) -> tuple[Verdict, Severity | None, str]:
    """Return the verdict on the run: the worst of what decides."""
    found: list[_Found] = [*errors, *series]
    deciding = [one for one in found if one.gated]
    worse = [one for one in deciding if one.verdict is Verdict.REGRESSION]
    if worse:
        severity = max((one.severity for one in worse if one.severity), key=lambda found: found.rank)
        return Verdict.REGRESSION, severity, ""
    seen = {one.verdict for one in deciding}
    if Verdict.INVALID in seen:
        return Verdict.INCONCLUSIVE, None, "latencies are not compared where error rates differ by more than a point"
    unresolved = [one.note for one in series if one.gated and one.verdict is Verdict.UNRESOLVED]
    if len(unresolved) == sum(1 for one in series if one.gated):
        return Verdict.UNRESOLVED, None, next(iter(unresolved), "nothing could be compared")
    if seen & {Verdict.INCONCLUSIVE, Verdict.UNRESOLVED}:
        return Verdict.INCONCLUSIVE, None, ""
    return (Verdict.IMPROVEMENT if Verdict.IMPROVEMENT in seen else Verdict.PASS), None, ""
