"""Queueing stations that obey a law exactly: when a request leaves is worked out, not slept.

A process that is late once writes one response late, and the station is where it would have been anyway: the instants at which
services begin and end are those of the law, whenever somebody looks.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from heapq import heapreplace
from typing import Protocol

from loadkit.clock import Clock, Ticket
from loadkit.scenario.demo_target import Queue
from loadkit.units import NS_PER_S

Leave = Callable[[], None]


class Station(Protocol):
    """Where requests are served."""

    def arrive(self, leave: Leave) -> None:
        """Take a request; `leave` is called when it has been served."""

    def figures(self) -> dict[str, float]:
        """Return what the station has seen of itself since its first request; `busy` is its utilisation."""


class _Tally:
    """What a station counts of itself. Lateness is that of this process, and no part of the law."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_ns = 0
        self.arrived = self.served = 0
        self.busy_ns = 0.0
        self._late_ns = self._latest_ns = 0

    def arrive(self, now_ns: int) -> None:
        self._began_ns = self._began_ns or now_ns
        self.arrived += 1

    def leave(self, due_ns: int) -> None:
        late_ns = self._clock.now_ns() - due_ns
        self.served += 1
        self._late_ns += late_ns
        self._latest_ns = max(self._latest_ns, late_ns)

    def figures(self, servers: int) -> dict[str, float]:
        passed_ns = self._clock.now_ns() - self._began_ns if self._began_ns else 0
        return {
            "arrived": self.arrived,
            "served": self.served,
            "waiting": self.arrived - self.served,
            "seconds": round(passed_ns / NS_PER_S, 6),
            "busy": round(self.busy_ns / passed_ns / servers, 6) if passed_ns else 0.0,
            "late_mean_ms": round(self._late_ns / self.served / 1e6, 6) if self.served else 0.0,
            "late_max_ms": round(self._latest_ns / 1e6, 6),
        }


class Servers:
    """Servers that take who waits longest; each service takes an exponential time, from a seeded generator."""

    def __init__(self, law: Queue, clock: Clock) -> None:
        self._law = law
        self._clock = clock
        self._draw = random.Random(f"queue {law.seed}").expovariate
        self._free_ns = [0] * law.servers  # when each server is free, as a heap
        self._tally = _Tally(clock)

    def arrive(self, leave: Leave) -> None:
        """Give the request to the server that is free first."""
        now_ns = self._clock.now_ns()
        self._tally.arrive(now_ns)
        service_ns = round(self._draw(1 / self._law.service_ns))
        due_ns = max(now_ns, self._free_ns[0]) + service_ns
        heapreplace(self._free_ns, due_ns)

        def served() -> None:
            self._tally.busy_ns += service_ns
            self._tally.leave(due_ns)
            leave()

        self._clock.at(due_ns, served)

    def figures(self) -> dict[str, float]:
        """Return what the station has seen; a service counts when it is over."""
        return self._tally.figures(self._law.servers)


class Shared:
    """All requests are served at once; with n of them the next one leaves after an exponential time of mean 1/X(n).

    Such a time has no memory, so at each arrival and departure it is drawn anew. Who came first leaves first.
    """

    def __init__(self, law: Queue, clock: Clock) -> None:
        self._law = law
        self._clock = clock
        self._draw = random.Random(f"queue {law.seed}").expovariate
        self._held: deque[Leave] = deque()
        self._next_ns = 0
        self._ticket: Ticket | None = None
        self._tally = _Tally(clock)
        self._since_ns = 0  # when it was last known to begin or go on being busy

    def arrive(self, leave: Leave) -> None:
        """Take a request in, after those have left that were due to."""
        now_ns = self._clock.now_ns()
        self._serve(now_ns)
        self._tally.arrive(now_ns)
        if not self._held:
            self._since_ns = now_ns
        self._held.append(leave)
        self._plan(now_ns)

    def figures(self) -> dict[str, float]:
        """Return what the station has seen; it is busy while anybody is there."""
        return self._tally.figures(1)

    def _serve(self, now_ns: int) -> None:
        while self._held and self._next_ns <= now_ns:
            at_ns, leave = self._next_ns, self._held.popleft()
            self._tally.busy_ns += at_ns - self._since_ns
            self._since_ns = at_ns
            self._tally.leave(at_ns)
            self._plan(at_ns)
            leave()

    def _plan(self, at_ns: int) -> None:
        """Draw when the next one leaves, and be there then."""
        if self._ticket is not None:
            self._ticket.cancel()
            self._ticket = None
        if self._held:
            rate = self._law.rate_per_s(len(self._held))
            self._next_ns = at_ns + round(self._draw(rate) * NS_PER_S)
            self._ticket = self._clock.at(self._next_ns, self._wake)

    def _wake(self) -> None:
        self._serve(self._clock.now_ns())


def make_station(law: Queue, clock: Clock) -> Station:
    """Return the station that obeys a law."""
    return Shared(law, clock) if law.shared else Servers(law, clock)
