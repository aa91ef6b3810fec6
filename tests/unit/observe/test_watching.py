"""Sources in threads of their own: what is seen, lost and told."""

import threading
from collections.abc import Callable, Mapping
from time import monotonic
from time import perf_counter_ns as now_ns

import pytest

from loadkit.errors import PreflightError
from loadkit.observe.watching import Seen, Watching, refuse
from loadkit.slo.metric import Kind
from loadkit.slo.observed import Place, Series, Source, Unavailable

MS = 1_000_000
VALUE = Series(name="value", kind=Kind.COUNT, description="a number")


class Fake:
    """A sampler that does as it is told, look by look."""

    def __init__(self, looks: list[Callable[[], Mapping[str, float]]]) -> None:
        self.looks = looks
        self.done = threading.Event()
        self.closed_by: str | None = None

    def sample(self) -> Mapping[str, float]:
        if len(self.looks) > 1:
            return self.looks.pop(0)()
        self.done.set()
        return self.looks[0]()

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        self.closed_by = threading.current_thread().name


def gives(value: float) -> Callable[[], Mapping[str, float]]:
    return lambda: {"value": value}


def fails(text: str, kind: type[Exception] = Unavailable) -> Callable[[], Mapping[str, float]]:
    def look() -> Mapping[str, float]:
        raise kind(text)

    return look


def watching(fake: Fake, *, required: bool = True, every_ns: int = 10 * MS) -> Watching:
    source = Source(name="it", plugin="fake", series=(VALUE,), required=required)
    return Watching([source], {"fake": lambda options, place, note: fake}, Place(), every_ns)


def collected(watched: Watching, fake: Fake) -> Seen:
    """Let it look until the last of its looks, and return everything."""
    for opened in watched.start():
        opened.exception(timeout=60)
    watched.begin(now_ns())
    assert fake.done.wait(60)
    watched.close()
    return watched.take()


def said(seen: Seen) -> list[str]:
    """What was remarked, without that a busy machine made a look late."""
    return [remark.text for remark in seen.remarks if not remark.text.startswith("a look at it takes")]


def test_the_first_look_counts_for_nothing_and_the_others_come_in_order() -> None:
    fake = Fake([gives(1), gives(2), gives(3), gives(4)])
    seen = collected(watching(fake), fake)
    assert [look.values["value"] for look in seen.looks][:3] == [2, 3, 4]
    assert all(one.at_ns < other.at_ns for one, other in zip(seen.looks, seen.looks[1:], strict=False))
    assert said(seen) == []
    assert fake.closed_by == "observe it"


def test_a_look_that_fails_is_counted_each_time_and_told_once_and_so_is_its_return() -> None:
    fake = Fake([gives(1), fails("gone"), fails("gone"), fails("gone"), gives(2), gives(3)])
    seen = collected(watching(fake), fake)
    assert said(seen) == ["gone", "it is there again"]
    assert seen.lost["it"] >= 3


def test_a_fault_of_a_sampler_is_a_loss_and_no_crash() -> None:
    fake = Fake([gives(1), fails("oops", ZeroDivisionError), gives(2)])
    seen = collected(watching(fake), fake)
    assert said(seen)[0] == "it cannot be looked at: ZeroDivisionError: oops"


def test_a_slow_look_loses_the_seconds_that_it_takes() -> None:
    pause = threading.Event()
    fake = Fake([gives(1), lambda: {"value": float(pause.wait(0.1))}, gives(2)])
    seen = collected(watching(fake), fake)
    assert seen.lost["it"] >= 5
    assert "a look at it takes" in seen.remarks[0].text


def test_a_source_that_hangs_keeps_nobody_waiting() -> None:
    hanging = threading.Event()
    fake = Fake([gives(1), lambda: {"value": float(hanging.wait(30))}])
    watched = watching(fake)
    for opened in watched.start():
        opened.result(timeout=60)
    watched.begin(now_ns())
    assert fake.done.wait(60)
    began = monotonic()
    assert watched.take().looks == []
    watched.close()
    assert monotonic() - began < 20  # of 30
    hanging.set()


def test_what_takes_long_to_open_stops_the_run_only_if_it_is_required_and_may_come_later() -> None:
    for required in (True, False):
        answered = threading.Event()
        fake = Fake([lambda waited=answered: {"value": float(waited.wait(10))}, gives(2), gives(3)])
        watched = watching(fake, required=required)
        (opened,) = watched.start()
        assert watched.missing() == (["it: it gave no answer within 10 s"] if required else [])
        assert not opened.cancel()
        watched.begin(now_ns())
        answered.set()
        assert fake.done.wait(60)
        watched.close()
        assert [look.values["value"] for look in watched.take().looks][:1] == [2]


def test_a_look_that_never_ends_loses_the_seconds_that_go_by() -> None:
    answered, first, fake = threading.Event(), threading.Event(), Fake([gives(1), gives(2)])
    watched = watching(fake)
    for opened in watched.start():
        opened.exception(timeout=60)

    def hangs() -> Mapping[str, float]:
        first.set()
        answered.wait(10)
        return {"value": 3}

    fake.looks[:] = [hangs, gives(4)]
    watched.begin(now_ns())
    assert first.wait(60)
    lost, texts, until = 0, list[str](), monotonic() + 60
    while lost < 5 and monotonic() < until:
        seen = watched.take()
        lost += seen.lost.get("it", 0)
        texts += [remark.text for remark in seen.remarks]
    assert lost >= 5
    assert len(texts) == 1
    assert texts[0].startswith("a look at it takes more than")
    answered.set()
    assert fake.done.wait(60)
    watched.close()
    seen = watched.take()
    assert "it is there again" in [remark.text for remark in seen.remarks]


def test_what_is_not_there_stops_the_run_only_if_it_is_required() -> None:
    watched = watching(Fake([fails("there is none")]))
    for opened in watched.start():
        opened.exception(timeout=60)
    assert watched.missing() == ["it: there is none"]
    with pytest.raises(PreflightError, match="cannot observe it: there is none"):
        refuse(watched.missing(), "start it first")
    watched.close()
    fake = Fake([fails("there is none"), gives(2), gives(3)])
    seen = collected(watching(fake, required=False), fake)
    assert said(seen) == ["there is none", "it is there again"]
    assert [look.values["value"] for look in seen.looks][:1] == [2]
