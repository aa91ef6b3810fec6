"""`loadkit capacity --users`: what throughput comes to with rising numbers of users."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loadkit.cli.interrupts import Interrupts
from loadkit.cli.suspending import refusing_to_stop
from loadkit.cli.trial_load import check_load, warn_of
from loadkit.errors import ExitCode, UsageError
from loadkit.fleet.scaling import MOST_USERS, SETTLE_S, Scaled, Scaling, scale
from loadkit.outputs.base import counted, paint_for, printable, write_line
from loadkit.outputs.json import JsonReport, json_text
from loadkit.outputs.scalability import scalability_lines, step_line
from loadkit.outputs.scalability_report import scalability_report
from loadkit.scenario.plan import Plan
from loadkit.scenario.processor import import_processor
from loadkit.scenario.trial import Load
from loadkit.slo.expression import Confidence, Objective
from loadkit.units import NS_PER_S, format_duration_ns

_MOST_USERS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for. `settle_s` is None for auto, `criteria_from` says who names the criteria."""

    users: str
    trial_s: int
    settle_s: int | None
    workers: int | None
    criteria: Sequence[Objective]
    criteria_from: str
    keeps_ensure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How the result is told: `quiet` leaves out what is said on the way, `yes` the question before much load."""

    output: Path | None = None
    json: bool = False
    quiet: bool = False
    yes: bool = False


def read_users(text: str) -> tuple[int, ...] | None:
    """Return the numbers of users of "1,2,4,8", in rising order, and None for "auto". Raises UsageError."""
    if text.strip().lower() == "auto":
        return None
    try:
        users = sorted({int(part) for part in text.split(",") if part.strip()})
    except ValueError:
        users = []
    if not users or not 1 <= users[0] <= users[-1] <= _MOST_USERS:
        raise UsageError(f"--users {text} is no list of numbers of users; write --users 1,2,4,8,16,32 or --users auto")
    return tuple(users)


def scale_users(plan: Plan, asked: Asked, telling: Telling) -> ExitCode:
    """Carry the steps through, tell what they come to, and return the exit code.

    0 the law can be relied on, 5 it cannot, since the generator was the limit, requests failed, or there were too few steps.
    """
    scaling = Scaling(
        plan=plan,
        # By what was measured, not by its interval: a step that is not certain to fail is no better than its figure.
        criteria=[replace(one, confidence=Confidence.POINT) for one in asked.criteria],
        users=read_users(asked.users),
        step_s=asked.trial_s,
        settle_s=SETTLE_S if asked.settle_s is None else asked.settle_s,
        workers=asked.workers,
        keeps_ensure=asked.keeps_ensure,
    )
    criteria_from = asked.criteria_from if asked.criteria else ""
    report = None if telling.output is None else JsonReport(telling.output)
    if report:
        report.check()
    said = not (telling.quiet or telling.json)
    if said:
        warn_of(plan)
    check_load(plan, Load(users=max(scaling.users or (MOST_USERS,))), ask=not (telling.yes or telling.quiet))
    import_processor(plan)
    course = _Course(scaling, criteria_from, said=said)
    signal = course.run()
    if course.known is None:
        write_line(sys.stderr, "no step was finished; nothing is known")
        return ExitCode[signal] if signal else ExitCode.INVALID_MEASUREMENT
    code = ExitCode[signal] if signal else ExitCode.PASS if course.known.found.trusted else ExitCode.INVALID_MEASUREMENT
    document = scalability_report(course.known.found, _settings(scaling, criteria_from, course, signal, code))
    if report:
        report.finish(document)
    if telling.json:
        write_line(sys.stdout, json_text(document))
    else:
        course.answer([str(report.path)] if report else [], code)
    return code


class _Course:
    """The steps under way, and what is said of them."""

    def __init__(self, scaling: Scaling, criteria_from: str, *, said: bool) -> None:
        self._scaling = scaling
        self._criteria_from = criteria_from
        self._said = said
        self.started_at = time.time()
        self.known: Scaled | None = None

    def run(self) -> str | None:
        """Carry the steps through; return the signal that ended them early, if one did."""
        self._begin()
        interrupts = Interrupts(0, lambda text: self._say("stopping; what is known so far follows"))
        with interrupts.obeyed(), refusing_to_stop(self._say):
            asyncio.run(self._drive(interrupts))
        return interrupts.stop.signal

    async def _drive(self, interrupts: Interrupts) -> None:
        interrupts.listen()
        async for known in scale(self._scaling, interrupts.stop):
            self.known = known
            self._say(step_line(known.steps[-1]))

    def answer(self, written: Sequence[str], code: ExitCode) -> None:
        """Print what the steps come to."""
        assert self.known is not None
        write_line(sys.stdout, "")
        for line in scalability_lines(self.known.found, paint=paint_for(sys.stdout, os.environ)):
            write_line(sys.stdout, self._scaling.plan.secrets.mask_values(line))
        spent = format_duration_ns(self.known.elapsed_s * NS_PER_S)
        write_line(sys.stdout, f"  took {spent}, {counted(len(self.known.steps), 'step')} (exit code {code:d})")
        for path in written:
            write_line(sys.stdout, f"  {path}")

    def _begin(self) -> None:
        scaling = self._scaling
        self._say(printable(f"{scaling.plan.name} against {scaling.plan.secrets.mask(scaling.plan.target)}"))
        users = "1, 2, 4, ... users" if scaling.users is None else f"{', '.join(map(str, scaling.users))} users"
        least = "at least " if scaling.users is None else ""
        whole = format_duration_ns(scaling.whole_s * NS_PER_S)
        self._say(
            f"steps of {users}, {scaling.step_s}s each after {scaling.settle_s}s to settle: {least}{whole} in all"
        )
        criteria = ", ".join(one.text for one in scaling.criteria) or "none"
        self._say(f"objectives: {criteria}{f' ({self._criteria_from})' if scaling.criteria else ''}")

    def _say(self, line: str) -> None:
        if self._said:
            write_line(sys.stderr, self._scaling.plan.secrets.mask_values(line))


def _settings(
    scaling: Scaling, criteria_from: str, course: _Course, signal: str | None, code: ExitCode
) -> dict[str, Any]:
    plan: Plan = scaling.plan
    assert course.known is not None
    return {
        "name": plan.name,
        "target": plan.secrets.mask(plan.target),
        "files": list(plan.document.files),
        "digest": plan.digest,
        "seed": plan.seed,
        "criteria": [one.text for one in scaling.criteria],
        "criteria_from": criteria_from,
        "step_s": scaling.step_s,
        "settle_s": scaling.settle_s,
        "started_at": course.started_at,
        "elapsed_s": round(course.known.elapsed_s, 3),
        "signal": signal,
        "exit_code": int(code),
    }
