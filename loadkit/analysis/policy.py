"""What a comparison is asked for: from where on a change is grave, what blocks, and what may differ."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


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
