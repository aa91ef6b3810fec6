"""What a comparison is asked for and what it comes to: settings, verdicts, and each series that was compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from loadkit.errors import ExitCode


class Verdict(StrEnum):
    """What was found of a series, or of a run."""

    PASS = "pass"
    REGRESSION = "regression"
    WITHIN_NOISE = "within_noise_but_slower"
    IMPROVEMENT = "improvement"
    INCONCLUSIVE = "inconclusive"
    UNRESOLVED = "unresolved"
    INVALID = "invalid"


class Severity(StrEnum):
    """How grave a regression is, in rising order."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return its place in the order, from 0."""
        return list(Severity).index(self)


class BlockOn(StrEnum):
    """From which severity on a regression blocks."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    NONE = "none"


class OnInconclusive(StrEnum):
    """What becomes of a comparison that decides nothing."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """From which difference on a regression is minor, major or critical."""

    minor: float
    major: float
    critical: float

    def severity(self, difference: float) -> Severity | None:
        """Return how grave a difference is; None below them all."""
        found = [Severity(name) for name, step in asdict(self).items() if difference >= step]
        return found[-1] if found else None

    def below(self, severity: Severity) -> float:
        """Return the step below that of a severity, 0 below the lowest: what is to be certain before it blocks."""
        return (0.0, self.minor, self.major)[severity.rank]


LATENCY_STEPS = Steps(minor=0.10, major=0.20, critical=0.50)
ERROR_STEPS = Steps(minor=0.001, major=0.01, critical=0.05)
NOISE_FLOOR = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How runs are compared.

    `latency` steps are ratios minus one, `errors` steps differences of error rates. `noise_floor` is what runs of the same thing
    are expected to differ by, `across` which parts of the fingerprint may differ.
    """

    latency: Steps = LATENCY_STEPS
    errors: Steps = ERROR_STEPS
    block_on: BlockOn = BlockOn.CRITICAL
    on_inconclusive: OnInconclusive = OnInconclusive.WARN
    noise_floor: float = NOISE_FLOOR
    alpha: float = 0.05
    across: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What would settle what stayed open: so many seconds of steady load, or so many runs on each side."""

    seconds: int | None = None
    runs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesComparison:
    """A percentile of the response time of one name, of requests that went well (`good`) or of all (`every`).

    `ratio`, `low` and `high` are changes: 0.18 is 18 % slower. `gated` ones decide, the others inform. `p_adjusted` is Holm's among
    those that decide. `baseline_ms` is the geometric mean of `baseline_runs`. `samples` of the run are worth `effective_samples`
    independent ones. `resolution` is half the width of the interval; from `detectable` on a change would have been found four
    times out of five.
    """

    family: str
    name: str | None
    percentile: str
    of: str
    gated: bool
    verdict: Verdict
    severity: Severity | None = None
    blocked: bool = False
    baseline_ms: float | None = None
    run_ms: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    baseline_runs: int = 0
    samples: int = 0
    effective_samples: float = 0.0
    noise: float | None = None
    resolution: float | None = None
    detectable: float | None = None
    advice: Advice | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorComparison:
    """The error rate of one name. `difference`, `low` and `high` are differences of rates: 0.01 is one point more."""

    family: str
    name: str | None
    gated: bool
    verdict: Verdict
    severity: Severity | None = None
    blocked: bool = False
    baseline_errors: int = 0
    baseline_requests: int = 0
    baseline_runs: int = 0
    errors: int = 0
    requests: int = 0
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    note: str = ""


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
            "series": [_plain(asdict(one)) for one in self.series],
            "errors": [_plain(asdict(one)) for one in self.errors],
            "notes": list(self.notes),
            "settings": _plain(settings),
        }


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, StrEnum) else value for key, value in record.items()}
