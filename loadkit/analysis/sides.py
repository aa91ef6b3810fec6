"""The two sides of a comparison, and what holds for each series of it: how long they are, what counts, and what blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadkit.analysis.policy import BlockOn, Settings, Severity, Steps
from loadkit.analysis.reading import Reading
from loadkit.stats.intervals import CERTIFIED_S

LEAST_S = 10
"""Seconds of steady load below which nothing is said."""
BLOCKING_RUNS = 3
"""Baseline runs below which only what is certainly critical blocks."""
FLOOR_MS = 1.0
_BIN = 1 / 1024  # a histogram's bin is at most that part of its value wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """A run and its baseline, the settings, and how many comparisons decide together."""

    new: Reading
    base: Sequence[Reading]
    settings: Settings
    deciding: int

    @property
    def steady_s(self) -> int:
        """Return the seconds of steady load of the shortest run."""
        return min(reading.steady_s for reading in (self.new, *self.base))

    def floor_ms(self, value_ms: float) -> float:
        """Return the practical floor for a time: max(1 ms, two bins, generator lag p99). Below it differences do not count."""
        lags = sorted(reading.lag_p99_ms for reading in self.base)
        return max(FLOOR_MS, 2 * _BIN * value_ms, self.new.lag_p99_ms, lags[len(lags) // 2])

    def blocks(self, steps: Steps, severity: Severity | None, low: float | None, runs: int) -> bool:
        """Say whether a regression blocks: grave enough, and certainly (`low`) no more than one step less.

        Short runs have to be certain of the major step, and less than three baseline runs of the critical one.
        """
        block_on = self.settings.block_on
        if severity is None or low is None or block_on is BlockOn.NONE or severity.rank < Severity(block_on).rank:
            return False
        certain = steps.below(Severity(block_on))
        if self.steady_s < CERTIFIED_S:
            certain = max(certain, steps.major)
        if runs < BLOCKING_RUNS:
            certain = max(certain, steps.critical)
        return low > certain
