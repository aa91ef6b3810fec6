"""What a comparison comes to: its verdict, the series that were compared, what was left out, and its exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from loadkit.analysis.policy import OnInconclusive, Settings, Severity
from loadkit.analysis.series import ErrorComparison, SeriesComparison, Verdict
from loadkit.analysis.wording import error_text, latency_text
from loadkit.errors import ExitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A baseline run that was not compared with, and why."""

    run: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a run comes to beside its baseline. `runs` are those it was compared with, `notes` what to keep in mind."""

    baseline: str
    run: str
    runs: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    verdict: Verdict
    severity: Severity | None = None
    blocked: bool = False
    reason: str = ""
    steady_s: int = 0
    series: tuple[SeriesComparison, ...] = ()
    errors: tuple[ErrorComparison, ...] = ()
    notes: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)

    @property
    def exit(self) -> ExitCode:
        """Return what it means for an exit code: nothing, a regression that blocks, or no comparison at all."""
        if self.verdict is Verdict.INVALID:
            return ExitCode.INVALID_MEASUREMENT
        open_fails = self.settings.on_inconclusive is OnInconclusive.FAIL
        if self.blocked or (open_fails and self.verdict in (Verdict.INCONCLUSIVE, Verdict.UNRESOLVED)):
            return ExitCode.REGRESSION
        return ExitCode.PASS

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data, as it stands in a report."""
        settings = asdict(self.settings) | {"across": sorted(self.settings.across)}
        return {
            "baseline": self.baseline,
            "run": self.run,
            "runs": list(self.runs),
            "left_out": [asdict(left) for left in self.left_out],
            "verdict": self.verdict.value,
            "severity": self.severity and self.severity.value,
            "blocked": self.blocked,
            "exit": int(self.exit),
            "reason": self.reason,
            "steady_s": self.steady_s,
            "series": [_plain(asdict(one)) | {"text": latency_text(one)} for one in self.series],
            "errors": [_plain(asdict(one)) | {"text": error_text(one)} for one in self.errors],
            "notes": list(self.notes),
            "settings": _plain(settings),
        }


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, StrEnum) else value for key, value in record.items()}
