"""One recommendation from the runs of a gate: approved, approved with warnings, blocked, or no decision; and a health score.

decision    interrupted                                       no decision
            else a required run failed or regressed           blocked          (whatever the others would have said)
            else a required run has no result                 no decision
            else there is a warning                           approved with warnings
            else                                              approved
health      = sum of weight x score / sum of weights, over the runs with a score (standing.py)
            at most 49 with something critical, at most 79 with a warning; unknown when a required run has no score
exit code   0 approved, 3 blocked by objectives, 4 blocked by regressions alone, 5 no decision; a signal has its own
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from loadkit.analysis.formula import RULE, health_formula, run_formula
from loadkit.analysis.standing import Attempt, Cause, Gravity, Reason, Report, Score, Standing, stand
from loadkit.errors import ExitCode, Position

FORMAT = 1
CAPS: Mapping[Gravity, float] = {Gravity.CRITICAL: 49.0, Gravity.WARNING: 79.0}


class Decision(Enum):
    """What to do with a release."""

    APPROVED = "approved"
    WARNED = "approved with warnings"
    BLOCKED = "blocked"
    NONE = "no decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The health score; None when it is unknown. `unknown` are the runs without a score, `cap` is what lowers it.

    `formula` says in lines how it came about.
    """

    score: float | None
    mean: float | None
    cap: Gravity | None
    unknown: tuple[str, ...]
    formula: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What the runs of a gate come to. `reasons` are the gravest first; `steps` say what to do next."""

    gate: str
    file: str
    environment: str
    budget_s: float | None
    elapsed_s: float
    decision: Decision
    health: Health
    runs: tuple[Standing, ...]
    reasons: tuple[Reason, ...]
    steps: tuple[str, ...]
    exit_code: ExitCode

    @property
    def reports(self) -> list[Report]:
        """Return the reports of the runs that were made, in their order."""
        return [run.attempt.report for run in self.runs if run.attempt.report is not None]

    def to_data(self) -> dict[str, Any]:
        """Return plain data, as `loadkit schema recommendation` describes it."""
        return {
            "format": FORMAT,
            "gate": self.gate,
            "file": self.file,
            "environment": self.environment,
            "budget_s": self.budget_s,
            "elapsed_s": round(self.elapsed_s, 3),
            "decision": self.decision.value,
            "exit_code": int(self.exit_code),
            "health": _health_data(self.health),
            "runs": [_run_data(run) for run in self.runs],
            "reasons": [_reason_data(reason) for reason in self.reasons],
            "next": list(self.steps),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Which gate it was, where, and how long it took; `signal` names what ended it early."""

    gate: str
    file: str
    environment: str
    budget_s: float | None = None
    elapsed_s: float = 0.0
    signal: str | None = None


def recommend(occasion: Occasion, attempts: Sequence[Attempt]) -> Recommendation:
    """Return what to do with a release, from what its runs came to."""
    runs = tuple(stand(attempt) for attempt in attempts)
    order = list(Gravity)
    reasons = tuple(
        sorted((reason for run in runs for reason in run.reasons), key=lambda one: order.index(one.gravity))
    )
    decision = _decide(occasion, reasons)
    return Recommendation(
        gate=occasion.gate,
        file=occasion.file,
        environment=occasion.environment,
        budget_s=occasion.budget_s,
        elapsed_s=occasion.elapsed_s,
        decision=decision,
        health=_health(runs, reasons),
        runs=runs,
        reasons=reasons,
        steps=_steps(decision, reasons),
        exit_code=_exit_code(occasion, decision, reasons),
    )


def _decide(occasion: Occasion, reasons: Sequence[Reason]) -> Decision:
    found = {reason.gravity for reason in reasons}
    if occasion.signal:
        return Decision.NONE
    if Gravity.CRITICAL in found:
        return Decision.BLOCKED
    if Gravity.UNKNOWN in found:
        return Decision.NONE
    return Decision.WARNED if Gravity.WARNING in found else Decision.APPROVED


def _exit_code(occasion: Occasion, decision: Decision, reasons: Sequence[Reason]) -> ExitCode:
    if occasion.signal:
        return ExitCode[occasion.signal]
    if decision is Decision.NONE:
        return ExitCode.INVALID_MEASUREMENT
    if decision is not Decision.BLOCKED:
        return ExitCode.PASS
    causes = {reason.cause for reason in reasons if reason.gravity is Gravity.CRITICAL}
    return ExitCode.REGRESSION if causes == {Cause.REGRESSION} else ExitCode.FAILED


def _health(runs: Sequence[Standing], reasons: Sequence[Reason]) -> Health:
    scored = [(run.attempt.weight, run.score.points) for run in runs if run.score is not None]
    unknown = tuple(run.name for run in runs if run.score is None)
    mean = sum(weight * points for weight, points in scored) / sum(weight for weight, _ in scored) if scored else None
    found = {reason.gravity for reason in reasons}
    cap = next((gravity for gravity in CAPS if gravity in found), None)
    is_known = mean is not None and all(run.score is not None or not run.attempt.required for run in runs)
    score = min(mean, CAPS[cap] if cap else 100.0) if mean is not None and is_known else None
    lowered = (cap, CAPS[cap]) if cap and mean is not None and mean > CAPS[cap] else None
    formula = tuple(health_formula(runs, mean, lowered))
    return Health(score=score, mean=mean, cap=cap, unknown=unknown, formula=formula)


def _steps(decision: Decision, reasons: Sequence[Reason]) -> tuple[str, ...]:
    """Return the remedies of what counts, each once, and what the decision asks for."""
    found = dict.fromkeys(f"{reason.run}: {reason.remedy}" for reason in reasons if reason.remedy)
    return (*found, _LAST[decision])


_LAST = {
    Decision.APPROVED: "nothing speaks against the release",
    Decision.WARNED: "release if the warnings are known, and look after them",
    Decision.BLOCKED: "do not release; run the gate again when this is mended",
    Decision.NONE: "decide nothing on this; run the gate again",
}


# ---------------------------------------------------------------------------------------------------------------- the data


def _health_data(health: Health) -> dict[str, Any]:
    return {
        "score": _rounded(health.score),
        "mean": _rounded(health.mean),
        "cap": CAPS[health.cap] if health.cap else None,
        "unknown": list(health.unknown),
        "formula": [*RULE, *health.formula],
    }


def _run_data(run: Standing) -> dict[str, Any]:
    attempt, report = run.attempt, (run.attempt.report or {}).get("loadkit", {})
    return {
        "name": run.name,
        "state": run.state.value,
        "required": attempt.required,
        "weight": attempt.weight,
        "score": _rounded(run.score.points) if run.score else None,
        "terms": _terms(run.score),
        "formula": run_formula(run.score) if run.score else "",
        "planned_s": round(attempt.planned_s, 3),
        "elapsed_s": report.get("elapsed_s"),
        "started_at": report.get("started_at"),
        "tries": attempt.tries,
        "run": report.get("run"),
        "exit_code": report.get("exit_code"),
        "at": _place(attempt.at),
    }


def _terms(score: Score | None) -> dict[str, Any] | None:
    if score is None:
        return None
    return {
        "judged": score.judged,
        "failed": score.failed,
        "warned": score.warned,
        "inconclusive": score.inconclusive,
        "missed": _rounded(score.missed),
        "worse": _rounded(score.worse),
        "doubt": _rounded(score.doubt),
    }


def _reason_data(reason: Reason) -> dict[str, Any]:
    return {
        "run": reason.run,
        "severity": reason.gravity.value,
        "cause": reason.cause.value,
        "text": reason.text,
        "remedy": reason.remedy,
        "at": _place(reason.at),
    }


def _place(at: Position | None) -> dict[str, Any] | None:
    return None if at is None else {"file": at.file, "line": at.line, "column": at.column}


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 1)
