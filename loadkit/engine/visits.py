"""Virtual users at work: one visit of an arrival, or the endless visits of a closed user."""

from __future__ import annotations

import traceback
from asyncio import sleep
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from time import perf_counter_ns as now_ns
from typing import Any, Protocol

from loadkit.arrays import import_numpy
from loadkit.engine.services import WorkerServices
from loadkit.flow.fiber import NEVER_NS, Cancelled, park
from loadkit.flow.step import StepFunction
from loadkit.flow.user import StepFailed, VirtualUser, uniform
from loadkit.metrics.book import Book, Tally
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import Outcome
from loadkit.scenario.plan import Plan, Scenario
from loadkit.workload.base import WHOLE, Shard

_BACK_OFF_NS = 100_000_000
_PICK = 1  # salt of flow.user.uniform: which choice of a visit is meant


@dataclass(frozen=True, slots=True, kw_only=True)
class _Journey:
    """A scenario with the counters of its visits."""

    name: str
    book: Book
    steps: tuple[StepFunction, ...]
    begins_with_request: bool
    created: Tally
    completed: Tally
    lengths: list[int]


class Takes(Protocol):
    """A number of visits that is used up."""

    def take(self) -> bool:
        """Say whether one more visit may begin."""


class _NoRow(Exception):
    """A payload has no row left for a visit."""


class Visits:
    """Chooses scenarios by weight, fills variables, runs steps and counts how visits end."""

    def __init__(self, plan: Plan, services: WorkerServices, shard: Shard = WHOLE) -> None:
        import_numpy()  # before load: later it would be a pause of a tenth of a second
        self._seed = plan.seed
        self._services = services
        self._journeys = [_journey(scenario, services.recorder) for scenario in plan.scenarios]
        self._sums = list(accumulate(scenario.weight for scenario in plan.scenarios))
        self._dealers = [feeder.deal(shard.index, shard.count) for feeder in plan.feeders]
        self._own = plan.variables.keys() & {name for feeder in plan.feeders for name in feeder.defines}
        self._stopping = [dealer for dealer in self._dealers if dealer.stops]
        self.on_out_of_rows: Callable[[], None] | None = None
        self._rowless_ns = 0  # when a visit last began without a row
        self.out_of_rows = False  # no visit may begin any more
        self._look_for_rows()
        self._fixed = {**plan.context, **plan.given}
        self._drawn = []
        kept = plan.given if plan.config.get("compat") != "artillery" else ()
        for name, template in plan.variables.items():
            if name in kept:
                continue
            if template.is_constant and not isinstance(template.source, list):
                self._fixed[name] = template.source
            else:
                self._drawn.append((name, template.render))

    def pick(self, number: int) -> int:
        """Return the index of the scenario of visit `number`: the same for the same seed, whoever asks."""
        if len(self._journeys) == 1:
            return 0
        point = uniform(self._seed, number, _PICK) * self._sums[-1]
        return min(bisect_right(self._sums, point), len(self._journeys) - 1)

    def name_of(self, number: int) -> str:
        """Return the name of the scenario of visit `number`."""
        return self._journeys[self.pick(number)].name

    def furnish(self, user: VirtualUser) -> None:
        """Give a user that makes no visit its variables."""
        user.variables = self._fixed.copy()
        self._fill(user)

    async def once(self, user: VirtualUser) -> bool:
        """Carry out one visit and count how it ends; say whether it came to its end."""
        journey, arrived_ns = self._journeys[self.pick(user.number)], user.due_ns
        journey.created.times += 1
        try:
            user.variables = self._fixed.copy()
            if self._drawn or self._dealers:
                self._fill(user)
            for step in journey.steps:
                await step(user)
        except StepFailed:
            pass
        except _NoRow as error:
            self._rowless_ns = now_ns()
            journey.book.error(Outcome.NO_ROW.value, text=f"{journey.name}: {error}", mask=user.masked)
        except Cancelled:
            journey.book.error(
                Outcome.CANCELLED.value,
                text=f"{journey.name}: cut off at the end of the run; --graceful-stop gives it longer",
                mask=user.masked,
            )
        except ValueError as error:  # a template function was given what it cannot take
            user.fiber.deadline_ns = NEVER_NS
            journey.book.error(Outcome.INVALID_REQUEST.value, text=f"{journey.name}: {error}", mask=user.masked)
        except Exception as error:
            user.fiber.deadline_ns = NEVER_NS
            journey.book.error(Outcome.INTERNAL.value, text=_describe(error), mask=user.masked)
        else:
            journey.completed.times += 1
            journey.lengths.append(now_ns() - arrived_ns)
            return True
        journey.book.count("vusers.failed", journey.name)
        user.tell()
        return False

    async def repeatedly(
        self, user: VirtualUser, first: int, step: int, until_ns: int, budget: Takes | None = None
    ) -> None:
        """Carry out visits numbered first, first + step, ... until an instant, as long as `budget` lasts; finish the last one."""
        number, services, fiber = first, self._services, user.fiber
        while now_ns() < until_ns and not services.draining and not self.out_of_rows:
            if services.paused:
                await self._pause_over(user, until_ns)
                continue
            if user.pacer is not None:
                if not await self._slot_comes(user, number, until_ns):
                    return
                if services.paused:
                    continue
            if budget is not None and not budget.take():
                return
            user.begin(number, user.due_ns)
            fiber.waited, began_ns = False, now_ns()
            await self.once(user)
            number += step
            if (
                max(services.starved_ns, self._rowless_ns) >= began_ns
            ):  # our own descriptors or ports ran out: asking at once again helps nobody
                ticket = services.clock.at(now_ns() + _BACK_OFF_NS, fiber.resume)
                try:
                    await park()
                finally:
                    ticket.cancel()
            if not fiber.waited:  # nothing in this visit took time: let others run
                await sleep(0)
                user.due_ns = now_ns()

    async def _slot_comes(self, user: VirtualUser, number: int, until_ns: int) -> bool:
        """Wait for a paced user's next slot before a visit that begins with a request; say whether it is to begin.

        A slot behind the phase's end is nobody's, and who is only waiting for one when the run drains has not begun.
        """
        pacer = user.pacer
        assert pacer is not None
        if pacer.next_ns() >= until_ns:
            return False
        if self._journeys[self.pick(number)].begins_with_request:
            waiting = self._services.waiting
            waiting.add(user.fiber)
            try:
                user.due_ns = max(user.due_ns, await pacer.come(user.fiber))
            finally:
                waiting.discard(user.fiber)
        return not self._services.draining

    async def _pause_over(self, user: VirtualUser, until_ns: int) -> None:
        """Wait for the end of a pause, at most until an instant. Then the next visit is due; slots that passed are skipped."""
        services, from_ns = self._services, now_ns()
        ticket = services.clock.at(until_ns, user.fiber.resume)
        services.held.add(user.fiber)
        try:
            await park()
        finally:
            services.held.discard(user.fiber)
            ticket.cancel()
        user.due_ns = now_ns()
        if user.pacer is not None:
            user.pacer.skip(from_ns, user.due_ns)

    def _fill(self, user: VirtualUser) -> None:
        """Draw the variables that are not fixed: one element of each list, what templates give, payload rows."""
        variables = user.variables
        for name, render in self._drawn:
            value = render(user)
            variables[name] = user.random.choice(value) if isinstance(value, list) and value else value
        for dealer in self._dealers:
            row = dealer.take(user)
            if row is None:
                raise _NoRow(f"no row is left in {dealer.path}")
            if self._own:  # a variable of `config.variables` wins over a column of the same name, as in Artillery
                row = {name: value for name, value in row.items() if name not in self._own}
            variables.update(row)
        if self._stopping:
            self._look_for_rows()

    def _look_for_rows(self) -> None:
        """Notice that the last row of a payload has been given, and nobody may begin without one."""
        empty = next((dealer for dealer in self._stopping if dealer.is_out), None)
        if empty is not None and not self.out_of_rows:
            self.out_of_rows = True
            self._services.recorder.count("payloads.exhausted", empty.path)
            if self.on_out_of_rows is not None:
                self.on_out_of_rows()


def _journey(scenario: Scenario, recorder: Recorder) -> _Journey:
    name, book = scenario.name, recorder.book(scenario.name)
    return _Journey(
        name=name,
        book=book,
        steps=scenario.steps,
        begins_with_request=bool(scenario.steps) and scenario.steps[0] in scenario.requests,
        created=book.tally({("vusers.created", name): 1}),
        completed=book.tally({("vusers.completed", name): 1}),
        lengths=book.times("vusers.session_length", name),
    )


def _describe(error: Exception) -> str:
    frames: Sequence[Any] = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
