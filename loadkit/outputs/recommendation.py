"""A recommendation as text for terminals and as Markdown for pull requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from loadkit.analysis.formula import RULE, number, run_formula
from loadkit.analysis.recommendation import Decision, Recommendation
from loadkit.analysis.standing import Gravity, Reason, Standing
from loadkit.outputs.base import Paint, plain, printable
from loadkit.outputs.layout import columns, titled_parts
from loadkit.outputs.markdown import MOST_BYTES, render
from loadkit.outputs.paper import legible
from loadkit.units import NS_PER_S, format_duration_ns

MOST_NOTES = 10
MOST_IN_MARKDOWN = 40
_NAME = 60
_COLOURS: Mapping[Decision, str] = {
    Decision.APPROVED: "green",
    Decision.WARNED: "yellow",
    Decision.BLOCKED: "red",
    Decision.NONE: "yellow",
}
_SIGNS: Mapping[Gravity, str] = {
    Gravity.CRITICAL: "red",
    Gravity.UNKNOWN: "yellow",
    Gravity.WARNING: "yellow",
    Gravity.NOTE: "dim",
}
_MARKS: Mapping[Decision, str] = {
    Decision.APPROVED: ":white_check_mark:",
    Decision.WARNED: ":warning:",
    Decision.BLOCKED: ":x:",
    Decision.NONE: ":grey_question:",
}


def recommendation_lines(made: Recommendation, *, paint: Paint = plain) -> Iterator[str]:
    """Yield a recommendation as text: runs, reasons with their places, the score with its formula, what to do, the decision."""
    yield ""
    yield paint(printable(f"Gate {made.gate} in {made.environment}"), "bold")
    yield f"  {_time(made)}"
    parts: list[tuple[str, Iterable[str]]] = [
        ("Runs", _table(made)),
        ("Reasons", _reasons(made, paint)),
        ("Health score", _health(made)),
        ("Next", [printable(step) for step in made.steps]),
    ]
    yield from titled_parts(parts, paint)
    yield ""
    yield paint(conclusion(made), _COLOURS[made.decision])


def conclusion(made: Recommendation) -> str:
    """Return the one line that says what the gate came to."""
    code = f" (exit code {made.exit_code:d})" if made.exit_code else ""
    return f"{made.decision.value.upper()}: {health_text(made)}{code}"


def health_text(made: Recommendation) -> str:
    """Return "health 87.5 of 100", or that it is unknown."""
    score = made.health.score
    return "health unknown" if score is None else f"health {number(score)} of 100"


def _time(made: Recommendation) -> str:
    taken = format_duration_ns(made.elapsed_s * NS_PER_S)
    if made.budget_s is None:
        return f"took {taken}; there is no budget"
    over = "" if made.elapsed_s <= made.budget_s else ", which is over it"
    return f"took {taken} of a budget of {format_duration_ns(made.budget_s * NS_PER_S)}{over}"


def _table(made: Recommendation) -> Iterator[str]:
    rows = [("run", "came to", "score", "weight", "time"), *map(_row, made.runs)]
    return columns(rows, left=(0, 1))


def _row(run: Standing) -> tuple[str, str, str, str, str]:
    optional = "" if run.attempt.required else " (not required)"
    tries = f", {run.attempt.tries} tries" if run.attempt.tries > 1 else ""
    score = number(run.score.points) if run.score else "?"
    report = run.attempt.report
    taken = format_duration_ns(report["loadkit"]["elapsed_s"] * NS_PER_S) if report else "-"
    return legible(run.name, _NAME), f"{run.state.value}{tries}{optional}", score, number(run.attempt.weight), taken


def _reasons(made: Recommendation, paint: Paint) -> Iterator[str]:
    for reason in _shown(made):
        at = f"  {reason.at}" if reason.at else ""
        word = reason.gravity.value.ljust(len(Gravity.CRITICAL.value))
        yield f"{paint(word, _SIGNS[reason.gravity])}  {printable(f'{reason.run}: {reason.text}{at}')}"
    hidden = len(made.reasons) - len(_shown(made))
    if hidden:
        yield f"and {hidden} more notes, which --json lists"


def _shown(made: Recommendation) -> list[Reason]:
    """Return the reasons that are shown: all that count, and some notes."""
    notes = [reason for reason in made.reasons if reason.gravity is Gravity.NOTE]
    return [reason for reason in made.reasons if reason.gravity is not Gravity.NOTE] + notes[:MOST_NOTES]


def _health(made: Recommendation) -> Iterator[str]:
    yield from RULE
    for run in made.runs:
        if run.score:
            yield f"{legible(run.name, _NAME)}: {run_formula(run.score)}"
    yield from (printable(line) for line in made.health.formula)
    yield health_text(made)


# --------------------------------------------------------------------------------------------------------------- markdown


def recommendation_markdown(made: Recommendation) -> str:
    """Return a recommendation as Markdown, the decision first."""
    return "\n".join(_markdown(made)) + "\n"


def gate_markdown(made: Recommendation) -> str:
    """Return the same with a section for each run, as far as there is room in a comment."""
    first = recommendation_markdown(made)
    runs = render(made.reports).decode() if made.reports else ""
    whole = f"{first}\n---\n\n{runs}"
    return whole if runs and len(whole.encode()) <= MOST_BYTES else first


def _markdown(made: Recommendation) -> Iterator[str]:
    yield f"## {_MARKS[made.decision]} {made.decision.value.capitalize()}: {health_text(made)}"
    yield ""
    yield f"Gate {_inline(made.gate)} in {_inline(made.environment)}, {_time(made)}."
    yield ""
    yield "| run | came to | score | weight | time |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for run in made.runs:
        yield f"| {' | '.join(_inline(cell) for cell in _row(run))} |"
    if made.reasons:
        yield ""
        yield "### Reasons"
        yield ""
        shown = _shown(made)[:MOST_IN_MARKDOWN]
        for reason in shown:
            at = f" (`{_code(str(reason.at))}`)" if reason.at else ""
            yield f"- **{reason.gravity.value}** {_inline(f'{reason.run}: {reason.text}')}{at}"
        if len(made.reasons) > len(shown):
            yield f"- and {len(made.reasons) - len(shown)} more, which --json lists"
    yield ""
    yield "### Next"
    yield ""
    yield from (f"- {_inline(step)}" for step in (*made.steps[: MOST_IN_MARKDOWN - 1], made.steps[-1]))
    yield ""
    yield "<details><summary>How the health score comes about</summary>"
    yield ""
    yield from (f"- {_inline(line)}" for line in _health(made))
    yield ""
    yield "</details>"


_ESCAPED = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#~&@"})
_LONGEST = 300


def _inline(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line and not without end."""
    shown = printable(text).replace("\t", " ")
    return (shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}...").translate(_ESCAPED)


def _code(text: str) -> str:
    return printable(text).replace("`", "'").replace("|", "/")
