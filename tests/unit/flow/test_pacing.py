"""The slots of a paced user, on a clock moved by hand."""

from collections.abc import Callable

from loadkit.clock import Ticket
from loadkit.flow.fiber import Fiber
from loadkit.flow.pacing import Pacer


class ManualClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 0
        self.waiting: list[Ticket] = []

    def now_ns(self) -> int:
        return self.now

    def at(self, when_ns: int, callback: Callable[[], None]) -> Ticket:
        ticket = Ticket(when_ns, callback)
        self.waiting.append(ticket)
        return ticket

    def move(self, to_ns: int) -> None:
        self.now = to_ns
        due = [ticket for ticket in self.waiting if ticket.when_ns <= to_ns]
        self.waiting = [ticket for ticket in self.waiting if ticket.when_ns > to_ns]
        for ticket in due:
            if ticket.callback is not None:
                ticket.callback()


class EveryTen:
    """A slot every ten nanoseconds."""

    def slot_ns(self, request: int) -> int:
        return request * 10

    def slot_index(self, at_ns: int) -> int:
        return max(0, -(-at_ns // 10))


def taken(clock: ManualClock, pacer: Pacer, waits: int) -> tuple[list[int], Fiber]:
    """Let a fiber take slots one after another; the list fills as it does."""
    slots: list[int] = []

    async def work() -> None:
        for _ in range(waits):
            slots.append(await pacer.wait(fiber))

    fiber = Fiber(work(), lambda fiber, error: None)
    fiber.start()
    return slots, fiber


def test_a_user_waits_for_its_slots() -> None:
    clock, lags = ManualClock(), []  # type: ManualClock, list[int]
    slots, _ = taken(clock, Pacer(clock, 100, EveryTen(), lags), 3)
    assert slots == []
    clock.move(100)
    assert slots == [100]
    clock.move(113)
    assert (slots, lags) == ([100, 110], [0, 3])


def test_slots_that_passed_while_waiting_for_the_target_are_owed() -> None:
    clock = ManualClock()
    pacer = Pacer(clock, 0, EveryTen(), [])
    clock.move(35)
    slots, _ = taken(clock, pacer, 5)
    assert slots == [0, 10, 20, 30]  # taken at once, intended when they were due


def test_slots_that_pass_in_think_are_skipped() -> None:
    clock = ManualClock()
    pacer = Pacer(clock, 0, EveryTen(), [])
    pacer.skip(0, 35)
    assert (pacer.next_ns(), pacer.skipped) == (40, 4)


def test_slots_that_passed_before_think_began_stay_owed() -> None:
    clock = ManualClock()
    pacer = Pacer(clock, 0, EveryTen(), [])
    clock.move(75)
    pacer.skip(45, 65)  # the target kept us until 45, then we thought until 65
    slots, _ = taken(clock, pacer, 7)
    # What is owed is put off by the 20 of the think, in which the target had no part; 50 and 60 are skipped.
    assert slots == [20, 30, 40, 50, 60, 70]
    clock.move(80)
    assert slots[-1] == 80


def test_several_pauses_skip_their_own_slots_only() -> None:
    clock = ManualClock()
    pacer = Pacer(clock, 0, EveryTen(), [])
    clock.move(100)
    for begin, end in ((15, 35), (35, 38), (55, 75)):
        pacer.skip(begin, end)
    slots, _ = taken(clock, pacer, 7)
    assert slots == [
        43,
        53,
        60,
        70,
        80,
        90,
        100,
    ]  # 0 and 10 by all three, 40 and 50 by the last; 20, 30, 60, 70 skipped
