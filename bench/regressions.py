"""How often a comparison calls a run slower that is not, and how often it finds one that is: through all of the real code.

Seconds of made-up requests become histograms, cells, measures, a report, and a comparison. Each second has a level of its own that
follows the last one's (AR(1), 0.8, standard deviation 10 %), each run one, too (3 % by default), each request a lognormal time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.table import markdown
from loadkit.analysis.compare import Comparison, Settings, compare
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.measures import measure
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.metrics.track import Leg, Track
from loadkit.report.measures import measures_data

S = 10**9
MEMORY = 0.8
SHOCK = 0.10
SPREAD = 0.5
NAMES = {"/cart": (0.6, 20.0), "/buy": (0.4, 60.0)}
"""Each name's share of the requests, and its median in milliseconds."""
_BODY: dict[str, Any] = {
    "exit_code": 0,
    "measurement": {"status": "valid", "reasons": []},
    "fingerprint": {"id": "", "scenario": "", "phases": "", "target": "http://shop.example", "host": "simulated"},
    "phases": [],
    "files": [],
    "name": "simulated",
    "digest": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What runs are drawn from. `between` is what runs differ by, a standard deviation."""

    seconds: int = 180
    per_s: int = 60
    between: float = 0.03
    shock: float = SHOCK


def simulate(world: World, random: np.random.Generator, number: int, *, slower: float = 0.0) -> dict[str, Any]:
    """Return the report of a run that is so much slower than the others."""
    level = np.log1p(slower) + random.normal(0, world.between)
    track, told = Track([Leg(0, 0, world.seconds * S)]), []
    shock = random.normal(0, world.shock)
    for second in range(world.seconds):
        shock = MEMORY * shock + random.normal(0, world.shock * np.sqrt(1 - MEMORY**2))
        told.append(_second(world, random, second, level + shock))
        track.add(told[-1])
    return {"loadkit": {**_BODY, "run": f"run {number}", "measures": measures_data(measure(track, merge_all(told)))}}


def _second(world: World, random: np.random.Generator, second: int, level: float) -> Snapshot:
    part = Snapshot()
    for name, (share, median_ms) in NAMES.items():
        number = random.poisson(world.per_s * share)
        histogram = Histogram()
        times = np.exp(np.log(median_ms * 1e6) + level + random.normal(0, SPREAD, number))
        histogram.record(times.astype(np.int64))
        part.counters["http.requests", name] = part.counters["http.responses", name] = number
        part.histograms["http.response_time", name] = histogram
    return Snapshot.of_parts(second * S, (second + 1) * S, {(0, "shop"): part})


@dataclass(slots=True)
class Tally:
    """What comparisons of one kind came to."""

    trials: int = 0
    regressions: int = 0
    blocked: int = 0
    passed: int = 0
    open: int = 0

    def add(self, found: Comparison) -> None:
        """Count one."""
        self.trials += 1
        self.regressions += found.verdict == "regression"
        self.blocked += found.blocked
        self.passed += found.verdict in ("pass", "improvement")
        self.open += found.verdict in ("inconclusive", "unresolved")

    def share(self, word: str) -> float:
        """Return the share of one outcome."""
        return float(getattr(self, word)) / self.trials


def pool_of(world: World, number: int, *, slower: float = 0.0, seed: int = 1) -> list[dict[str, Any]]:
    """Return so many runs."""
    random = np.random.default_rng([seed, int(1000 * slower), int(1000 * world.between)])
    return [simulate(world, random, index, slower=slower) for index in range(number)]


def trials(
    like: Sequence[dict[str, Any]], news: Sequence[dict[str, Any]], *, k: int, times: int, seed: int = 1
) -> Tally:
    """Compare a run of one pool with k of the other, so many times; the pools may be the same."""
    random, tally = np.random.default_rng(seed), Tally()
    for _ in range(times):
        new = news[int(random.integers(len(news)))]
        base = random.choice([index for index, run in enumerate(like) if run is not new], k, replace=False)
        named = [_named(like[index], f"baseline {index}") for index in base]
        tally.add(compare(_named(new, "new"), named, Settings()))
    return tally


def _named(run: dict[str, Any], name: str) -> dict[str, Any]:
    return {"loadkit": {**run["loadkit"], "run": name}}


_CASES = ((1, 0.03), (3, 0.03), (5, 0.03), (3, 0.06), (5, 0.06))
_CHANGES = (0.0, 0.1, 0.2, 0.3, 0.6)


def regressions(pool: int = 80, times: int = 500) -> str:
    """Return the table: for each number of baseline runs and noise between runs, what was said of which change."""
    pools = {
        (between, slower): pool_of(World(between=between), pool, slower=slower)
        for between in sorted({between for _, between in _CASES})
        for slower in _CHANGES
    }
    rows = []
    for k, between in _CASES:
        like = pools[between, 0.0]
        found = {slower: trials(like, pools[between, slower], k=k, times=times) for slower in _CHANGES}
        rows.append(
            [
                f"{k}, {between:.0%}",
                f"{found[0.0].share('regressions'):.1%}",
                f"{found[0.0].share('open'):.0%}",
                *(f"{found[slower].share('regressions'):.0%}" for slower in _CHANGES[1:]),
                *(f"{found[slower].share('blocked'):.1%}" for slower in (0.0, 0.2, 0.3, 0.6)),
            ]
        )
    head = ["baseline runs, noise", "false alarms", "open", "+10 % found", "+20 %", "+30 %", "+60 %"]
    return markdown([*head, "+0 % blocked", "+20 %", "+30 %", "+60 %"], rows)
