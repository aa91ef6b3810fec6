"""Each of several runs beside the first: what `loadkit compare` says of it, in one line and series by series.

What a change is more than, chance or not, is said here alone: figures that stand side by side are marked by it and by nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from loadkit.analysis.compare import Comparison, compare
from loadkit.analysis.series import Verdict
from loadkit.outputs.comparison import comparison_lines, outcome
from loadkit.outputs.paper import Report, legible

_MESSAGE = 1000
_MOST = 100
_MARKS = {Verdict.REGRESSION: "regression", Verdict.IMPROVEMENT: "improvement"}


@dataclass(frozen=True, slots=True)
class Beside:
    """What was found of a run beside the first, or nothing, as of the first itself.

    `times` are the verdicts on percentiles of responses that were good, by name and percentile; `errors` those on error rates by
    name; the name of all is None where there is one kind of requests alone.
    """

    comparison: Comparison | None = None
    times: dict[tuple[str | None, str], Verdict] = field(default_factory=dict)
    errors: dict[str | None, Verdict] = field(default_factory=dict)

    def time(self, name: str | None, percentile: str) -> str:
        """Return "regression" or "improvement" where one was found of a percentile, else nothing."""
        return _MARKS.get(self.times.get((name, percentile), Verdict.PASS), "")

    def error(self, name: str | None) -> str:
        """Return "regression" or "improvement" where one was found of an error rate, else nothing."""
        return _MARKS.get(self.errors.get(name, Verdict.PASS), "")


def beside(reports: Sequence[Report], known: Sequence[Comparison] | None = None) -> list[Beside]:
    """Return what each report comes to beside the first; `known` are the comparisons where somebody has made them already."""
    made = [compare(report, reports[:1]) for report in reports[1:]] if known is None else known
    return [Beside(), *map(_found, made)]


def beside_view(label: str, found: Beside) -> dict[str, Any] | None:
    """Return what a page says of a run beside the first; None of the first itself."""
    if found.comparison is None:
        return None
    word, why = outcome(found.comparison)
    lines = [legible(line.strip(), _MESSAGE) for line in comparison_lines(found.comparison)]
    if found.comparison.verdict is Verdict.INVALID:
        word, lines = "NOT COMPARED", []
    return {
        "label": label,
        "word": word,
        "tone": _tone(found.comparison.verdict),
        "why": legible(why, _MESSAGE),
        "lines": lines[:_MOST],
    }


def _found(comparison: Comparison) -> Beside:
    families = {one.family for one in comparison.series} | {one.family for one in comparison.errors}
    alone = len(families) == 1
    return Beside(
        comparison,
        {
            (one.name, one.percentile): one.verdict
            for one in comparison.series
            if one.of == "good" and (one.name or alone)
        },
        {one.name: one.verdict for one in comparison.errors if one.name or alone},
    )


def _tone(verdict: Verdict) -> str:
    if verdict is Verdict.REGRESSION:
        return "bad"
    return "good" if verdict in (Verdict.PASS, Verdict.IMPROVEMENT) else "warn"
