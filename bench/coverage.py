"""How often a 95 % interval holds the truth: runs of a target that is known, with requests taken for independent and not."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from bench.table import markdown
from loadkit.stats.batches import Dependence, dependence
from loadkit.stats.intervals import percentile

SECONDS, RATE, SPREAD = 180, 60, 0.5
SHOCK, MEMORY = 0.1, 0.8
_PERCENTILES = (0.5, 0.95, 0.99)

Run = npt.NDArray[np.float64]


def coverage(runs: int = 500) -> str:
    """Return the table. A shock makes all requests of a second slower or faster by 10 %, and the next second remembers 80 %."""
    rows = []
    for title, shock in (("independent requests", 0.0), ("seconds with shocks of 10 %", SHOCK)):
        random = np.random.default_rng(1)
        hits = {(p, naive): 0 for p in _PERCENTILES for naive in (True, False)}
        worth = dict.fromkeys(_PERCENTILES, 0.0)
        for _ in range(runs):
            run = _run(random, shock)
            for p in _PERCENTILES:
                found = _dependence(run, p)
                worth[p] += 1 / found.inflation / runs
                hits[p, True] += _holds(run, p, Dependence(1.0, 1000, SECONDS), shock)
                hits[p, False] += _holds(run, p, found, shock)
        for p in _PERCENTILES:
            known = [f"{hits[p, naive] / runs:.0%}" for naive in (True, False)]
            rows.append((f"{title}, p{100 * p:g}", *known, f"{worth[p]:.0%}"))
    return markdown(("", "taken for independent", "batch means", "worth of a request"), rows)


def _run(random: np.random.Generator, shock: float) -> Run:
    """Return the logarithms of response times by (second, request)."""
    level = np.empty(SECONDS)
    level[0] = random.normal(0, shock)
    steps = random.normal(0, shock * np.sqrt(1 - MEMORY**2), SECONDS)
    for second in range(1, SECONDS):
        level[second] = MEMORY * level[second - 1] + steps[second]
    made: Run = np.asarray(random.normal(0, SPREAD, (SECONDS, RATE)) + level[:, None])
    return made


def _dependence(run: Run, p: float) -> Dependence:
    above = (run > np.quantile(run, p)).sum(axis=1).astype(float)
    return dependence(above, np.full(SECONDS, float(RATE)), SECONDS)


def _holds(run: Run, p: float, found: Dependence, shock: float) -> bool:
    truth = NormalDist().inv_cdf(p) * float(np.hypot(SPREAD, shock))
    made = percentile(p, run.size, found, lambda rank: float(np.quantile(run, rank)), value=float(np.quantile(run, p)))
    return made.low is not None and made.high is not None and made.low <= truth <= made.high
