"""What was found of one series, a percentile or an error rate: its figures and the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from loadkit.analysis.policy import Severity


class Verdict(StrEnum):
    """What was found of a series, or of a run."""

    PASS = "pass"
    REGRESSION = "regression"
    WITHIN_NOISE = "within_noise_but_slower"
    IMPROVEMENT = "improvement"
    INCONCLUSIVE = "inconclusive"
    UNRESOLVED = "unresolved"
    INVALID = "invalid"


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
    independent ones. `open_above`: in one of the runs the upper end of the percentile is not known, so a regression can be found,
    and nothing excluded. `resolution` is half the width of the interval; from `detectable` on a change would have been found four
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
    open_above: bool = False
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
