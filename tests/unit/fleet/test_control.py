"""What people may do to a run, when it has an effect, and what is kept of it."""

import asyncio
from collections.abc import Callable

import pytest

from loadkit.fleet.control import Control
from loadkit.fleet.stop import Stop


class Load:
    """What a control steers."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.over = False
        self.rates: list[float] = []
        self.said: list[str] = []

    def elapsed_s(self) -> float:
        return self.seconds

    def steerable(self) -> bool:
        return not self.over

    def adjust(self, factor: float) -> None:
        self.rates.append(factor)

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def load() -> Load:
    return Load()


@pytest.fixture
def control(load: Load) -> Control:
    made = Control(Stop())
    made.attach(load)
    return made


def test_what_is_done_reaches_the_load_and_is_kept_with_its_instant(control: Control, load: Load) -> None:
    for second, act in enumerate(
        (
            lambda: control.pause("keyboard"),
            lambda: control.resume("keyboard"),
            lambda: control.set_rate(2.5, "dashboard"),
            lambda: control.set_rate(1, "api"),
        )
    ):
        load.seconds = 10.0 * second
        assert act()
    assert load.rates == [0.0, 1.0, 2.5, 1.0]
    assert [(one.at_s, one.kind, one.value, one.by) for one in control.interventions] == [
        (0.0, "pause", 0.0, "keyboard"),
        (10.0, "resume", 1.0, "keyboard"),
        (20.0, "rate", 2.5, "dashboard"),
        (30.0, "rate", 1.0, "api"),
    ]
    assert load.said[0] == "note: 0:00  paused by keyboard: nobody is started, and the plan's time goes on"
    assert load.said[2] == "note: 0:20  arrival rate set to 2.5 times the planned one by dashboard"


def test_a_rate_that_is_set_in_a_pause_holds_after_it(control: Control, load: Load) -> None:
    control.pause("keyboard")
    assert control.set_rate(0.5, "keyboard")
    assert control.rate == 0.0
    assert control.interventions[-1].value == 0.5
    control.resume("keyboard")
    assert (control.rate, load.rates) == (0.5, [0.0, 0.0, 0.5])


Act = Callable[[Control], bool]


@pytest.mark.parametrize(
    "act",
    [lambda c: c.resume("api"), lambda c: c.set_rate(1.0, "api"), lambda c: c.begin("api")],
    ids=["resume", "rate", "begin"],
)
def test_what_changes_nothing_is_not_kept(control: Control, act: Act) -> None:
    assert not act(control)
    assert control.interventions == ()


ACTS: list[Act] = [lambda c: c.pause("api"), lambda c: c.set_rate(2.0, "api")]


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_to_be_changed_before_load_after_a_stop_and_when_arrivals_are_over(
    control: Control, load: Load, act: Act
) -> None:
    assert not act(Control(Stop()))
    load.over = True
    assert not act(control)
    load.over = False
    control.stop("api")
    assert not act(control)
    assert [one.kind for one in control.interventions] == ["stop"]


@pytest.mark.parametrize("factor", [0.0, -1.0, 0.009, 10.1, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(control: Control, factor: float) -> None:
    with pytest.raises(ValueError, match=r"a rate is 0\.01 to 10 times the planned one, not"):
        control.set_rate(factor, "api")
    assert control.interventions == ()


def test_a_rate_is_kept_as_a_number_that_readers_of_a_report_expect(control: Control) -> None:
    assert control.set_rate(2, "api")
    assert control.set_rate(True, "api")
    assert [type(one.value) for one in control.interventions] == [float, float]
    assert type(control.rate) is float


def test_a_second_stop_cuts_off_and_both_are_kept(load: Load) -> None:
    stop = Stop()
    control = Control(stop)
    control.attach(load)
    control.stop("keyboard")
    control.stop("keyboard")
    assert (stop.requests, stop.signal) == (2, None)
    assert [one.kind for one in control.interventions] == ["stop", "stop"]
    assert "may finish" in load.said[0]
    assert "cut off" in load.said[1]


def test_a_stop_when_nobody_is_to_be_started_any_more_is_obeyed_and_not_kept(load: Load) -> None:
    stop = Stop()
    control = Control(stop)
    control.attach(load)
    load.over = True
    control.stop("keyboard")
    assert (stop.requests, control.interventions) == (1, ())
    control.stop("keyboard")  # who is at work is cut off, which changes what was measured
    assert (stop.requests, len(control.interventions)) == (2, 1)


def test_what_is_done_when_load_is_over_is_no_part_of_it(control: Control) -> None:
    control.attach(None)
    control.stop("api")
    assert control.interventions == ()


def test_a_load_that_is_held_begins_when_it_is_told_to() -> None:
    control = Control(Stop(), hold=True)
    assert control.must_wait
    assert not control.held  # its workers are not ready yet

    async def main() -> bool:
        waiting = asyncio.create_task(control.begun())
        control.ready()
        held = control.held
        assert control.begin("dashboard")
        await waiting
        return held

    assert asyncio.run(main())
    assert not control.held
    assert [(one.kind, one.at_s, one.by) for one in control.interventions] == [("begin", 0.0, "dashboard")]
    assert not control.begin("dashboard")
