"""An exporter's thread: what a receiver does to it, and that nobody else notices."""

import threading
from collections.abc import Callable, Sequence

import pytest

from loadkit.outputs import isolated
from loadkit.outputs.exporter import ExportedRun, RefusedError, Second
from loadkit.outputs.isolated import KEPT, Isolated, Sent
from tests.support.results import interval, second, started

TOLERANT_S = 20.0


class Scripted:
    """A receiver that does as it is told; `got` are the ends of the seconds that it took."""

    def __init__(
        self, take: Callable[["Scripted", Sequence[Second]], None] = lambda self, seconds: None, every_s: float = 0
    ) -> None:
        self.to = "somewhere"
        self.every_s = every_s
        self.runs: list[ExportedRun] = []
        self.got: list[int] = []
        self.tried = 0
        self.ended = self.closed = 0
        self.tries = threading.Semaphore(0)
        self.free = threading.Event()
        self._take = take

    def check(self) -> None:
        pass

    def start(self, run: ExportedRun) -> None:
        self.runs.append(run)

    def take(self, seconds: Sequence[Second]) -> None:
        self.tried += 1
        self.tries.release()
        self._take(self, seconds)
        self.got += [one.snapshot.end_ns // 10**9 for one in seconds]

    def end(self) -> None:
        self.ended += 1

    def waiting(self) -> bool:
        return True

    def close(self) -> None:
        self.closed += 1


def exporter(receiver: Scripted, said: list[str]) -> Isolated:
    return Isolated("scripted", receiver, say=said.append, run_id=lambda: "the-run", tags={"team": "shop"})


def tried(receiver: Scripted, times: int) -> None:
    """Wait until seconds were given to a receiver so many times more."""
    for _ in range(times):
        assert receiver.tries.acquire(timeout=TOLERANT_S)


def go(receiver: Scripted, seconds: int) -> tuple[Sent, list[str]]:
    """Run so many seconds through an exporter, all at once, and end it."""
    said: list[str] = []
    made = exporter(receiver, said)
    made.start(started())
    for index in range(seconds):
        made.interval(interval(second(index)))
    made.end()
    sent = made.finish()
    made.close()
    return sent, said


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "FLUSH_S", 0.3)
    monkeypatch.setattr(isolated, "_PAUSES_S", (0.01,))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "FLUSH_S", TOLERANT_S)
    monkeypatch.setattr(isolated, "_PAUSES_S", (0.01,))


@pytest.mark.usefixtures("patient")
def test_every_second_arrives_once_and_in_order() -> None:
    receiver = Scripted()
    sent, said = go(receiver, 30)
    assert receiver.got == list(range(1, 31))
    assert (sent.sent, sent.lost, sent.error, said) == (30, 0, None, [])
    assert (receiver.ended, receiver.closed) == (1, 1)


def test_a_receiver_is_told_of_the_run_first() -> None:
    receiver = Scripted()
    go(receiver, 1)
    (run,) = receiver.runs
    assert (run.run, run.test, run.target) == ("the-run", "shop", "http://shop.example")
    assert run.labels == {"test": "shop", "run": "the-run", "team": "shop"}
    assert [phase.name for phase in run.phases] == ["steady"]


@pytest.mark.usefixtures("impatient")
def test_a_dead_receiver_loses_everything_and_is_told_of_once() -> None:
    def refuse(receiver: Scripted, seconds: Sequence[Second]) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    receiver, said = Scripted(refuse), list[str]()
    made = exporter(receiver, said)
    made.start(started())
    made.interval(interval(second(0)))
    tried(receiver, 2)  # the first one has failed
    made.interval(interval(second(1)))
    made.interval(interval(second(2)))
    made.end()
    sent = made.finish()
    made.close()
    assert said == ["warning: scripted to somewhere: connection refused; up to 60 s wait for it, then they are lost"]
    assert sent.sent == 0
    assert sent.lost == 3
    assert sent.error == "connection refused"


@pytest.mark.usefixtures("patient")
def test_who_comes_back_in_time_gets_every_second() -> None:
    def late(receiver: Scripted, seconds: Sequence[Second]) -> None:
        if receiver.tried <= 3:
            raise TimeoutError

    receiver, said = Scripted(late), list[str]()
    made = exporter(receiver, said)
    made.start(started())
    made.interval(interval(second(0)))
    tried(receiver, 1)
    made.interval(interval(second(1)))
    made.end()
    sent = made.finish()
    made.close()
    assert receiver.got == [1, 2]
    assert (sent.sent, sent.lost, sent.error) == (2, 0, "it does not answer in time")


@pytest.mark.usefixtures("patient")
def test_a_slow_receiver_loses_the_oldest_whole_seconds_that_wait() -> None:
    def hang(receiver: Scripted, seconds: Sequence[Second]) -> None:
        assert receiver.free.wait(TOLERANT_S)

    receiver, said = Scripted(hang), list[str]()
    made = exporter(receiver, said)
    made.start(started())
    made.interval(interval(second(0)))
    tried(receiver, 1)  # the first second is under way, and stays there
    for index in range(1, KEPT + 10):
        made.interval(interval(second(index)))
    receiver.free.set()
    made.end()
    sent = made.finish()
    made.close()
    assert receiver.got == [1, *range(12, KEPT + 11)]
    assert (sent.sent, sent.lost, sent.error) == (KEPT, 10, "it is too slow")
    assert said == ["warning: scripted to somewhere: it is too slow; up to 60 s wait for it, then they are lost"]


@pytest.mark.usefixtures("impatient")
def test_the_end_waits_only_so_long_for_a_receiver_that_hangs() -> None:
    def hang(receiver: Scripted, seconds: Sequence[Second]) -> None:
        assert receiver.free.wait(TOLERANT_S)

    receiver = Scripted(hang)
    sent, _ = go(receiver, 5)
    assert (sent.sent, sent.lost) == (0, 5)
    receiver.free.set()
    for thread in threading.enumerate():
        if thread.name == "exporter scripted":
            thread.join(TOLERANT_S)
    assert receiver.closed == 1  # by its own thread, when it came back


def test_what_is_refused_is_lost_and_not_tried_again() -> None:
    def refuse(receiver: Scripted, seconds: Sequence[Second]) -> None:
        raise RefusedError("401: no such token")

    receiver = Scripted(refuse)
    sent, _ = go(receiver, 3)
    assert receiver.tried <= 3
    assert (sent.sent, sent.lost, sent.error) == (0, 3, "401: no such token")


def test_a_fault_of_an_exporter_ends_that_exporter_alone() -> None:
    def fail(receiver: Scripted, seconds: Sequence[Second]) -> None:
        raise ZeroDivisionError("oops")

    receiver = Scripted(fail)
    sent, _ = go(receiver, 3)
    assert (sent.sent, sent.lost) == (0, 3)
    assert sent.error == "a fault of the exporter's own: ZeroDivisionError: oops"
    assert receiver.closed >= 1


def test_that_trouble_is_over_is_told_with_what_was_lost() -> None:
    def once(receiver: Scripted, seconds: Sequence[Second]) -> None:
        if receiver.tried == 1:
            raise RefusedError("no")
        if receiver.tried == 2:
            assert receiver.free.wait(TOLERANT_S)

    receiver, said = Scripted(once), list[str]()
    made = exporter(receiver, said)
    made.start(started())
    made.interval(interval(second(0)))
    tried(receiver, 1)
    made.interval(interval(second(1)))
    tried(receiver, 1)  # the first has been refused
    made.interval(interval(second(2)))
    receiver.free.set()
    tried(receiver, 1)  # the second has been taken
    made.interval(interval(second(3)))
    made.end()
    made.finish()
    made.close()
    assert said == [
        "warning: scripted to somewhere: no; what it refuses is lost",
        "note: scripted to somewhere works again; 1 second lost so far",
    ]


def test_seconds_are_collected_where_a_receiver_wants_them_together() -> None:
    receiver = Scripted(every_s=3600)
    said: list[str] = []
    made = exporter(receiver, said)
    made.start(started())
    made.interval(interval(second(0)))
    tried(receiver, 1)  # the first at once
    for index in range(1, 6):
        made.interval(interval(second(index)))
    made.end()
    sent = made.finish()
    made.close()
    assert (receiver.tried, receiver.got, sent.sent) == (2, [1, 2, 3, 4, 5, 6], 6)


def test_an_exporter_that_never_began_can_be_closed() -> None:
    receiver = Scripted()
    made = exporter(receiver, [])
    made.close()
    made.close()
    assert receiver.closed >= 1
    assert not [thread for thread in threading.enumerate() if thread.name == "exporter scripted"]
