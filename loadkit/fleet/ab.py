"""An A/B session: short runs of two plans in turn, until their difference is known or the budget is spent.

    warm-up A, warm-up B, then pairs AB BA or BA AB ...       each block: settle, measure, let users finish

Both targets are there all the time. The two blocks of a pair make the same arrivals and choices, and only one runs at a time:
neither takes anything from the other. A block that the generator spoiled is run again at once; one that stays so after three
attempts makes its pair count for nothing.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import Enum

from loadkit.analysis.ab import PERCENTILES, Block, Decision, Numbers, Pair, Question, decide, orders
from loadkit.engine.result import RunResult
from loadkit.errors import PreflightError
from loadkit.fleet.stop import Stop
from loadkit.fleet.stopping import passed_on
from loadkit.fleet.trial import Trial, TrialOptions
from loadkit.metrics.family import FAMILIES
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.scenario.plan import Plan
from loadkit.scenario.trial import TRIAL, Load, TrialShape
from loadkit.slo.validity import late_share

SETTLE_S = 1
OVERHEAD_S = 1.0
"""What a block takes beside what it measures and settles: workers that start, users that finish."""
MOST_LATE = 0.1
"""Of a block's arrivals: ten times what a run of its own may have, since lateness meets both sides alike."""
_ATTEMPTS = 3
_SPOILED = 3  # pairs, and more of them than good ones: the machine cannot do this


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: "A" or "B", how it is called, its plan aimed at a target that is there, and the load of its blocks."""

    label: str
    title: str
    plan: Plan
    load: Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a session may take: blocks of so many seconds, at most so many pairs, and no pair that would end after `most_s`."""

    block_s: int = 5
    most_pairs: int = 20
    most_s: float | None = None

    @property
    def pair_s(self) -> float:
        """Return how long a pair takes, roughly."""
        return 2 * (self.block_s + SETTLE_S + OVERHEAD_S)

    @property
    def whole_s(self) -> float:
        """Return how long all of it may take, with a pair to warm up."""
        whole = (self.most_pairs + 1) * self.pair_s
        return whole if self.most_s is None else min(whole, self.most_s)


class End(Enum):
    """Why a session was over."""

    DECIDED = "the difference is known"
    PAIRS = "all pairs were measured"
    TIME = "the time was up"
    SIGNAL = "the user stopped it"
    SPOILED = "the generator was the limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known after a pair; `repeated` blocks were spoiled so far. `end` is None while the session goes on."""

    pairs: tuple[Pair, ...]
    decision: Decision
    elapsed_s: float
    repeated: int = 0
    end: End | None = None


class AbSession:
    """One session; iterate over `progress` once. `stop` is how others end it: what is known then is yielded all the same."""

    def __init__(
        self, sides: tuple[Side, Side], question: Question, budget: Budget, *, workers: int | None = None, stop: Stop
    ) -> None:
        self._sides = {side.label: side for side in sides}
        self._question = question
        self._budget = budget
        self._options = TrialOptions(workers=workers)
        self._stop = stop
        self._pairs: list[Pair] = []
        self._began = time.monotonic()
        self._repeated = 0

    async def progress(self) -> AsyncIterator[Progress]:
        """Yield what is known after each pair, and at the end once more with the reason.

        Raises PreflightError when a side answers nothing at all, and what a Session raises.
        """
        for side in self._sides.values():
            warm = await self._block(side, 0)
            if not self._stop.requests:
                _check_answers(side, warm)
        for number, order in enumerate(self._orders(), start=1):
            if self._end() is not None:
                break
            pair = await self._pair(order, number)
            if pair is not None:
                self._pairs.append(pair)
                yield self._known(None)
        yield self._known(self._end() or End.PAIRS)

    def _orders(self) -> Iterator[str]:
        drawn = orders(self._sides["A"].plan.seed)
        return (order for order, _ in zip(drawn, range(self._budget.most_pairs), strict=False))

    def _known(self, end: End | None) -> Progress:
        return Progress(
            pairs=tuple(self._pairs),
            decision=decide(self._pairs, self._question),
            elapsed_s=time.monotonic() - self._began,
            repeated=self._repeated,
            end=end,
        )

    def _end(self) -> End | None:
        """Return why no further pair is measured; None when one is."""
        if self._stop.requests:
            return End.SIGNAL
        known = decide(self._pairs, self._question)
        if known.decided:
            return End.DECIDED
        if known.left_out >= _SPOILED and known.left_out > known.pairs:
            return End.SPOILED
        if len(self._pairs) >= self._budget.most_pairs:
            return End.PAIRS
        spent_s = time.monotonic() - self._began
        if self._budget.most_s is not None and spent_s + self._budget.pair_s > self._budget.most_s:
            return End.TIME
        return None

    async def _pair(self, order: str, number: int) -> Pair | None:
        """Measure a pair; None when the user stopped it."""
        blocks = {}
        for label in order:
            for _ in range(_ATTEMPTS):
                blocks[label] = block_of(await self._block(self._sides[label], number))
                if self._stop.requests:
                    return None
                if not blocks[label].invalid:
                    break
                self._repeated += 1
        return Pair(a=blocks["A"], b=blocks["B"], order=order)

    async def _block(self, side: Side, number: int) -> RunResult:
        shape = TrialShape(
            load=side.load, settle_s=SETTLE_S, most_s=self._budget.block_s, number=number, keeps_ensure=False
        )
        async with passed_on(self._stop) as stop:
            async with Trial(side.plan, shape, self._options, stop=stop) as trial:
                await trial.measured(self._budget.block_s)
            assert trial.result is not None
            return trial.result


def _check_answers(side: Side, result: RunResult) -> None:
    """Raise PreflightError where not one request got a valid response."""
    made = sum(result.summary.count(family.made) for family in FAMILIES)
    if any(result.summary.count(family.done) for family in FAMILIES):
        return
    names = sorted(name.removeprefix("errors.") for name in result.summary.metrics() if name.startswith("errors."))
    because = f" ({', '.join(names)})" if names else ""
    what = f"none of its {made:,} requests was answered{because}" if made else "it made no request"
    raise PreflightError(f"{side.label}, {side.title}: {what}; there is nothing to compare")


def block_of(result: RunResult) -> Block:
    """Return the numbers of a trial's measured part: all that was due in it, however late it was answered."""
    index = next((phase.index for phase in result.plan.phases if phase.name == TRIAL), 0)
    seen = result.summary.select(phase=index)
    names = {label for family in FAMILIES for label in seen.labels(family.made)}
    late = late_share(seen)
    believed = result.valid or (result.measurement.late_only and late <= MOST_LATE)
    return Block(
        series={"": _numbers(seen, None), **{name: _numbers(seen, name) for name in sorted(names)}},
        late=late,
        invalid="" if believed else result.measurement.reasons[0],
    )


def _numbers(seen: Snapshot, name: str | None) -> Numbers:
    """Return the numbers of one request name, or of all: times are of the requests that went well."""
    times, requests, failed = Histogram(), 0, 0
    for family in FAMILIES:
        made = seen.count(family.made, name)
        good, faulty = seen.histogram(family.response_time, name).copy(), Histogram()
        if family.faulty_time:
            faulty = seen.histogram(family.faulty_time, name)
            good.subtract(faulty, left=(good.copy(),))
        times.merge(good)
        requests += made
        failed += made - seen.count(family.done, name) + faulty.total
    quantiles = {word: times.quantile_ns(int(word[1:]) / 100) for word in PERCENTILES} if times.total else {}
    return Numbers(times_ns=quantiles, requests=requests, failed=max(0, failed))
