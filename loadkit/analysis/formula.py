"""The health score's formula with its numbers, line by line, so that anybody can check it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadkit.analysis.standing import DOUBT, MOST_WORSE, POINT, Gravity, Score, Standing

RULE = (
    "score of a run = 100 - missed - worse - doubt, at least 0",
    "missed = 100 x (failed + warned / 2 + inconclusive / 4) / judged objectives",
    f"worse = % slower, or {POINT:g} x points of error rate more, where the baseline shows a regression; at most {MOST_WORSE:g}",
    f"doubt = {DOUBT:g} when the measurement is suspect",
)


def run_formula(score: Score) -> str:
    """Return a run's score with its numbers: "100 - 12.5 (1 failed of 8) - 0 - 0 = 87.5"."""
    parts = ((score.failed, "failed"), (score.warned, "warned"), (score.inconclusive, "inconclusive"))
    missed = [f"{number} {word}" for number, word in parts if number]
    of = f"{', '.join(missed) or 'none'} of {score.judged}" if score.judged else "no objectives"
    terms = f"100 - {number(score.missed)} ({of}) - {number(score.worse)} - {number(score.doubt)}"
    return f"{terms} = {number(score.points)}"


def health_formula(runs: Sequence[Standing], mean: float | None, cap: tuple[Gravity, float] | None) -> Iterator[str]:
    """Yield how the health score comes of the scores of runs; `cap` is what lowers it, and to what at most."""
    scored = [(run.attempt.weight, run.score.points) for run in runs if run.score is not None]
    missing = [run.name for run in runs if run.score is None]
    if missing:
        yield f"not known, and left out: {', '.join(missing)}"
    if mean is None:
        return
    sum_text = " + ".join(f"{number(weight)} x {number(points)}" for weight, points in scored)
    yield f"mean by weight = ({sum_text}) / {number(sum(weight for weight, _ in scored))} = {number(mean)}"
    if cap:
        found = "something is critical" if cap[0] is Gravity.CRITICAL else "there is a warning"
        yield f"at most {number(cap[1])}, since {found}"
    if any(run.score is None and run.attempt.required for run in runs):
        yield "unknown, since a run that is required has no score"


def number(value: float) -> str:
    """Return a number with one digit behind the point, if it has any: "87.5", "100"."""
    return f"{value:.1f}".removesuffix(".0")
