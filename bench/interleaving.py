"""A/B sessions on a simulated noisy machine: how often B is blamed wrongly, and after how many pairs it is rightly.

Blocks of 5 s with 50 requests/s, lognormal with sigma 0.5, whose seconds share shocks: AR(1) with phi 0.8 and a standard deviation
of 10 %, through the whole session. p95s of neighbouring blocks then differ by some 14 % without any reason.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import islice

import numpy as np

from bench.table import markdown
from loadkit.analysis.ab import Answer, Block, Decision, Numbers, Pair, Question, decide, orders

MOST_PAIRS = 20
_SESSIONS = 1000
_PHI, _SHOCK = 0.8, 0.1
_PER_S, _BLOCK_S = 50, 5


class Machine:
    """A machine with two targets, B slower than A by `slower`. Times grow by `drift` a second, as logarithm.

    `failing` are the shares of requests of A and B that fail.
    """

    def __init__(
        self, seed: int, *, slower: float = 0.0, drift: float = 0.0, failing: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        self._random = np.random.default_rng(seed)
        self._shock = self._random.normal(0, _SHOCK)
        self._slower = slower
        self._drift = drift
        self._failing = failing
        self._second = 0

    def session(self) -> Decision:
        """Return what a session of at most 20 pairs comes to."""
        pairs: list[Pair] = []
        found = decide(pairs, Question())
        for order in islice(orders(int(self._random.integers(1 << 30))), MOST_PAIRS):
            made = {side: self._block(side == "B") for side in order}
            pairs.append(Pair(a=made["A"], b=made["B"], order=order))
            found = decide(pairs, Question())
            if found.decided:
                break
        return found

    def _block(self, is_b: bool) -> Block:
        requests = _BLOCK_S * _PER_S
        shocks = np.repeat([self._next_second() for _ in range(1 + _BLOCK_S)][1:], _PER_S)  # one second to settle
        times_ms = np.exp(shocks + self._random.normal(0, 0.5, requests)) * 20 * (1 + self._slower * is_b)
        failed = int(self._random.binomial(requests, self._failing[is_b]))
        p95_ns = float(np.quantile(times_ms, 0.95)) * 1e6
        return Block(series={"": Numbers(times_ns={"p95": p95_ns}, requests=requests, failed=failed)})

    def _next_second(self) -> float:
        self._second += 1
        self._shock = _PHI * self._shock + self._random.normal(0, _SHOCK * math.sqrt(1 - _PHI**2))
        return float(self._shock + self._drift * self._second)


CASES = {
    "A = B": {},
    "A = B, 0.2 % slower each second": {"drift": 0.002},
    "A = B, 2 % of the requests fail": {"failing": (0.02, 0.02)},
    "B +10 %": {"slower": 0.1},
    "B +20 %": {"slower": 0.2},
    "B +30 %": {"slower": 0.3},
    "B +60 %": {"slower": 0.6},
}


def interleaving() -> str:
    """Return a table of the shares of sessions by what they said, and the pairs that they took."""
    rows = []
    for name, case in CASES.items():
        found = [Machine(seed, **case).session() for seed in range(_SESSIONS)]  # type: ignore[arg-type]
        answers = Counter(one.answer for one in found)
        low, middle, high = np.quantile([one.pairs for one in found], [0.1, 0.5, 0.9])
        blamed = sum(one.regressed for one in found)
        praised = answers[Answer.FASTER] + answers[Answer.FEWER_ERRORS]
        shares = (blamed, answers[Answer.NO_DIFFERENCE], answers[Answer.UNDECIDED], praised)
        rows.append(
            (name, *(f"{share / _SESSIONS:.1%}" for share in shares), f"{middle:.0f} ({low:.0f} to {high:.0f})")
        )
    return markdown(("", "B blamed", "no difference", "undecided", "B praised", "pairs (80 % of sessions)"), rows)
