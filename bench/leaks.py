"""How often growth is taken for what it is not: courses of memory whose kind is known, each drawn many times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bench.table import markdown
from loadkit.stats.growth import Severity, growth

BEGAN, LEAST = 100.0, 5.0
"""What memory is at first, and the growth below which nothing is said, in MB."""
SHARED = 0.5
"""Noise of each sample, in MB, that no two samples share."""
TIMES = 500

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, Floats], Floats]
"""Draws a course at parts of the run, from 0 to 1."""
Shape = Callable[[Floats], Floats]


def _ramp(begin: float, end: float, height: float = 60.0) -> Shape:
    """Return a rise by `height` MB between two parts of the run."""
    return lambda t: height * np.clip((t - begin) / (end - begin), 0, 1)


def _level(t: Floats) -> Floats:
    return 0 * t


def _noisy(shape: Shape, noise: float = SHARED) -> Draw:
    return lambda random, t: shape(t) + random.normal(0, noise, len(t))


def _sawtooth(shape: Shape, periods: float, height: float) -> Draw:
    """Return a course under a garbage collector, whose first collection is anywhere."""

    def draw(random: np.random.Generator, t: Floats) -> Floats:
        made: Floats = shape(t) + height * ((periods * t + random.random()) % 1) + random.normal(0, SHARED, len(t))
        return made

    return draw


def _wandering(random: np.random.Generator, t: Floats) -> Floats:
    """Return a course that goes up and down by some MB and comes back slowly."""
    back, made, level = np.exp(-12 / len(t)), np.empty(len(t)), 0.0
    for index, step in enumerate(random.normal(0, 2.5 * np.sqrt(1 - back**2), len(t))):
        made[index] = level = back * level + step
    return made


def _in_steps(size: float) -> Draw:
    """Return a leak of 60 MB that shows in steps of an allocator's size, at times that chance decides."""

    def draw(random: np.random.Generator, t: Floats) -> Floats:
        at = np.sort(random.random(round(60 / size)))
        made: Floats = size * np.searchsorted(at, t) + random.normal(0, SHARED, len(t))
        return made

    return draw


_NONE, _QUIET, _WARNING, _CRITICAL = "nothing", "not critical", "warning", "critical"
COURSES: tuple[tuple[str, str, Draw], ...] = (
    ("level", _NONE, _noisy(_level)),
    ("level, noise of 5 MB", _NONE, _noisy(_level, 5.0)),
    ("wanders by 2.5 MB", _NONE, _wandering),
    ("sawtooth of 20 MB, 24 periods", _NONE, _sawtooth(_level, 24, 20.0)),
    ("sawtooth of 60 MB, 4 periods", _NONE, _sawtooth(_level, 4, 60.0)),
    ("one step at 50 %", _NONE, _noisy(_ramp(0.5, 0.501))),
    ("one step at 85 %", _NONE, _noisy(_ramp(0.85, 0.851))),
    ("one step at 95 %", _QUIET, _noisy(_ramp(0.95, 0.951))),
    ("cache, exponential", _QUIET, _noisy(lambda t: 60 * (1 - np.exp(-4 * t)))),
    ("cache, exponential, noise of 5 MB", _QUIET, _noisy(lambda t: 60 * (1 - np.exp(-4 * t)), 5.0)),
    ("cache, full at 60 %", _QUIET, _noisy(_ramp(0, 0.6))),
    ("cache, full at 80 %", _QUIET, _noisy(_ramp(0, 0.8))),
    ("cache, full at 80 %, sawtooth of 20 MB", _QUIET, _sawtooth(_ramp(0, 0.8), 24, 20.0)),
    ("cache, full at 90 %", _QUIET, _noisy(_ramp(0, 0.9))),
    ("cache, full at 95 %", _QUIET, _noisy(_ramp(0, 0.95))),
    ("logarithm, 25 MB ln(1 + 10 t)", _QUIET, _noisy(lambda t: 25 * np.log1p(10 * t))),
    ("logarithm, 55 MB ln(1 + 2 t)", _QUIET, _noisy(lambda t: 55 * np.log1p(2 * t))),
    ("cache that fills from 75 % to 85 %", _QUIET, _noisy(_ramp(0.75, 0.85))),
    ("begins at 55 %", _WARNING, _noisy(_ramp(0.55, 1))),
    ("begins at 75 %", _WARNING, _noisy(_ramp(0.75, 1))),
    ("begins at 90 %", _WARNING, _noisy(_ramp(0.9, 1))),
    ("begins at 80 %, sawtooth of 20 MB", _WARNING, _sawtooth(_ramp(0.8, 1), 24, 20.0)),
    ("leak", _CRITICAL, _noisy(_ramp(0, 1))),
    ("leak, noise of 5 MB", _CRITICAL, _noisy(_ramp(0, 1), 5.0)),
    ("leak, sawtooth of 20 MB, 24 periods", _CRITICAL, _sawtooth(_ramp(0, 1), 24, 20.0)),
    ("leak, sawtooth of 60 MB, 4 periods", _CRITICAL, _sawtooth(_ramp(0, 1), 4, 60.0)),
    ("leak in 15 steps of 4 MB", _CRITICAL, _in_steps(4.0)),
    ("leak in 6 steps of 10 MB", _CRITICAL, _in_steps(10.0)),
    ("leak, faster and faster", _CRITICAL, _noisy(lambda t: 60 * t**2)),
    ("leak since 30 %", _CRITICAL, _noisy(_ramp(0.3, 1))),
    ("leak of 12 MB", _WARNING, _noisy(_ramp(0, 1, 12.0))),
    ("leak of 12 MB, noise of 5 MB", _WARNING, _noisy(_ramp(0, 1, 12.0), 5.0)),
)


def leaks(times: int = TIMES) -> str:
    """Return the table, for runs of ten minutes and of one."""
    rows = []
    for name, expected, draw in COURSES:
        shares = [
            cell for length, warmup_s in ((600, 60.0), (60, 5.0)) for cell in _shares(draw, length, warmup_s, times)
        ]
        rows.append([name, expected, *shares])
    titles = [f"{severity.value}, {run}" for run in ("10 min", "1 min") for severity in Severity]
    return markdown(["course of 60 MB", "should be", *titles], rows)


def _shares(draw: Draw, length: int, warmup_s: float, times: int) -> list[str]:
    random, seconds = np.random.default_rng(1), np.arange(length, dtype=np.float64)
    counts = Counter(
        growth(seconds, seconds, BEGAN + draw(random, seconds / length), least=LEAST, warmup_s=warmup_s).severity
        for _ in range(times)
    )
    return [f"{counts[severity] / times:.0%}" for severity in Severity]
