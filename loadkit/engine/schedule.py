"""Start virtual users when the plan says so: arrivals at their intended instants, closed users for their lifetimes.

due --start--> at work                          started; late when more than 10 ms after its instant
 |---- paused, or a lower rate -> withheld       somebody intervened; what is left keeps its instants
 |---- active >= maxVusers ----> dropped        reason max_vusers: part of the plan
 |---- no descriptor left -----> dropped        reason generator: the measurement suffers
 |---- no row of data left ----> (nothing)      the phase stops: it was never due
 '---- the phase is over ------> dropped        reason generator
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter_ns as now_ns

from loadkit.engine.added import AddedArrivals
from loadkit.engine.rate import Rate
from loadkit.engine.services import WorkerServices
from loadkit.engine.visits import Visits
from loadkit.flow.pacing import Pacer
from loadkit.flow.user import VirtualUser
from loadkit.scenario.plan import Phase
from loadkit.units import NS_PER_S
from loadkit.workload.base import ClosedWorkload, OpenWorkload, Shard

LATE_NS = 10_000_000
NO_DESCRIPTORS = "descriptors"
"""The label of arrivals that were dropped since there was no descriptor left for their connection."""

_DUE, _ADDED = ("arrivals.due", ""), ("arrivals.added", "")
_BATCH = 64  # arrivals started before the loop may read sockets again


class OpenPhase:
    """Starts this shard's arrivals of one phase."""

    def __init__(
        self,
        phase: Phase,
        workload: OpenWorkload,
        shard: Shard,
        origin_ns: int,
        visits: Visits,
        most_active: int,
        rate: Rate | None = None,
    ) -> None:
        self.on_exhausted: Callable[[], None] | None = None
        self._phase = phase
        self._visits = visits
        self._shard = shard
        self._rate = rate or Rate(shard)
        self._added: AddedArrivals | None = None  # None in a run in which nobody intervenes
        self._workload = workload
        self._more = True  # planned arrivals to come
        self._first = phase.first_number
        self._start_ns = origin_ns + phase.start_ns
        self._end_ns = origin_ns + phase.end_ns
        part = shard.behind(phase.first_number)
        self._times: Iterator[tuple[int, int]] = workload.fire_times(part)
        self._left = len(range(part.index, workload.planned, part.count))
        self._most_active = most_active
        self._most_vusers = None if phase.max_vusers is None else share(phase.max_vusers, shard)
        self._stopped = False

    def begin(self, services: WorkerServices) -> None:
        """Arm the first arrival."""
        self._services = services
        self._recorder = services.recorder
        self._lags = services.recorder.times("generator.lag", services.recorder.label)
        self._loop = asyncio.get_running_loop()
        if not self._rate.as_planned:
            self._added = self._adding()
        self._advance()

    def adjust(self) -> None:
        """Obey another rate from this instant on. The plan's instants stay; what had been added to come is forgotten."""
        if self._stopped:
            return
        if self._added is None:
            self._added = self._adding()
        self._added.forget()
        now, until_ns = now_ns(), self._due_ns if self._more else self._end_ns
        planned_per_s = self._workload.rate_at(now - self._start_ns) / self._shard.count
        if until_ns > now and planned_per_s > 0:
            self._added.between(now, until_ns, self._rate.add(until_ns - now, round(NS_PER_S / planned_per_s)))
        self._exhausted()

    def stop(self) -> None:
        """Start nobody any more; what is left of the phase was never due."""
        self._stopped = True
        if self._added is not None:
            self._added.forget()

    def end(self) -> None:
        """Close the books of the phase: arrivals that were not started in time are dropped, those to be withheld are."""
        if not self._stopped:
            counters = self._recorder.counters
            missed, added = self._rate.keep(self._left), self._added.forget() if self._added is not None else 0
            for name, count in (
                ("arrivals.due", self._left),
                ("arrivals.withheld", self._left - missed),
                ("arrivals.added", added),
                ("arrivals.dropped", missed + added),
                ("arrivals.dropped.generator", missed + added),
            ):
                if count:
                    counters[name, ""] += count
        self._stopped = True

    def _adding(self) -> AddedArrivals:
        return AddedArrivals(self._services.clock, self._start_added, self._exhausted, end_ns=self._end_ns)

    def _advance(self) -> None:
        following = next(self._times, None)
        if following is None:
            self._more = False
            self._exhausted()
            return
        number, at_ns = following
        self._number, self._due_ns = self._first + number, self._start_ns + at_ns
        self._services.clock.at(self._due_ns, self._fire)

    def _exhausted(self) -> None:
        """Tell that everybody is at work, when no arrival is to come any more: neither planned nor added."""
        to_come = self._more or (self._added is not None and self._added.expected)
        if self.on_exhausted is not None and not to_come:
            self.on_exhausted()

    def _fire(self) -> None:
        """Start everybody who is due; after a batch let the loop read sockets first."""
        if self._stopped:
            return
        added = self._added
        for _ in range(_BATCH):
            now = now_ns()
            if now >= self._end_ns:
                return
            if self._visits.out_of_rows:
                self.stop()
                return
            if self._due_ns > now:
                self._services.clock.at(self._due_ns, self._fire)
                return
            self._left -= 1
            if added is None:
                self._start(self._number, self._due_ns, now)
                following = next(self._times, None)
            else:
                following = self._altered(added, now)
            if following is None:
                self._more = False
                self._exhausted()
                return
            number, at_ns = following
            self._number, self._due_ns = self._first + number, self._start_ns + at_ns
        self._loop.call_soon(self._fire)

    def _altered(self, added: AddedArrivals, now: int) -> tuple[int, int] | None:
        """Start the arrival that is due, or withhold it; add others behind it. Return the next one."""
        if self._rate.keep():
            self._start(self._number, self._due_ns, now)
        else:
            self._recorder.counters[_DUE] += 1
            self._recorder.counters["arrivals.withheld", ""] += 1
        following = next(self._times, None)
        if self._rate.adds:
            until_ns = self._end_ns if following is None else self._start_ns + following[1]
            gap_ns = until_ns - self._due_ns
            # of the gap to this worker's next arrival the first part is before the next one of the whole plan
            added.between(self._due_ns, self._due_ns + gap_ns // self._shard.count, self._rate.add(gap_ns, gap_ns))
        return following

    def _start_added(self, due_ns: int, now: int) -> None:
        if not self._visits.out_of_rows:
            self._start(next(self._rate.numbers), due_ns, now, _ADDED)

    def _start(self, number: int, due_ns: int, now: int, counted: tuple[str, str] = _DUE) -> None:
        services, counters = self._services, self._recorder.counters
        counters[counted] += 1
        active = services.active
        if self._most_vusers is not None and active >= self._most_vusers:
            counters["arrivals.dropped", ""] += 1
            counters["arrivals.dropped.max_vusers", ""] += 1
            counters["vusers.skipped", ""] += 1
            return
        if active >= self._most_active:
            counters["arrivals.dropped", ""] += 1
            counters["arrivals.dropped.generator", NO_DESCRIPTORS] += 1
            return
        counters["arrivals.started", ""] += 1
        self._lags.append(now - due_ns)
        if now - due_ns > LATE_NS:
            counters["arrivals.late", ""] += 1
        user = VirtualUser(services, number)
        user.due_ns = due_ns
        services.spawn(user, self._visits.once(user))


class ClosedPhase:
    """Runs this shard's closed users of one phase."""

    def __init__(self, phase: Phase, workload: ClosedWorkload, shard: Shard, origin_ns: int, visits: Visits) -> None:
        self.on_exhausted: Callable[[], None] | None = None
        self._budgets = Budgets(workload, shard, self._all_begun) if workload.iterations is not None else None
        self._phase = phase
        self._workload = workload
        self._lifetimes = workload.lifetimes(shard)
        self._start_ns = origin_ns + phase.start_ns
        self._visits = visits
        self._stopped = False

    def begin(self, services: WorkerServices) -> None:
        """Arm the first user."""
        self._services = services
        self._lags = services.recorder.times("generator.lag", services.recorder.label)
        self._loop = asyncio.get_running_loop()
        self._following = next(self._lifetimes, None)
        self._fire()

    def stop(self) -> None:
        """Start no further user."""
        self._stopped = True

    def end(self) -> None:
        """Nothing to close: users end by themselves."""
        self._stopped = True

    def _fire(self) -> None:
        for _ in range(_BATCH):
            if self._stopped or self._following is None or self._visits.out_of_rows:
                return
            user, first_ns, last_ns = self._following
            if self._start_ns + first_ns > now_ns():
                self._services.clock.at(self._start_ns + first_ns, self._fire)
                return
            self._start(user, self._start_ns + first_ns, self._start_ns + last_ns)
            self._following = next(self._lifetimes, None)
        self._loop.call_soon(self._fire)

    def _start(self, number: int, first_ns: int, last_ns: int) -> None:
        workload, services = self._workload, self._services
        user = VirtualUser(services, self._phase.first_number + number)
        user.due_ns = first_ns
        if workload.throughput is not None:
            user.pacer = Pacer(services.clock, self._start_ns, UserSlots(workload, number), self._lags)
            user.pacer.skip(self._start_ns, first_ns)
        budget = None if self._budgets is None else self._budgets.of(number)
        work = self._visits.repeatedly(user, user.number, workload.users, last_ns, budget)
        services.spawn(user, work)

    def _all_begun(self) -> None:
        """All visits of a phase with `iterations` are at work."""
        if self.on_exhausted is not None:
            self.stop()
            self.on_exhausted()


class Budget:
    """So many visits, of one user or shared by several."""

    __slots__ = ("_left", "_tell")

    def __init__(self, visits: int, tell: Callable[[], None]) -> None:
        self._left = visits
        self._tell = tell

    def take(self) -> bool:
        """Say whether one more visit may begin, and tell when it is the last."""
        if not self._left:
            return False
        self._left -= 1
        if not self._left:
            self._tell()
        return True


class Budgets:
    """What this shard's users may do of a phase with `iterations`: visits are dealt to users, and shared among those of a shard."""

    def __init__(self, workload: ClosedWorkload, shard: Shard, tell: Callable[[], None]) -> None:
        assert workload.iterations is not None
        self._each = workload.each
        self._tell = tell
        users = range(shard.index, workload.users, shard.count)
        self._open = len(users)  # users whose own visits have not all begun
        mine = sum(share(workload.iterations, Shard(user, workload.users)) for user in users)
        self._shared = Budget(mine, tell) if self._each is None else None

    def of(self, user: int) -> Budget:
        """Return the visits that a user draws on."""
        if self._shared is not None:
            return self._shared
        assert self._each is not None
        return Budget(self._each, self._one_less)

    def _one_less(self) -> None:
        self._open -= 1
        if not self._open:
            self._tell()


class UserSlots:
    """The schedule of one user's requests."""

    __slots__ = ("_user", "_workload")

    def __init__(self, workload: ClosedWorkload, user: int) -> None:
        self._workload = workload
        self._user = user

    def slot_ns(self, request: int) -> int:
        """Return when the `request`-th request is due."""
        return self._workload.slot_ns(self._user, request)

    def slot_index(self, at_ns: int) -> int:
        """Return the first request that is due at or after an instant."""
        return self._workload.slot_index(self._user, at_ns)


def share(total: int, shard: Shard) -> int:
    """Return a shard's exact part of a number; the parts add up to the number."""
    return total // shard.count + (shard.index < total % shard.count)
