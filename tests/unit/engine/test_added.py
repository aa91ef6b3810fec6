"""Arrivals between planned ones: when they come, and that they end with their phase."""

from collections.abc import Callable
from time import perf_counter_ns

import pytest

from loadkit.clock import Ticket
from loadkit.engine.added import AddedArrivals

FAR = 1 << 62


class Clock:
    """Keeps what is to be called; a test calls it."""

    def __init__(self) -> None:
        self.tickets: list[Ticket] = []

    def now_ns(self) -> int:
        return perf_counter_ns()

    def at(self, when_ns: int, callback: Callable[[], None]) -> Ticket:
        self.tickets.append(Ticket(when_ns, callback))
        return self.tickets[-1]

    def run(self) -> list[int]:
        """Call what is to be called; return the instants."""
        instants = []
        while self.tickets:
            ticket = self.tickets.pop(0)
            if ticket.callback is not None:
                instants.append(ticket.when_ns)
                ticket.callback()
        return instants


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_they_lie_at_equal_distances_and_come_in_order(clock: Clock) -> None:
    started: list[int] = []
    emptied: list[int] = []
    added = AddedArrivals(clock, lambda due_ns, now: started.append(due_ns), lambda: emptied.append(1), end_ns=FAR)
    added.between(100, 200, 3)
    added.between(200, 210, 1)
    added.between(300, 400, 0)
    assert added.expected == 4
    assert clock.run() == started == [125, 150, 175, 205]
    assert (added.expected, emptied) == (0, [1])


def test_those_that_are_forgotten_do_not_come_and_later_ones_do(clock: Clock) -> None:
    started: list[int] = []
    added = AddedArrivals(clock, lambda due_ns, now: started.append(due_ns), lambda: None, end_ns=FAR)
    added.between(0, 100, 4)
    assert added.forget() == 4
    added.between(200, 300, 1)
    clock.run()
    assert started == [250]


def test_those_of_a_phase_that_is_over_are_left_for_its_account(clock: Clock) -> None:
    started: list[int] = []
    added = AddedArrivals(clock, lambda due_ns, now: started.append(due_ns), lambda: None, end_ns=1)
    added.between(0, 100, 4)
    clock.run()
    assert (started, added.forget()) == ([], 4)
