"""Many comparisons at once: p-values such that one false alarm among all of them stays as improbable as in one.

With p_1 <= ... <= p_m in order, the adjusted p_i is the largest (m - j + 1) p_j of j <= i, at most 1 (Holm 1979).
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values, in the order given."""
    adjusted, most = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = most
    return adjusted
