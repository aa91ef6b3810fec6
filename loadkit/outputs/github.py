"""What GitHub Actions is told of runs: annotations beside the lines of scenario files, and outputs of the step.

Of each kind GitHub shows ten annotations of a step, so the gravest come first, and the tenth says how many more there are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadkit.analysis.formula import number
from loadkit.analysis.recommendation import Recommendation
from loadkit.analysis.standing import Cause, Gravity
from loadkit.errors import Position
from loadkit.outputs.paper import Report, legible
from loadkit.outputs.workflow import workflow_command
from loadkit.report.judgements import Judgement, Suite, by_weight, judgements, verdict_word
from loadkit.slo.evaluate import Status

MOST = 10
_TITLE = 120


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where a step runs: the directory that files are named from, and the repository's."""

    here: Path
    workspace: Path

    def path(self, file: str) -> str | None:
        """Return a file's path in the repository; None for one that lies elsewhere, or is no file but an option."""
        if not file or file.startswith("-"):
            return None
        found = Path(os.path.normpath(self.here / file))
        try:
            return found.relative_to(self.workspace).as_posix()
        except ValueError:
            return None


def annotate(reports: Sequence[Report], checkout: Checkout) -> list[str]:
    """Return a workflow command for what fails the runs, then for what only warns, at most ten of each."""
    held = [(report, judgement) for report in reports for judgement in judgements(report)]
    held.sort(key=lambda pair: by_weight(pair[1]))
    errors = [pair for pair in held if pair[1].fails]
    warnings = [pair for pair in held if not pair[1].fails and _is_remarkable(pair[1])]
    return [*_kind("error", errors, checkout), *_kind("warning", warnings, checkout)]


def annotate_gate(made: Recommendation, checkout: Checkout) -> list[str]:
    """Return the same for the runs of a gate, after what it knows of those that have no report: that they were not run."""
    missing = [reason for reason in made.reasons if reason.cause is Cause.ABSENCE and reason.at]
    lines = []
    for reason in missing[:MOST]:
        kind = "error" if reason.gravity is Gravity.UNKNOWN else "warning"
        text, at = legible(f"{reason.run}: {reason.text}"), reason.at
        file = checkout.path(at.file) if at else None
        place = {"file": file, "line": at.line, "col": at.column} if at and file else {}
        lines.append(workflow_command(kind, text, {**place, "title": legible(f"gate {made.gate}", _TITLE)}))
    return [*lines, *annotate(made.reports, checkout)]


def _is_remarkable(judgement: Judgement) -> bool:
    """Say whether a warning is due. Of a comparison that decides nothing one is enough: the whole says what the parts say."""
    if judgement.status is Status.INCONCLUSIVE and judgement.suite is Suite.REGRESSION:
        return "series" in judgement.data
    suspect = judgement.status is Status.PASS and judgement.message.startswith("suspect")
    return judgement.status is not Status.PASS or suspect


def _kind(kind: str, held: Sequence[tuple[Report, Judgement]], checkout: Checkout) -> Iterator[str]:
    shown = held if len(held) <= MOST else held[: MOST - 1]
    for report, judgement in shown:
        yield _annotation(kind, report, judgement, checkout)
    if len(held) > len(shown):
        rest = held[len(shown) :]
        text = "\n".join(
            f"{legible(judgement.name, _TITLE)}: {legible(judgement.message)}" for _, judgement in rest[:50]
        )
        yield workflow_command(kind, text, {"title": f"loadkit: {len(rest)} more"})


def _annotation(kind: str, report: Report, judgement: Judgement, checkout: Checkout) -> str:
    name, at = legible(judgement.name, _TITLE), judgement.at
    title = {"title": legible(f"{report['loadkit']['name']}: {judgement.suite.value}", _TITLE)}
    text = f"{name}: {legible(judgement.message)}" if judgement.message else f"{name}: {judgement.status.value}"
    file = checkout.path(at.file) if at else None
    if at is None or file is None:
        return workflow_command(kind, f"{text}{_elsewhere(at)}", title)
    return workflow_command(kind, text, {"file": file, "line": at.line, "col": at.column, **title})


def _elsewhere(at: Position | None) -> str:
    return f" ({legible(str(at))})" if at else ""


def step_outputs(reports: Sequence[Report], report_file: str | None) -> str:
    """Return the lines for $GITHUB_OUTPUT: verdict, exit code, p95 of response time in milliseconds, run, and the report's path.

    Of several runs they tell the one that ended worst; each value is one line.
    """
    worst = max(reports, key=_gravity)
    found = worst["loadkit"]
    values: Mapping[str, object] = {
        "verdict": verdict_word(worst),
        "exit-code": found["exit_code"],
        "p95-ms": _p95_ms(worst),
        "run": found.get("run") or "",
        "report": report_file or "",
    }
    return _lines(values)


def gate_outputs(made: Recommendation, file: str | None) -> str:
    """Return the same for a gate: its decision is the verdict, and `report` the recommendation; its health score besides."""
    score = made.health.score
    values: Mapping[str, object] = {
        "verdict": made.decision.value,
        "exit-code": int(made.exit_code),
        "p95-ms": _p95_ms(max(made.reports, key=_gravity)) if made.reports else "",
        "health": "" if score is None else number(score),
        "report": file or "",
    }
    return _lines(values)


def _p95_ms(report: Report) -> object:
    return (report["loadkit"]["judged"].get("response_time_ms") or {}).get("p95", "")


def _lines(values: Mapping[str, object]) -> str:
    return "".join(f"{name}={legible(str(value), 4096)}\n" for name, value in values.items())


def _gravity(report: Report) -> int:
    order = ("pass", "regression", "fail", "invalid", "interrupted")
    return order.index(verdict_word(report))
