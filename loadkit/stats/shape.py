"""Which simple shape fits points: a line, a step, or a level that rises from some point on. Least squares, each with its rest.

    line     z = a + b x
    step     z = a before point k, c from it on
    hinge    z = a + b max(0, x - x_k)

Ten or twenty points are looked at, so every k is tried.
"""

from __future__ import annotations

from dataclasses import dataclass

from loadkit.arrays import Floats, np


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a shape fits: the sum of squares that it leaves, and the point at which it changes."""

    rest: float
    at: int = 0


def line(z: Floats, x: Floats) -> Fit:
    """Fit a straight line."""
    return Fit(_rest(z, x))


def step(z: Floats) -> Fit:
    """Fit two levels; the second begins at point `at`. Takes two points or more."""
    return min((Fit(_scatter(z[:k]) + _scatter(z[k:]), k) for k in range(1, len(z))), key=lambda fit: fit.rest)


def hinge(z: Floats, x: Floats) -> Fit:
    """Fit a level that changes steadily after point `at`. Takes two points or more."""
    return min((Fit(_rest(z, np.maximum(0.0, x - x[k])), k) for k in range(len(z) - 1)), key=lambda fit: fit.rest)


def _rest(z: Floats, x: Floats) -> float:
    """Return the squares that a straight line over x leaves."""
    apart = x - x.mean()
    over = float((apart**2).sum())
    return max(0.0, _scatter(z) - float((apart * z).sum()) ** 2 / over) if over else _scatter(z)


def _scatter(z: Floats) -> float:
    return float(((z - z.mean()) ** 2).sum())
