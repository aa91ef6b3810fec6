"""Whether B is slower than A, from pairs of short runs of both, looked at after each pair.

    d_i      = ln q_B - ln q_A          of pair i; q is p50, p95 or p99 of the response time in one block
    e_i      = failed_B - failed_A      the shares of requests that failed
    interval = that of stats/anytime.py over d_i, and over e_i: each holds at all looks with 95 %

A block is one short run, and the pair is the replicate: whatever drifts slowly hits both of its halves. The order within pairs
changes (AB BA, or BA AB, as a seed decides for each two), so that a steady drift cancels and neither side is always the second.

    errors first   L_e > 0 and the mean above 1 point: B fails more. U_e < 0 and below -1 point: A does. In both cases the times
                   are of different requests, and nothing is said about them
    slower         L > 0 and the ratio is x % or more; faster: U < 0 and it is as much below
    no difference  L and U are both within x %; or what there is, is less than the floor (1 ms)
    undecided      everything else: go on

(x is 10 % unless the user says otherwise.) With A = B each interval alone is wrong on B's side in 2.5 % of all sessions at
most, so B is blamed in at most 5 % however often one looks. Percentages are exp(d) - 1.

A generator that is late does not make one side look worse than the other: which comes first is drawn. So late blocks count, up
to 10 % of their arrivals, and what lateness costs is seen in the width of the interval.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from loadkit.stats.anytime import LEAST, Mean, count_for, mean_of

PERCENTILES = ("p50", "p95", "p99")
MOST_POINTS = 0.01
"""The difference of error rates that matters: one point."""
FLOOR_NS = 1_000_000
_MUCH_LONGER = 20
_SEVERITIES = ((0.5, "critical"), (0.2, "major"), (0.0, "minor"))


class Answer(Enum):
    """What the pairs say about B."""

    MORE_ERRORS = "more errors"
    FEWER_ERRORS = "fewer errors"
    SLOWER = "slower"
    FASTER = "faster"
    NO_DIFFERENCE = "no difference"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """One request name, or all, in one block: percentiles of the response time in nanoseconds by name, and counts."""

    times_ns: Mapping[str, float]
    requests: int
    failed: int

    @property
    def failed_share(self) -> float:
        """Return which share of the requests failed."""
        return self.failed / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One short run. `series` has numbers by request name, "" for all; `late` is the share of arrivals that started late.

    `invalid` says why the numbers cannot be believed.
    """

    series: Mapping[str, Numbers]
    late: float = 0.0
    invalid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A block of A and one of B, next to each other in time; `order` is "AB" or "BA"."""

    a: Block
    b: Block
    order: str = "AB"

    @property
    def invalid(self) -> str:
        """Return why the pair does not count; "" when it does."""
        reasons = [f"{side}: {block.invalid}" for side, block in (("A", self.a), ("B", self.b)) if block.invalid]
        return "; ".join(reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: whether the percentile `metric` of the requests `of` ("" for all) differs by `detect` (0.1 is 10 %)."""

    metric: str = "p95"
    of: str = ""
    detect: float = 0.1
    floor_ns: float = FLOOR_NS

    @property
    def margin(self) -> float:
        """Return the difference that matters, as a logarithm."""
        return math.log1p(self.detect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One percentile of one request name over all pairs: geometric means of both sides, and B to A as logarithm."""

    name: str
    metric: str
    a_ns: float
    b_ns: float
    log_ratio: Mean

    @property
    def change(self) -> tuple[float, float, float]:
        """Return by how much B is above A, and the interval's ends, as shares: 0.18 is 18 %."""
        found = self.log_ratio
        value, low, high = (math.expm1(min(end, 700.0)) for end in (found.value, found.low, found.high))
        return value, low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is known after some pairs. `difference` is None as long as there is none that counts.

    `difference` is what was asked about; `others` are for information. `errors` is the mean difference of
    shares; `failed` and `late` are the mean shares of A and B.
    """

    question: Question
    answer: Answer
    why: str
    pairs: int
    left_out: int
    difference: Difference | None = None
    errors: Mean | None = None
    others: tuple[Difference, ...] = ()
    failed: tuple[float, float] = (0.0, 0.0)
    late: tuple[float, float] = (0.0, 0.0)
    settle: str = ""

    @property
    def decided(self) -> bool:
        """Say whether more pairs would add nothing that was asked for."""
        return self.answer is not Answer.UNDECIDED

    @property
    def regressed(self) -> bool:
        """Say whether B is worse than A."""
        return self.answer in (Answer.SLOWER, Answer.MORE_ERRORS)

    @property
    def severity(self) -> str | None:
        """Return how bad a slower B is: minor, major from 20 %, critical from 50 %; more errors are critical."""
        if self.answer is Answer.MORE_ERRORS:
            return "critical"
        if self.answer is not Answer.SLOWER or self.difference is None:
            return None
        change = self.difference.change[0]
        return next(name for least, name in _SEVERITIES if change > least)

    def to_data(self) -> dict[str, Any]:
        """Return plain data for a report: times in milliseconds, changes in per cent, what is not known yet as null."""
        asked = self.question
        return {
            "verdict": self.answer.value,
            "severity": self.severity,
            "why": self.why,
            "metric": asked.metric,
            "of": asked.of or None,
            "detect_percent": _rounded(100 * asked.detect),
            "pairs": self.pairs,
            "pairs_left_out": self.left_out,
            "difference": _difference_data(self.difference) if self.difference else None,
            "errors": _errors_data(self.errors, self.failed) if self.errors else None,
            "late_percent": {"a": _percent(self.late[0]), "b": _percent(self.late[1])},
            "others": [_difference_data(other) for other in self.others],
            "settle": self.settle or None,
        }


def orders(seed: int) -> Iterator[str]:
    """Yield the order within each pair, without end: of each two pairs one is AB and the other BA."""
    draw = random.Random(f"ab {seed}").random
    while True:
        yield from ("AB", "BA") if draw() < 0.5 else ("BA", "AB")


def decide(pairs: Sequence[Pair], question: Question) -> Decision:
    """Return what pairs say; those with a block that cannot be believed, or that made no such request, do not count."""
    kept = [pair for pair in pairs if not pair.invalid and _requested(pair, question.of)]
    left_out = len(pairs) - len(kept)
    if not kept:
        why = "no pair could be compared" if pairs else "no pair was measured"
        return Decision(question=question, answer=Answer.UNDECIDED, why=why, pairs=0, left_out=left_out)
    timed = [pair for pair in kept if _timed(pair, question.of, question.metric)]
    difference = _difference(timed, question.of, question.metric) if timed else None
    shares = [(pair.a.series[question.of].failed_share, pair.b.series[question.of].failed_share) for pair in kept]
    errors = mean_of([b - a for a, b in shares])
    answer, why = _answer(difference, errors, question)
    return Decision(
        question=question,
        answer=answer,
        why=why,
        pairs=len(kept),
        left_out=left_out,
        difference=difference,
        errors=errors,
        others=tuple(_others(timed, question)),
        failed=(_mean([a for a, _ in shares]), _mean([b for _, b in shares])),
        late=(_mean([pair.a.late for pair in kept]), _mean([pair.b.late for pair in kept])),
        settle=_settle(difference, question) if difference and answer is Answer.UNDECIDED else "",
    )


def _answer(difference: Difference | None, errors: Mean, question: Question) -> tuple[Answer, str]:
    points = f"{100 * abs(errors.value):.2g} points"
    if errors.low > 0 and errors.value > MOST_POINTS:
        return Answer.MORE_ERRORS, f"B fails {points} more often than A, so the times are not of the same requests"
    if errors.high < 0 and errors.value < -MOST_POINTS:
        return Answer.FEWER_ERRORS, f"A fails {points} more often than B, so the times are not of the same requests"
    if difference is None:
        return Answer.UNDECIDED, "there are no response times to compare"
    found, margin = difference.log_ratio, question.margin
    asked = f"{100 * question.detect:g}%"
    apart_ns = abs(difference.b_ns - difference.a_ns)
    clear, word = found.low > 0 or found.high < 0, "slower" if found.value > 0 else "faster"
    if clear and abs(found.value) >= margin and apart_ns < question.floor_ns:
        return (
            Answer.NO_DIFFERENCE,
            f"they differ by {apart_ns / 1e6:.2g} ms, and less than {question.floor_ns / 1e6:.2g} ms is too little",
        )
    if clear and abs(found.value) >= margin:
        return (Answer.SLOWER, "B is slower") if found.value > 0 else (Answer.FASTER, "B is faster")
    if found.high < margin and found.low > -margin:
        return Answer.NO_DIFFERENCE, f"a difference of {asked} or more is excluded{f'; B is {word}' if clear else ''}"
    if clear:
        return Answer.UNDECIDED, f"B is {word}, but whether by {asked} is open"
    return Answer.UNDECIDED, f"neither a difference nor its absence to within {asked} is certain"


def _settle(difference: Difference, question: Question) -> str:
    """Return what would bring an answer: so many pairs that the interval leaves either zero or the margin outside."""
    found = difference.log_ratio
    if found.count < LEAST:
        return f"at least {LEAST} pairs are needed"
    apart = abs(found.value)
    wanted = apart if apart >= question.margin else question.margin - apart
    pairs = count_for(wanted, found.deviation)
    noise = f"pairs differ by {100 * math.expm1(min(found.deviation, 700.0)):.2g}% (standard deviation)"
    if pairs is None:
        return f"{noise}: ask for another difference than {100 * question.detect:g}% (--detect)"
    longer = math.ceil((found.reach / wanted) ** 2)  # the deviation falls with the root of the length
    blocks = f"blocks {max(2, longer)} times as long" if longer <= _MUCH_LONGER else "a quieter machine"
    return f"{noise}: about {max(pairs, found.count + 1):,} pairs, or {blocks}"


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _requested(pair: Pair, name: str) -> bool:
    return all(name in block.series and block.series[name].requests for block in (pair.a, pair.b))


def _timed(pair: Pair, name: str, metric: str) -> bool:
    """Say whether both sides of a pair have a percentile above zero."""
    both = [block.series.get(name) for block in (pair.a, pair.b)]
    return all(numbers is not None and numbers.times_ns.get(metric, 0) > 0 for numbers in both)


def _difference(pairs: Sequence[Pair], name: str, metric: str) -> Difference:
    logs = [
        (math.log(pair.a.series[name].times_ns[metric]), math.log(pair.b.series[name].times_ns[metric]))
        for pair in pairs
    ]
    a, b = (math.exp(math.fsum(side) / len(logs)) for side in zip(*logs, strict=True))
    return Difference(name=name, metric=metric, a_ns=a, b_ns=b, log_ratio=mean_of([b - a for a, b in logs]))


def _others(pairs: Sequence[Pair], question: Question) -> Iterator[Difference]:
    """Yield the other percentiles of what was asked about, then the same percentile of each name that all blocks have."""
    wanted = [(question.of, metric) for metric in PERCENTILES if metric != question.metric]
    if not pairs:
        return
    names = sorted({name for pair in pairs for block in (pair.a, pair.b) for name in block.series})
    wanted += [(name, question.metric) for name in names if name != question.of]
    for name, metric in wanted:
        if all(_timed(pair, name, metric) for pair in pairs):
            yield _difference(pairs, name, metric)


# Plain data


def _difference_data(difference: Difference) -> dict[str, Any]:
    change, low, high = (_percent(end) for end in difference.change)
    known = math.isfinite(difference.log_ratio.reach)
    return {
        "name": difference.name or None,
        "metric": difference.metric,
        "a_ms": _rounded(difference.a_ns / 1e6),
        "b_ms": _rounded(difference.b_ns / 1e6),
        "change_percent": change,
        "low_percent": low if known else None,
        "high_percent": high if known else None,
    }


def _errors_data(errors: Mean, failed: tuple[float, float]) -> dict[str, Any]:
    known = math.isfinite(errors.reach)
    return {
        "a_percent": _percent(failed[0]),
        "b_percent": _percent(failed[1]),
        "difference_points": _percent(errors.value),
        "low_points": _percent(errors.low) if known else None,
        "high_points": _percent(errors.high) if known else None,
    }


def _percent(share: float) -> float:
    return _rounded(100 * share)


def _rounded(number: float) -> float:
    return float(f"{number:.5g}")
