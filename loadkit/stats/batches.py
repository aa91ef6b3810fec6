"""How far the samples of a run depend on each other: batch means over contiguous stretches of it.

Requests of the same second share what the target did in that second, so a thousand of them know less than a thousand
independent ones. With the run's steady part cut into cells of equal length, in order:

    n_t     requests in cell t, of which a_t count (lie above a quantile q, or failed); r = sum a_t / sum n_t
    x_t     = a_t - r n_t
    K       = min(10, floor(S/2)) batches of S seconds; E_k is the sum of x_t over batch k, w_k its share of the cells
    Λ       = max(1, sum_k (E_k^2 / w_k) / (K - 1) / (n r (1 - r)))      K var(E_k) / (n r (1 - r)) for equal batches
    n_eff   = n / Λ                                                     as many independent requests would know as much

Few long batches are better than many short ones: dependence between neighbouring batches would be taken for its absence. Batch
means are textbook output analysis (Law, Simulation Modeling and Analysis, ch. 9; Conway 1963).
"""

from __future__ import annotations

from dataclasses import dataclass

from loadkit.arrays import Floats, np

MOST_BATCHES = 10
LEAST_S = 4
"""Seconds of steady load below which there are not even two batches."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """What was found: Λ, from how many batches, and how many seconds they cover. One batch tells nothing."""

    inflation: float = 1.0
    batches: int = 1
    seconds: float = 0.0

    @property
    def degrees(self) -> int:
        """Return the degrees of freedom that the batches leave; 0 where there is one, or none."""
        return max(0, self.batches - 1)


def batch_count(seconds: float) -> int:
    """Return into how many batches so many seconds are cut."""
    return max(1, min(MOST_BATCHES, int(seconds / 2)))


def dependence(counted: Floats, totals: Floats, seconds: float) -> Dependence:
    """Return how dependent the requests of equal cells are: `counted` of the `totals` of each lie above, or failed.

    `seconds` is how long all cells together are.
    """
    batches = min(batch_count(seconds), len(totals))
    n, part = float(totals.sum()), float(counted.sum())
    if batches < 2 or not 0 < part < n:
        return Dependence(1.0, batches, seconds)
    ratio = part / n
    cells = np.array_split(counted - ratio * totals, batches)
    shares = np.array([len(cell) for cell in cells]) / len(totals)
    sums = np.array([cell.sum() for cell in cells])
    variance = float((sums**2 / shares).sum()) / (batches - 1)
    return Dependence(max(1.0, variance / (n * ratio * (1 - ratio))), batches, seconds)
