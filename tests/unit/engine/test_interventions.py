"""What people did to a run, in words."""

from loadkit.engine.interventions import counted_text, described, summed_up
from tests.support.interventions import did

ALL = (
    did(0.0, "begin", by="dashboard"),
    did(30.2, "pause", 0.0),
    did(42.2, "resume"),
    did(70.0, "rate", 2.0, by="dashboard"),
    did(80.0, "rate", 1.0, by="api"),
    did(3661.0, "stop"),
    did(3662.0, "stop"),
)


def test_each_is_told_with_when_and_by_whom() -> None:
    assert described(ALL, 3663.0) == [
        "paused 12s at 0:30 by keyboard",
        "rate x2 at 1:10 by dashboard",
        "rate as planned at 1:20 by api",
        "stopped at 1:01:01 by keyboard",
        "cut off at 1:01:02 by keyboard",
    ]


def test_a_pause_that_nobody_ended_lasted_to_the_end() -> None:
    assert described([did(10, "pause")], 12.5) == ["paused 2.5s at 0:10 by keyboard"]
    assert described([did(10, "pause"), did(11, "rate", 3), did(12, "resume"), did(13, "pause")], 14) == [
        "paused 2s at 0:10 by keyboard",
        "rate x3 at 0:11 by keyboard",
        "paused 1s at 0:13 by keyboard",
    ]


def test_a_pause_and_its_end_are_one_and_a_beginning_is_none() -> None:
    assert counted_text(ALL) == "5 interventions"
    assert counted_text(ALL[:3]) == "1 intervention"
    assert counted_text(ALL[:1]) == ""
    assert summed_up(ALL[:1], 9) == ""
    assert summed_up(ALL[:3], 50) == "1 intervention: paused 12s at 0:30 by keyboard"


def test_of_very_many_the_first_are_told() -> None:
    made = [did(float(second), "rate", 1 + second / 10) for second in range(1, 21)]
    line = summed_up(made, 30)
    assert line.startswith("20 interventions: rate x1.1 at 0:01 by keyboard, rate x1.2 at 0:02")
    assert line.endswith("rate x1.7 at 0:07 by keyboard, and 13 more")
    assert len(described(made, 30)) == 20


def test_only_pauses_and_rates_change_the_load() -> None:
    assert [one.changes_load for one in ALL] == [False, True, False, True, True, False, False]
