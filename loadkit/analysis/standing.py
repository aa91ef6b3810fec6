"""What one run of a gate came to, read from its report: how it stands, why, and its score.

    score  = 100 - missed - worse - doubt, at least 0
    missed = 100 x (failed + warned / 2 + inconclusive / 4) / judged     objectives: thresholds, SLOs and checks
    worse  = the largest of % slower and 10 x points of error rate more than the baseline, at most 50; of regressions alone
    doubt  = 10 when the measurement is suspect

A run that did not take place, that was interrupted, whose measurement is invalid, or that judges nothing has no score: what
is not known is neither 0 nor 100.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from loadkit.errors import ExitCode, Position

MOST_WORSE = 50.0
POINT = 10.0
DOUBT = 10.0
_COSTS = {"failed": 1.0, "warned": 0.5, "inconclusive": 0.25}

Report = Mapping[str, Any]


class State(Enum):
    """How a run stands."""

    PASSED = "passed"
    WARNED = "passed with warnings"
    FAILED = "failed"
    REGRESSED = "regressed"
    INVALID = "invalid"
    INTERRUPTED = "interrupted"
    UNJUDGED = "nothing judged"
    NOT_RUN = "not run"

    @property
    def is_known(self) -> bool:
        """Say whether something was found out about the target."""
        return self in _KNOWN


_KNOWN = {State.PASSED, State.WARNED, State.FAILED, State.REGRESSED}


class Gravity(Enum):
    """How much a reason counts, the gravest first. A note changes nothing."""

    CRITICAL = "critical"
    UNKNOWN = "unknown"
    WARNING = "warning"
    NOTE = "note"


class Cause(Enum):
    """What a reason is about; only a regression lets a gate end with an exit code of its own."""

    OBJECTIVE = "objective"
    REGRESSION = "regression"
    MEASUREMENT = "measurement"
    ABSENCE = "absence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that speaks about a run; `remedy` says what to do about it."""

    run: str
    gravity: Gravity
    cause: Cause
    text: str
    remedy: str
    at: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The terms of a run's score, in points; `judged` and what follows it count objectives."""

    judged: int
    failed: int
    warned: int
    inconclusive: int
    missed: float
    worse: float
    doubt: float

    @property
    def points(self) -> float:
        """Return the score, 0 to 100."""
        return max(0.0, 100.0 - self.missed - self.worse - self.doubt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A run of a gate, made or not: `report` is None where there is none, and `trouble` says why and `remedy` what helps."""

    name: str
    at: Position
    planned_s: float
    required: bool = True
    weight: float = 1.0
    tries: int = 1
    report: Report | None = None
    trouble: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a run of a gate stands, and why; `score` is None where nothing is known about the target."""

    attempt: Attempt
    state: State
    reasons: tuple[Reason, ...]
    score: Score | None

    @property
    def name(self) -> str:
        """Return the run's name."""
        return self.attempt.name


def stand(attempt: Attempt) -> Standing:
    """Return how a run stands."""
    reasons = tuple(_softened(reason, attempt) for reason in _reasons(attempt))
    state = _state(attempt, reasons)
    score = _score(attempt.report) if attempt.report is not None and state.is_known else None
    return Standing(attempt=attempt, state=state, reasons=reasons, score=score)


def _softened(reason: Reason, attempt: Attempt) -> Reason:
    """Return a reason of a run that the release does not depend on as a warning."""
    if attempt.required or reason.gravity not in (Gravity.CRITICAL, Gravity.UNKNOWN):
        return reason
    return replace(reason, gravity=Gravity.WARNING)


def _state(attempt: Attempt, reasons: tuple[Reason, ...]) -> State:
    if attempt.report is None:
        return State.NOT_RUN
    run = attempt.report["loadkit"]
    comparison = run.get("comparison") or {}
    if run["signal"]:
        return State.INTERRUPTED
    if run["measurement"]["status"] == "invalid" or comparison.get("exit") == ExitCode.INVALID_MEASUREMENT:
        return State.INVALID
    if not _decided(run):
        return State.UNJUDGED
    if run["after_failed"] or any(_kind(verdict) == "failed" for verdict in run["verdicts"]):
        return State.FAILED
    if comparison.get("exit") == ExitCode.REGRESSION:
        return State.REGRESSED
    return State.WARNED if any(reason.gravity is Gravity.WARNING for reason in reasons) else State.PASSED


def _decided(run: Mapping[str, Any]) -> bool:
    """Say whether anything about the target was decided, one way or the other."""
    comparison = run.get("comparison") or {"verdict": "inconclusive"}
    return bool(
        run["after_failed"]
        or comparison["verdict"] not in _OPEN
        or any(verdict["status"] in ("pass", "fail") for verdict in run["verdicts"])
    )


# ------------------------------------------------------------------------------------------------------------- the reasons


def _reasons(attempt: Attempt) -> Iterator[Reason]:
    name = attempt.name
    if attempt.report is None:
        yield _reason(name, Gravity.UNKNOWN, Cause.ABSENCE, f"not run: {attempt.trouble}", attempt.remedy, attempt.at)
        return
    run = attempt.report["loadkit"]
    if run["signal"]:
        text = f"ended by {run['signal']} before its time"
        yield _reason(name, Gravity.UNKNOWN, Cause.ABSENCE, text, "run the gate to its end", attempt.at)
        return
    measurement = run["measurement"]
    if measurement["status"] == "invalid":
        for text in measurement["reasons"] or ["no reason is given"]:
            yield _reason(
                name, Gravity.UNKNOWN, Cause.MEASUREMENT, f"the measurement is invalid: {text}", _CALMER, attempt.at
            )
        return
    if measurement["status"] == "suspect":
        for text in measurement["reasons"]:
            yield _reason(
                name, Gravity.WARNING, Cause.MEASUREMENT, f"the measurement is suspect: {text}", _CALMER, attempt.at
            )
    yield from _judged(attempt, run)
    if run.get("comparison"):
        yield from _compared(attempt, run["comparison"], run)
    drift = run.get("drift")
    if drift and drift["severity"]:
        remedy = "the baseline moved with what became slower step by step: find what, or set it anew"
        yield _reason(name, Gravity.WARNING, Cause.REGRESSION, drift["text"], remedy, attempt.at)


_CALMER = "run it on a machine with more free cores, or with less load"


def _judged(attempt: Attempt, run: Mapping[str, Any]) -> Iterator[Reason]:
    name = attempt.name
    if not _decided(run):
        is_open = run["verdicts"] or run.get("comparison")
        text = (
            "all that is judged is inconclusive"
            if is_open
            else "nothing is judged: no threshold, SLO, check or baseline"
        )
        remedy = (
            _OBJECTIVES["inconclusive"][1] if is_open else "give the scenario `thresholds` or `slos`, or a `baseline`"
        )
        yield _reason(name, Gravity.UNKNOWN, Cause.ABSENCE, text, remedy, attempt.at)
    if run["after_failed"]:
        text = f"the flow `after` failed: {run['after_failed']}"
        yield _reason(name, Gravity.CRITICAL, Cause.OBJECTIVE, text, "mend `after` or what it calls", attempt.at)
    for verdict in run["verdicts"]:
        kind = _kind(verdict)
        if kind:
            gravity, remedy = _OBJECTIVES[kind]
            if kind == "failed" and run.get("run"):
                remedy += f"; `loadkit runs show {run['run']}` shows it"
            yield _reason(
                name, gravity, Cause.OBJECTIVE, _objective_text(verdict), remedy, _position(verdict["at"]) or attempt.at
            )


_OBJECTIVES = {
    "failed": (
        Gravity.CRITICAL,
        "find what is slow or fails in the report, and mend it; `loadkit runs show` has the run",
    ),
    "warned": (Gravity.WARNING, "look at it before it grows: the next step is a failure"),
    "inconclusive": (Gravity.NOTE, "more samples decide it: a longer phase, or a higher rate"),
}


def _kind(verdict: Mapping[str, Any]) -> str:
    """Return how an objective was missed, "" when it was not."""
    if verdict["status"] == "fail":
        return "failed" if verdict["strict"] else "warned"
    return "inconclusive" if verdict["status"] == "inconclusive" else ""


def _objective_text(verdict: Mapping[str, Any]) -> str:
    named = f"{verdict['name']}: " if verdict["name"] else ""
    measured = f": measured {verdict['observed_text']}" if verdict["observed_text"] else ""
    reason = f" ({verdict['reason']})" if verdict["reason"] else ""
    word = "inconclusive, " if verdict["status"] == "inconclusive" else ""
    return f"{word}{named}{verdict['objective']}{measured}{reason}"


def _compared(attempt: Attempt, comparison: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[Reason]:
    against = f"the baseline {comparison['baseline']}"
    reason = f": {comparison['reason']}" if comparison["reason"] else ""
    if comparison["verdict"] == "regression":
        gravity = Gravity.CRITICAL if comparison["exit"] == ExitCode.REGRESSION else Gravity.WARNING
        text = f"regression {comparison['severity']} against {against}: {_worst(comparison)}"
        yield _reason(attempt.name, gravity, Cause.REGRESSION, text, _settled(comparison, run), attempt.at)
    elif comparison["verdict"] in _OPEN:
        gravity = Gravity.CRITICAL if comparison["exit"] == ExitCode.REGRESSION else Gravity.NOTE
        text = f"the comparison with {against} is {comparison['verdict']}{reason}"
        remedy = "longer runs, or more runs in the baseline, decide it"
        if comparison["verdict"] == "invalid":
            gravity, remedy = Gravity.UNKNOWN, "compare with runs of the same scenario, phases, target and machine"
        yield _reason(attempt.name, gravity, Cause.REGRESSION, text, remedy, attempt.at)


_OPEN = ("inconclusive", "unresolved", "invalid")


def _worst(comparison: Mapping[str, Any]) -> str:
    """Return what became worse: the worst latency and the worst error rate, and how many more there are."""
    latencies = sorted(_regressions(comparison["series"]), key=lambda one: -(one["ratio"] or 0.0))
    errors = sorted(_regressions(comparison["errors"]), key=lambda one: -(one["difference"] or 0.0))
    found = [f"error rate of {one['name'] or 'all'} {100 * one['difference']:+.2f} points" for one in errors[:1]]
    found += [
        f"{one['percentile']} of {one['name'] or 'all'} {one['baseline_ms']:.3g} -> {one['run_ms']:.3g} ms, {one['ratio']:+.0%}"
        for one in latencies[:1]
    ]
    more = len(latencies) + len(errors) - len(found)
    return "; ".join([*found, *([f"and {more} more"] if more else [])])


def _settled(comparison: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    baseline, who = comparison["baseline"], run.get("run") or "RUN"
    seen = f"see what became worse with `loadkit compare {who} {baseline}`"
    return f"{seen}; if it is meant to be, `loadkit baseline update {baseline} {who}`"


def _reason(run: str, gravity: Gravity, cause: Cause, text: str, remedy: str, at: Position | None) -> Reason:
    return Reason(run=run, gravity=gravity, cause=cause, text=text, remedy=remedy, at=at)


def _position(at: Mapping[str, Any] | None) -> Position | None:
    """Return a place in a file; None for none, and for one in the text of an option."""
    return None if at is None or at["file"].startswith("--") else Position(at["file"], at["line"], at["column"])


# --------------------------------------------------------------------------------------------------------------- the score


def _score(report: Report) -> Score:
    run = report["loadkit"]
    kinds = [_kind(verdict) for verdict in run["verdicts"]]
    counts = {kind: kinds.count(kind) for kind in _COSTS}
    failed = counts["failed"] + bool(run["after_failed"])
    judged = len(kinds) + bool(run["after_failed"])
    cost = failed + sum(_COSTS[kind] * counts[kind] for kind in ("warned", "inconclusive"))
    return Score(
        judged=judged,
        failed=failed,
        warned=counts["warned"],
        inconclusive=counts["inconclusive"],
        missed=100 * cost / judged if judged else 0.0,
        worse=_worse(run.get("comparison") or {}),
        doubt=DOUBT if run["measurement"]["status"] == "suspect" else 0.0,
    )


def _worse(comparison: Mapping[str, Any]) -> float:
    """Return the points that regressions cost; those of error rates weigh what their severities weigh among latencies."""
    slower = [100 * one["ratio"] for one in _regressions(comparison.get("series", ())) if one["ratio"] is not None]
    failing = [
        100 * POINT * one["difference"]
        for one in _regressions(comparison.get("errors", ()))
        if one["difference"] is not None
    ]
    return min(MOST_WORSE, max((*slower, *failing), default=0.0))


def _regressions(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in found if one["gated"] and one["verdict"] == "regression"]
