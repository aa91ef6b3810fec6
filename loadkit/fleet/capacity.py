"""Carry a search for a capacity through: its trials one after another, with time to recover behind those that failed.

    trial       settle, then measure; the load goes on where the search wants to see more of it
    cool-down   after a failure: a second without load, then the lightest load that passed, until its median is at most twice what
                it was then; where it has not come back within a minute, that is a finding of its own. Nobody knows what the
                median was at first where nothing has passed: then 5 s without load

How long a trial settles: 5 s, or three times the p99 of the response time of the last trial that passed, or as long as its
visits took, whatever is most.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from loadkit.analysis.capacity import Ask, Capacity, Search, Settings, Tried
from loadkit.analysis.outcome import TAIL, Outcome, Seen, see
from loadkit.fleet.standing import standing
from loadkit.fleet.stop import Stop
from loadkit.fleet.trial import Early, Measured, Trial, TrialOptions
from loadkit.outputs.base import Output
from loadkit.scenario.plan import Plan
from loadkit.scenario.trial import Load, TrialShape
from loadkit.slo.expression import Objective
from loadkit.slo.metric import Kind
from loadkit.units import NS_PER_S

LEAST_SETTLE_S, MOST_SETTLE_S = 5, 120
PAUSE_S, COOL_S, MOST_COOL_S = 1.0, 5.0, 60.0
_PROBE_S = 2
_BACK = 2.0  # times the first median
_BACK_NS = 2_000_000  # or so much above it: a median of a quarter of a millisecond doubles for nothing
_LEAST_IN_FLIGHT, _LEAST_WAIT_S, _FIRST_WAIT_S = 100, 1.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """What a search is about: the user's plan, the criteria, how to search, and how trials are run.

    `settle_s` is None where each trial settles as long as it takes. `mode` is how arrivals are spread where the file does not say.
    """

    plan: Plan
    criteria: Sequence[Objective]
    settings: Settings
    keeps_ensure: bool = True
    settle_s: int | None = None
    workers: int | None = None
    mode: str | None = "poisson"


class Listener(Protocol):
    """Who is told how a search goes."""

    def trying(self, number: int, ask: Ask, settle_s: int) -> None:
        """Note that a trial begins, or goes on."""

    def tried(self, number: int, ask: Ask, seen: Seen, following: Ask | None) -> None:
        """Take what a trial came to, and what comes next."""

    def cooling(self, text: str) -> None:
        """Note that the target is left to recover, or did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came to. `signal` is what ended it early; `findings` are sentences about what was noticed on the way."""

    capacity: Capacity
    elapsed_s: float
    started_at: float
    target: str
    findings: tuple[str, ...] = ()
    signal: str | None = None


@dataclass(slots=True)
class CapacityRun:
    """One search; `watch` is given each Stop that a signal is to reach."""

    plans: Plans
    listener: Listener
    watch: Callable[[Stop], None] = lambda stop: None
    outputs: Sequence[Output] = ()
    _findings: list[str] = field(default_factory=list)
    _number: int = 0
    _base_rate: float | None = None
    _base_ns: float = 0.0
    _passed: Seen | None = None
    _stop: Stop = field(default_factory=Stop)

    @property
    def _signal(self) -> str | None:
        return self._stop.signal

    async def run(self) -> Found:
        """Search until it is known, or a signal comes. Raises what a Session raises."""
        began, started_at = time.monotonic(), time.time()
        search = Search(self.plans.settings)
        async with standing(self.plans.plan) as plan:
            asked = search.ask()
            while asked is not None and self._signal is None:
                asked = await self._try(plan, search, asked)
        return Found(
            capacity=search.capacity(interrupted=self._signal is not None),
            elapsed_s=time.monotonic() - began,
            started_at=started_at,
            target=self.plans.plan.target,
            findings=tuple(self._findings),
            signal=self._signal,
        )

    async def _try(self, plan: Plan, search: Search, asked: Ask) -> Ask | None:
        """Carry one trial to its end and return what is asked for next."""
        self._number += 1
        settle_s = self._settle_s()
        following: Ask | None = asked
        async with self._trial(plan, asked, settle_s) as trial:
            while following is not None:
                asked = following
                self.listener.trying(self._number, asked, settle_s)
                found = await trial.measured(asked.seconds)
                if found.early is Early.SIGNAL:
                    return None
                seen = see(found, settle_s)
                search.tell(seen)
                following = search.ask()
                self.listener.tried(self._number, asked, seen, following)
                if following is None or not following.goes_on:
                    break
        self._note(asked, seen, found)
        if following is not None and search.tried[-1].counts_as is not Outcome.PASS:
            await self._cool_down(plan, search.tried[-1])
        return following

    def _trial(self, plan: Plan, asked: Ask, settle_s: int) -> Trial:
        plans, stop = self.plans, self._renewed()
        shape = TrialShape(
            load=Load(rate=asked.rate),
            settle_s=settle_s,
            most_s=math.ceil(asked.most_s),
            number=self._number,
            keeps_ensure=plans.keeps_ensure,
            mode=plans.mode,
        )
        options = TrialOptions(workers=plans.workers, most_in_flight=self._most_in_flight(asked.rate), tail=TAIL)
        return Trial(plan, shape, options, plans.criteria, stop=stop, outputs=self.outputs)

    def _renewed(self) -> Stop:
        """Return a Stop for what comes next. A signal that came too late for the last one is passed on."""
        stop = Stop()
        if self._stop.signal:
            stop.request(self._stop.signal)
        self._stop = stop
        self.watch(stop)
        return stop

    def _note(self, asked: Ask, seen: Seen, found: Measured) -> None:
        """Remember what later trials are held against."""
        if seen.outcome is not Outcome.PASS:
            return
        self._passed = seen
        if self._base_rate is None or asked.rate < self._base_rate:
            self._base_rate, self._base_ns = asked.rate, _median_ns(found)

    def _settle_s(self) -> int:
        if self.plans.settle_s is not None:
            return self.plans.settle_s
        if self._passed is None:
            return LEAST_SETTLE_S
        p99 = self._passed.times.get("p99")
        longest_ns = max(3 * p99.value if p99 else 0.0, self._passed.session_p99_ns)
        return min(MOST_SETTLE_S, max(LEAST_SETTLE_S, math.ceil(longest_ns / NS_PER_S)))

    def _most_in_flight(self, rate: float) -> float:
        """Return how many virtual users at work mean that a queue has no end: what comes in in a multiple of what a visit takes."""
        limits = [one.limit / NS_PER_S for one in self.plans.criteria if one.selector.kind is Kind.TIME]
        if self._passed is None:
            wait_s = max(_FIRST_WAIT_S, 2 * max(limits, default=0.0))
        else:
            wait_s = max(_LEAST_WAIT_S, 3 * self._passed.session_p99_ns / NS_PER_S, 2 * max(limits, default=0.0))
        return max(_LEAST_IN_FLIGHT, rate * wait_s)

    # ----------------------------------------------------------------------------------------------------- cool-down

    async def _cool_down(self, plan: Plan, tried: Tried) -> None:
        """Wait until the target answers a light load as it did at first."""
        stop = self._renewed()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.asked(), COOL_S if self._base_rate is None else PAUSE_S)
        if stop.signal or self._base_rate is None:
            return
        began = time.monotonic()
        while (waited := time.monotonic() - began) < MOST_COOL_S:
            self.listener.cooling(f"recovering, asked at {self._base_rate:g}/s")
            if await self._is_back(plan, tried):
                return
            if self._signal is not None:
                return
        text = f"the target does not recover: {waited:.0f} s after {tried.ask.rate:g}/s"
        self._findings.append(f"{text} it is slower than at first at {self._base_rate:g}/s")
        self.listener.cooling(self._findings[-1])

    async def _is_back(self, plan: Plan, tried: Tried) -> bool:
        """Say whether a light load is answered as at first: its median, and no arrival left behind."""
        assert self._base_rate is not None
        probe = Ask(rate=self._base_rate, seconds=_PROBE_S, stage=tried.ask.stage, most_s=_PROBE_S)
        async with self._trial(plan, probe, 0) as trial:
            found = await trial.measured(_PROBE_S)
        now_ns = _median_ns(found)
        limit_ns = max(_BACK * self._base_ns, self._base_ns + _BACK_NS)
        return bool(now_ns) and now_ns <= limit_ns and found.achieved > 1 / _BACK


def _median_ns(found: Measured) -> float:
    median = found.times.get("p50")
    return median.value if median else 0.0
