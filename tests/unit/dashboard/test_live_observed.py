"""What a page is told of the system under test while a run goes on: what the report says of it in the end."""

from dataclasses import replace

from loadkit.dashboard.live_observed import GROWTH_EVERY_NS, LiveObserved
from loadkit.engine.ending import Course, Ending
from loadkit.metrics.snapshot import Snapshot
from loadkit.report.observe import ObservedRows, observe_data
from tests.support.observed import MB, observed, seconds
from tests.support.results import phase, plan

LEAK = [100 * MB + MB * index for index in range(41)]


def test_what_is_observed_comes_to_what_the_report_says_of_it() -> None:
    course = Course(replace(plan(phase()), observed=observed()), workers=1, started_at=0.0)
    rows, summary, live, told = ObservedRows(), Snapshot(), LiveObserved(observed()), []
    for snapshot in seconds(LEAK):
        course.add(snapshot)
        rows.add(snapshot)
        summary.merge(snapshot)
        told += live.add(snapshot)
    report = observe_data(course.conclude(Ending(elapsed_s=41.0)), rows)
    report.pop("lost")
    found = live.data(summary)
    assert found == report
    assert found["verdicts"][0]["severity"] == "critical"
    assert told == found["rows"]
    assert live.data(summary, told[-1:])["rows"] == told[-1:]


def test_growth_is_looked_at_now_and_then_and_said_to_be_open_at_first() -> None:
    live, summary, said = LiveObserved(observed()), Snapshot(), []
    for snapshot in seconds(LEAK):
        summary.merge(snapshot)
        live.add(snapshot)
        said.append(live.data(summary)["verdicts"])
    assert said[0][0]["course"] == "unknown"
    looks = [index for index in range(1, len(said)) if said[index] is not said[index - 1]]
    every = GROWTH_EVERY_NS // 10**9
    assert looks == list(range(every, len(said), every))


def test_where_nothing_is_observed_there_is_nothing_to_tell() -> None:
    live = LiveObserved(plan().observed)
    snapshot = Snapshot(start_ns=0, end_ns=10**9)
    assert live.add(snapshot) == []
    assert live.data(snapshot) == {"columns": [], "rows": [], "verdicts": [], "notes": []}
