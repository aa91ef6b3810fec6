"""An A/B session as the command carries it through: what is said on the way, the document, the exit code."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from loadkit.analysis.ab import Question
from loadkit.cli.interrupts import Interrupts
from loadkit.cli.suspending import refusing_to_stop
from loadkit.errors import ExitCode
from loadkit.fleet.ab import SETTLE_S, AbSession, Budget, End, Progress, Side
from loadkit.fleet.sizing import asked_workers
from loadkit.fleet.standing import standing
from loadkit.outputs.ab import answer_lines, headline, load_text, pair_line
from loadkit.outputs.ab_junit import ab_junit
from loadkit.outputs.ab_report import ab_report
from loadkit.outputs.base import counted, paint_for, printable, write_line
from loadkit.units import NS_PER_S, format_duration_ns


class Interleaving:
    """One session from its first line to its exit code. `quiet` leaves out what is said on the way."""

    def __init__(self, sides: tuple[Side, Side], question: Question, budget: Budget, *, quiet: bool) -> None:
        self._sides = sides
        self._question = question
        self._budget = budget
        self._quiet = quiet
        self._known: Progress | None = None
        self._signal: str | None = None

    def run(self, workers: str) -> None:
        """Carry the session through, until the end or a signal."""
        count = asked_workers(workers)
        self._begin()
        interrupts = Interrupts(0, lambda text: self._say("stopping; what is known so far follows"))
        with interrupts.obeyed(), refusing_to_stop(self._say):
            asyncio.run(self._drive(interrupts, count))
        self._signal = interrupts.stop.signal

    async def _drive(self, interrupts: Interrupts, workers: int | None) -> None:
        interrupts.listen()
        a, b = self._sides
        async with standing(a.plan) as plan_a, standing(b.plan) as plan_b:
            aimed = (replace(a, plan=plan_a), replace(b, plan=plan_b))
            session = AbSession(aimed, self._question, self._budget, workers=workers, stop=interrupts.stop)
            async for known in session.progress():
                self._known = known
                if known.end is None:
                    self._say(pair_line(len(known.pairs), known.pairs[-1], known.decision))

    def document(self) -> tuple[ExitCode, dict[str, Any]]:
        """Return the exit code and the JSON document."""
        known, code = self._result, self._code()
        settings = {
            **{side.label.lower(): _side_data(side) for side in self._sides},
            "seed": self._sides[0].plan.seed,
            "block_s": self._budget.block_s,
            "settle_s": SETTLE_S,
            "repeated_blocks": known.repeated,
            "max_pairs": self._budget.most_pairs,
            "elapsed_s": round(known.elapsed_s, 3),
            "ended": (known.end or End.SIGNAL).name.lower(),
            "exit_code": int(code),
        }
        return code, ab_report(known.decision, known.pairs, settings)

    def junit(self, document: dict[str, Any]) -> bytes:
        """Return the document as JUnit XML."""
        return ab_junit(document, self._masked(headline(self._result.decision)))

    def tell(self, written: Sequence[str]) -> None:
        """Print the answer, and which files were written."""
        known = self._result
        spent = format_duration_ns(known.elapsed_s * NS_PER_S)
        paint = paint_for(sys.stdout, os.environ)
        end = (known.end or End.SIGNAL).value
        if known.repeated:
            end += f"; {counted(known.repeated, 'block')} spoiled by the generator"
        for line in (
            *answer_lines(known.decision, end=end, spent=spent, paint=paint),
            *(f"  {path}" for path in written),
        ):
            write_line(sys.stdout, self._masked(line))

    @property
    def _result(self) -> Progress:
        assert self._known is not None
        return self._known

    def _code(self) -> ExitCode:
        known = self._result
        if self._signal:
            return ExitCode[self._signal]
        if known.end is End.SPOILED or (known.pairs and not known.decision.pairs):
            return ExitCode.INVALID_MEASUREMENT
        return ExitCode.REGRESSION if known.decision.regressed else ExitCode.PASS

    def _begin(self) -> None:
        for side in self._sides:
            self._say(printable(f"{side.label}: {side.title}"))
        budget, load = self._budget, load_text(self._sides[0].load)
        most = format_duration_ns(budget.whole_s * NS_PER_S)
        self._say(
            f"up to {counted(budget.most_pairs, 'pair')} of 2 x {budget.block_s}s with {load}, "
            f"seed {self._sides[0].plan.seed}: {most} at most, less once the answer is known"
        )

    def _say(self, line: str) -> None:
        if not self._quiet:
            write_line(sys.stderr, self._masked(line))

    def _masked(self, line: str) -> str:
        for side in self._sides:
            line = side.plan.secrets.mask_values(line)
        return line


def _side_data(side: Side) -> dict[str, Any]:
    plan, load = side.plan, side.load
    return {
        "name": plan.name,
        "files": list(plan.document.files),
        "target": plan.secrets.mask(plan.target),
        "digest": plan.digest,
        "load": {"rate": load.rate, "users": load.users, "throughput": load.throughput},
    }
