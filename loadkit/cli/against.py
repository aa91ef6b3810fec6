"""`run --baseline`: the runs are read before load begins, compared with when it is over, and followed by what passes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from loadkit.cli.comparing import Asked, settings_of
from loadkit.cli.conclusion import Conclusion
from loadkit.cli.execute import Choices
from loadkit.cli.judged_by import UPDATE_VARIABLE, updates_baseline, usual_settings
from loadkit.errors import ExitCode, LoadkitError, UsageError
from loadkit.outputs.base import paint_for, write_line
from loadkit.outputs.summary import Section
from loadkit.report.fingerprint import PARTS, fingerprint
from loadkit.report.report import generator
from loadkit.scenario.plan import Plan

if TYPE_CHECKING:
    from loadkit.analysis.compare import Comparison
    from loadkit.analysis.policy import Settings
    from loadkit.report.facts import Run
    from loadkit.report.history import Store

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """A baseline as it was before the run: its reports and those it began with; no reports where it is to be made."""

    name: str
    reports: Sequence[Report]
    first: Sequence[Report]
    settings: Settings
    update: bool

    def find(self, found: Conclusion) -> None:
        """Compare the run and say what was found; a regression that blocks gives exit code 4."""
        from loadkit.analysis.compare import compare

        if not self.reports:
            found.sections.append(Section("Baseline", [f"{self.name} is made of this run if it passes"]))
            return
        body = found.report["loadkit"]
        comparison = compare(found.report, self.reports, self.settings, name=self.name)
        drift = compare(found.report, self.first, self.settings, name=self.name) if self.first else None
        body["comparison"] = comparison.to_data()
        body["drift"] = _drift_data(drift) if drift else None
        found.add_code(comparison.exit)
        self._say(found, comparison, drift)

    def keep(self, store: Store, run: Run) -> None:
        """Let the baseline follow a run that passed and did not regress."""
        from loadkit.report.baselines import ROLLING, Baselines, refused
        from loadkit.report.facts import RunStatus

        if not self.update:
            return
        report = store.report(run)["loadkit"]
        if run.status is not RunStatus.PASSED:
            write_line(sys.stderr, f"baseline {self.name} stays as it is: {refused(run)}")
        elif (report["comparison"] or {}).get("verdict") == "regression":
            write_line(sys.stderr, f"baseline {self.name} stays as it is: {run.id} is slower than it")
        else:
            try:
                if self.reports:
                    _, dropped = Baselines(store).add(self.name, run)
                    without = f", dropped {', '.join(dropped)}" if dropped else ""
                    write_line(sys.stderr, f"baseline {self.name}: added {run.id}{without}")
                else:
                    Baselines(store).set(self.name, [run], size=ROLLING)
                    write_line(sys.stderr, f"baseline {self.name}: made of {run.id}")
            except LoadkitError as error:
                write_line(sys.stderr, f"warning: the baseline {self.name} stays as it is: {error}")

    def _say(self, found: Conclusion, comparison: Comparison, drift: Comparison | None) -> None:
        from loadkit.outputs.comparison import comparison_lines, verdict_line

        paint = paint_for(sys.stdout, os.environ)
        line = verdict_line(comparison, paint=paint)
        told = found.result.exit_code is comparison.exit  # an invalid measurement says so itself
        troubled = bool(comparison.severity) or (comparison.exit is not ExitCode.PASS and not told)
        lines = [line, *comparison_lines(comparison, paint=paint)]
        if drift and drift.severity and not comparison.severity:
            lines.append(paint(_drift_text(drift), "yellow"))
            troubled = True
        found.sections.append(Section(f"Baseline {self.name}", lines, troubled=troubled))
        if comparison.exit is not ExitCode.PASS and found.result.exit_code is ExitCode.PASS:
            found.last = line


class NotComparableError(UsageError):
    """There is nothing that the run could be compared with."""


def with_baseline(
    choices: Choices, name: str, plan: Plan, asked: Asked | None = None, *, if_comparable: bool = False
) -> Choices:
    """Return the choices of a run that is compared with a baseline. Raises UsageError as `against_baseline` does.

    With `if_comparable` the run is made without a comparison where there is nothing to compare it with, and says so.
    """
    keeping = choices.keeping
    try:
        against = against_baseline(name, plan, keeping.store, asked or Asked(), stored=keeping.keeps())
    except NotComparableError as error:
        if not if_comparable:
            raise
        write_line(sys.stderr, f"note: not compared: {error}")
        return choices
    return replace(choices, findings=(*choices.findings, against.find), then=(*choices.then, against.keep))


def against_baseline(name: str, plan: Plan, url: str | None, asked: Asked, *, stored: bool) -> Against:
    """Read a baseline for a run of this plan. Raises NotComparableError where there is none, and none is to be made."""
    from loadkit.report.baselines import Baselines
    from loadkit.report.history import open_store
    from loadkit.report.noise import calibration_of

    update = updates_baseline(os.environ)
    if update and not stored:
        raise UsageError(f"{UPDATE_VARIABLE} needs the run to be kept: leave out --no-store and LOADKIT_NO_STORE")
    mine = fingerprint(plan, generator()["host"])
    with open_store(url) as store:
        held = Baselines(store).get(name)
        if held is None and not update:
            raise NotComparableError(Baselines(store).missing(name))
        reports = [store.report(run) for run in held.runs] if held else []
        differs = _differs(reports, mine) if held else ""
        if differs and not update:
            raise NotComparableError(f"the baseline {name} is not comparable with this run: {differs}; {_remedy(name)}")
        noise = calibration_of(store, mine["id"])
        first = [store.report(run) for run in held.first] if held and held.moved else []
    if differs:
        write_line(sys.stderr, f"note: the baseline {name} is made anew, since {differs}")
        reports, first = [], []
    settings = settings_of(asked, usual_settings(os.environ, noise=noise.tau if noise else None))
    return Against(name=name, reports=reports, first=first, settings=settings, update=update)


def _differs(reports: Sequence[Report], mine: Mapping[str, str]) -> str:
    """Return in what a run will differ from those of a baseline; "" in nothing."""
    if not reports:
        return "none of its runs is left in the history"
    theirs = reports[-1]["loadkit"]["fingerprint"]
    if theirs["id"] == mine["id"]:
        return ""
    parts = [part for part in PARTS if theirs.get(part) != mine[part]]
    told = [
        f"{part} ({theirs[part]} there, {mine[part]} here)" if part in ("target", "host") else part for part in parts
    ]
    return f"it was made with another {' and another '.join(told)}"


def _remedy(name: str) -> str:
    return (
        f"make some runs without --baseline, then `loadkit baseline set {name} --last 5`; or let this one begin it anew with "
        f"{UPDATE_VARIABLE}=true"
    )


def _drift_data(drift: Comparison) -> dict[str, Any]:
    return {
        "runs": list(drift.runs),
        "verdict": drift.verdict.value,
        "severity": drift.severity and drift.severity.value,
        "text": _drift_text(drift) if drift.severity else "",
    }


def _drift_text(drift: Comparison) -> str:
    """Return the gravest thing that was found since the baseline began."""
    from loadkit.outputs.comparison import verdict_line

    return f"drift since {drift.runs[0]}: {verdict_line(drift)}".partition("; exit code")[0]
