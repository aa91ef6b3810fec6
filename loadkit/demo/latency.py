"""How long the demo's services pretend to work: lognormal times, as real ones have, from a seeded generator.

    T = median * exp(sigma * Z)      Z ~ N(0, 1), T at most 10 medians
    p95 = median * exp(1.645 sigma)  p99 = median * exp(2.326 sigma)

    pace                median   sigma    p95      p99
    search              25 ms    0.6      67 ms    101 ms
    checkout            12 ms    0.5      27 ms     38 ms
    vector search       15 ms    0.5      34 ms     48 ms
    workflow (to done)  60 ms    0.4     116 ms    152 ms

All else is answered at once. `--latency` multiplies every time.
"""

from __future__ import annotations

import random
from typing import NamedTuple

_MOST_MEDIANS = 10


class Pace(NamedTuple):
    """The distribution of one service's times."""

    median_ms: float
    sigma: float


SEARCH = Pace(25, 0.6)
CHECKOUT = Pace(12, 0.5)
VECTOR_SEARCH = Pace(15, 0.5)
WORKFLOW = Pace(60, 0.4)


class Latency:
    """Draws times. The same seed and the same order of calls give the same times."""

    def __init__(self, *, scale: float = 1.0, seed: int = 0) -> None:
        self._scale = scale
        self._random = random.Random(f"latency {seed}")

    def draw_s(self, pace: Pace) -> float:
        """Return one time in seconds."""
        factor = min(self._random.lognormvariate(0.0, pace.sigma), _MOST_MEDIANS)
        return pace.median_ms / 1000 * factor * self._scale
