"""The search for the largest load that a target bears: asks for trials, is told their outcomes, and knows when it is done.

    state      asks for                              PASS                     FAIL
    RAMP       the start rate, then twice as much    lo; x2, x1.5 when the    hi; BISECT once there is a lo, else half as much
               (or the most allowed)                 margin is below 30 %
    BISECT     sqrt(lo hi)                           lo                       hi
               until hi / lo <= precision
    CONFIRM    lo, three times                       third: CEILING           lo / 1.05, at most 4 times, then UNRELIABLE
    CEILING    sqrt(lo hi), or hi when it is close   see below                hi; done

    UNSURE     the same trial goes on, up to three times as long; then it counts as FAIL
    INVALID    the trial again, since a machine may be busy for a moment; the fifth time in a row the generator is the limit, and
               what it bears is never taken for what the target bears

A load that passes above one that failed for certain, or passes where it had failed, makes the region between them unstable, and
the lower one counts. What passes above a confirmed lo and never failed for certain (it was UNSURE to the end, or is new) is
confirmed in its turn, twice at most; when that fails, the lo that was confirmed before stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from loadkit.analysis.outcome import Outcome, Seen

UP, CAREFULLY_UP, DOWN = 2.0, 1.5, 0.5
NARROW_MARGIN = 0.3
STEP_DOWN = 1.05
CONFIRMATIONS, MOST_STEPS_DOWN, MOST_HALVINGS = 3, 4, 14
CLOSE = 1.025
"""Bounds closer than this are not told apart."""
MOST_LOOKS = 3
MOST_INVALID = 5
LEAST_NEAR = 4
LONGER = 3
"""A trial that decides nothing goes on until it is so many times as long."""


class Stage(Enum):
    """Where a search is."""

    RAMP = "ramp"
    BISECT = "bisect"
    CONFIRM = "confirm"
    CEILING = "confirm the failure"
    DONE = "done"


class Status(Enum):
    """What a search came to."""

    FOUND = "found"
    AT_LEAST = "at least"
    NONE = "none"
    GENERATOR_LIMIT = "generator limit"
    UNRELIABLE = "unreliable"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to search. Rates are visits per second; `most` is the largest that may be tried. Times are seconds."""

    start: float
    most: float | None = None
    ramp_s: float = 20.0
    trial_s: float = 30.0
    confirm_s: float = 60.0
    precision: float = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The next trial: its load, and until how many seconds are measured. With `goes_on` it is the last one, made longer."""

    rate: float
    seconds: float
    stage: Stage
    goes_on: bool = False
    most_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A trial that has ended. `counts_as` differs from what was seen where nothing was decided."""

    ask: Ask
    seen: Seen
    counts_as: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What is known: `low` passed and `high` failed, in visits per second; None where no trial did.

    `unstable` is the region in which a load passed above one that failed; `criterion` and `reason` say what was missed first above
    the capacity, or why the generator was the limit. `reached` is about where the criterion that decides meets its limit, by
    a straight line through the logarithms of what the trials around it observed.
    """

    status: Status
    low: float | None
    high: float | None
    confirmed: bool
    criterion: str = ""
    reason: str = ""
    reached: float | None = None
    unstable: tuple[float, float] | None = None
    tried: tuple[Tried, ...] = ()


Turn = Callable[["Search", float, Seen, bool], None]


@dataclass(slots=True)
class Search:
    """One search; `ask` and `tell` take turns until `ask` returns None."""

    settings: Settings
    stage: Stage = Stage.RAMP
    tried: list[Tried] = field(default_factory=list)
    _status: Status | None = None
    _rate: float = 0.0
    _seconds: float = 0.0
    _low: float | None = None
    _high: float | None = None
    _confirmed: int = 0
    _proved: float | None = None
    _looks: int = 0
    _steps_down: int = 0
    _halvings: int = 0
    _asked: Ask | None = None
    _invalid: int = 0

    def __post_init__(self) -> None:
        most = self.settings.most
        self._go(self.settings.start if most is None else min(self.settings.start, most))

    def ask(self) -> Ask | None:
        """Return the next trial, None when the search is over. Asked again before it was told, it says the same."""
        if self.stage is Stage.DONE:
            return None
        self._asked = Ask(
            rate=self._rate,
            seconds=self._seconds,
            stage=self.stage,
            goes_on=self._seconds > self._usual_s(),
            most_s=LONGER * self._usual_s(),
        )
        return self._asked

    def tell(self, seen: Seen) -> None:
        """Take the outcome of the trial that was asked for last."""
        asked = self._asked
        assert asked is not None
        if seen.outcome is Outcome.UNSURE and asked.seconds + self._usual_s() <= asked.most_s:
            self._seconds = asked.seconds + self._usual_s()
            return
        if seen.outcome is Outcome.INVALID:
            self._take_invalid(asked, seen)
            return
        self._invalid = 0
        passed = seen.outcome is Outcome.PASS
        self.tried.append(Tried(ask=asked, seen=seen, counts_as=Outcome.PASS if passed else Outcome.FAIL))
        self._TURNS[self.stage](self, asked.rate, seen, passed)

    def capacity(self, *, interrupted: bool = False) -> Capacity:
        """Return what is known so far."""
        status = self._status or (Status.INTERRUPTED if interrupted or self.stage is not Stage.DONE else Status.FOUND)
        low = self._known_low()
        above = [rate for rate in self._rates(Outcome.FAIL) if low is None or rate > low]
        first = self._first_failure(min(above, default=math.inf))
        if status is Status.GENERATOR_LIMIT:
            first = self.tried[-1].seen
        return Capacity(
            status=status,
            low=low,
            high=min(above, default=None),
            confirmed=self._proved is not None,
            criterion=first.criterion if first else "",
            reason=first.reason if first else "",
            reached=reached(self.tried, low, min(above, default=None)),
            unstable=self._unstable(),
            tried=tuple(self.tried),
        )

    # ------------------------------------------------------------------------------------------------------- the stages

    def _ramp(self, rate: float, seen: Seen, passed: bool) -> None:
        if not passed:
            self._high = rate
            if self._low is None and self._halvings < MOST_HALVINGS:
                self._halvings += 1
                self._go(rough(rate * DOWN))
            elif self._low is None:
                self._end(Status.NONE)
            else:
                self._narrow()
            return
        self._low = rate
        most = self.settings.most
        if self._high is not None:
            self._narrow()
        elif most is not None and rate >= most:
            self._confirm()
        else:
            careful = seen.margin is not None and seen.margin < NARROW_MARGIN
            higher = rough(rate * (CAREFULLY_UP if careful else UP))
            self._go(higher if most is None else min(higher, most))

    def _bisect(self, rate: float, seen: Seen, passed: bool) -> None:
        if passed:
            self._low = rate
        else:
            self._high = rate
        self._narrow()

    def _confirming(self, rate: float, seen: Seen, passed: bool) -> None:
        if passed:
            self._confirmed += 1
            if self._confirmed < CONFIRMATIONS:
                self._go(rate)
            else:
                self._proved = rate
                self._look_above()
        elif self._proved is not None:  # what was confirmed before stays
            self._end(Status.FOUND)
        elif self._steps_down == MOST_STEPS_DOWN:
            self._end(Status.UNRELIABLE)
        else:
            self._steps_down += 1
            self._low = rough(rate / STEP_DOWN)
            self._confirm()

    def _look_above(self) -> None:
        """Go on between what was confirmed and the lowest load that failed, unless that was looked at as closely before."""
        assert self._proved is not None
        above = [one for one in self.tried if one.counts_as is Outcome.FAIL and one.ask.rate > self._proved]
        self._high = min((one.ask.rate for one in above), default=None)
        self._looks += 1
        if self._high is None:
            self._end(Status.AT_LEAST)
            return
        close = self._high / self._proved <= CLOSE
        sure = any(one.ask.rate == self._high and one.ask.stage in (Stage.CONFIRM, Stage.CEILING) for one in above)
        if self._looks > MOST_LOOKS or (close and sure):
            self._end(Status.FOUND)
            return
        self.stage = Stage.CEILING
        self._go(self._high if close else rough(math.sqrt(self._proved * self._high)))

    def _ceiling(self, rate: float, seen: Seen, passed: bool) -> None:
        if passed and rate not in self._failed_for_certain():
            self._low = rate
            self._confirm()
            self._confirmed = 1  # this trial was as long as the others
        else:
            self._end(Status.FOUND)

    _TURNS: ClassVar[Mapping[Stage, Turn]] = {
        Stage.RAMP: _ramp,
        Stage.BISECT: _bisect,
        Stage.CONFIRM: _confirming,
        Stage.CEILING: _ceiling,
    }

    # ---------------------------------------------------------------------------------------------------------- moves

    def _narrow(self) -> None:
        """Go between the bounds, or confirm the lower one when they are close."""
        assert self._low is not None
        assert self._high is not None
        middle = rough(math.sqrt(self._low * self._high))
        if self._high / self._low <= self.settings.precision or not self._low < middle < self._high:
            self._confirm()
            return
        self.stage = Stage.BISECT
        self._go(middle)

    def _confirm(self) -> None:
        assert self._low is not None
        self.stage, self._confirmed = Stage.CONFIRM, 0
        self._go(self._low)

    def _go(self, rate: float) -> None:
        self._rate, self._seconds = rate, self._usual_s()

    def _end(self, status: Status) -> None:
        self.stage, self._status = Stage.DONE, status

    def _usual_s(self) -> float:
        if self.stage is Stage.RAMP:
            return min(self.settings.ramp_s, self.settings.trial_s)
        return self.settings.trial_s if self.stage is Stage.BISECT else self.settings.confirm_s

    def _take_invalid(self, asked: Ask, seen: Seen) -> None:
        self.tried.append(Tried(ask=asked, seen=seen, counts_as=Outcome.INVALID))
        self._invalid += 1
        if self._invalid == MOST_INVALID:
            self._end(Status.GENERATOR_LIMIT)
            return
        self._seconds = self._usual_s()

    # ------------------------------------------------------------------------------------------------------- what is known

    def _known_low(self) -> float | None:
        """Return what was confirmed, else the highest load that passed below all that failed."""
        if self._proved is not None:
            return self._proved
        lowest = min(self._rates(Outcome.FAIL), default=math.inf)
        return max((rate for rate in self._rates(Outcome.PASS) if rate < lowest), default=None)

    def _first_failure(self, rate: float) -> Seen | None:
        """Return what was seen where a load failed; of several trials there, the one that says most."""
        failed = [one.seen for one in self.tried if one.counts_as is Outcome.FAIL and one.ask.rate == rate]
        return min(failed, key=lambda seen: seen.outcome is not Outcome.FAIL, default=None)

    def _unstable(self) -> tuple[float, float] | None:
        """Return from the lowest load that failed for certain to the highest that passed above it, or there later on."""
        lowest = min(self._failed_for_certain(), default=math.inf)
        above = [rate for rate in self._rates(Outcome.PASS) if rate > lowest]
        above += [
            one.ask.rate for one in self.tried if one.ask.stage is Stage.CEILING and one.counts_as is Outcome.PASS
        ]
        above = [rate for rate in above if rate >= lowest]
        return (lowest, max(above)) if above else None

    def _failed_for_certain(self) -> list[float]:
        return [one.ask.rate for one in self.tried if one.seen.outcome is Outcome.FAIL]

    def _rates(self, outcome: Outcome) -> list[float]:
        return [one.ask.rate for one in self.tried if one.counts_as is outcome]


NEAR = 0.15
"""Trials within this share of the bounds tell where a limit is reached; further away nothing is straight."""


def reached(tried: Sequence[Tried], low: float | None, high: float | None) -> float | None:
    """Return about where the closest criterion meets its limit; None unless trials on both sides say so.

    With v the observed value as a share of its limit, ln v = a + b rate by least squares, each trial by its seconds.
    """
    if low is None or high is None:
        return None
    near = [
        (one.ask.rate, math.log(1 - one.seen.margin), one.seen.seconds)
        for one in tried
        if one.counts_as is not Outcome.INVALID
        and one.seen.margin is not None
        and one.seen.margin < 1
        and low * (1 - NEAR) <= one.ask.rate <= high * (1 + NEAR)
    ]
    total = sum(weight for _, _, weight in near)
    if len(near) < LEAST_NEAR or not total:
        return None
    middle = sum(weight * rate for rate, _, weight in near) / total
    level = sum(weight * value for _, value, weight in near) / total
    spread = sum(weight * (rate - middle) ** 2 for rate, _, weight in near)
    rise = sum(weight * (rate - middle) * (value - level) for rate, value, weight in near)
    if not spread or rise <= 0:
        return None
    found = middle - level * spread / rise
    return found if low * (1 - NEAR) <= found <= high * (1 + NEAR) else None


def rough(rate: float) -> float:
    """Return a rate with three digits: nobody plans with more."""
    return float(f"{rate:.3g}")


def estimate_s(settings: Settings, settle_s: float, cool_s: float, between_s: float = 1.0) -> tuple[float, float]:
    """Return about how many seconds a search takes, and how many at most where all trials stay unsure to the end.

    Where the ramp ends nobody knows: five steps are counted, or those to the most allowed.
    """
    most = settings.most
    steps = 5 if most is None else max(1, math.ceil(math.log2(max(1.0, most / settings.start))) + 1)
    halvings = max(1, math.ceil(math.log2(math.log(UP) / math.log(settings.precision))))
    parts: list[tuple[int, float, float]] = [
        (steps, min(settings.ramp_s, settings.trial_s), 0.0),
        (halvings, settings.trial_s, cool_s / 2),
        (CONFIRMATIONS + MOST_LOOKS, settings.confirm_s, 0.0),
    ]
    usual = sum(times * (settle_s + seconds + cool + between_s) for times, seconds, cool in parts)
    longest = sum(times * (settle_s + LONGER * seconds + cool_s + between_s) for times, seconds, _ in parts)
    return usual, longest
