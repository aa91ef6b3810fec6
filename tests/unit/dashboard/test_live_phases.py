"""What a page is told of phases while they go on: what the report says of them in the end."""

from loadkit.dashboard.live_phases import LivePhases
from loadkit.metrics.snapshot import Snapshot, merge_all
from tests.support.results import failing_second, phase, plan, report_of, result, second

PHASES = (phase(0, name="warm", duration_s=2), phase(1, start_s=2, duration_s=3), phase(2, start_s=5, kind="closed"))


def within(index: int, snapshot: Snapshot) -> Snapshot:
    """A second all of whose numbers belong to a phase."""
    parts = {(index, scenario): part for (_, scenario), part in snapshot.parts.items()}
    made = Snapshot.of_parts(snapshot.start_ns, snapshot.end_ns, parts)
    made.gauges, made.examples = snapshot.gauges, snapshot.examples
    return made


SECONDS = [
    within(0, second(0)),
    within(0, second(1, name="/cart", ms=40)),
    within(1, second(2, requests=3, status=503)),
    within(1, failing_second(3)),
    within(0, second(4, requests=1, ms=900)),  # it was due in the first phase, and came late
    within(2, second(5, requests=7)),
]


def test_phases_come_to_what_the_report_says_of_them() -> None:
    made = plan(*PHASES)
    live = LivePhases(made)
    for snapshot in SECONDS:
        live.add(snapshot)
    merged = merge_all(SECONDS)
    report = report_of(result(*SECONDS, plan=made, summary=merged, judged=merged), *SECONDS)["loadkit"]
    assert live.all == report["phases"]
    assert live.achieved == report["health"]["achieved"]
    assert [one["errors"] for one in live.all] == [{}, {"ECONNREFUSED": 2}, {}]


def test_only_phases_with_anything_new_are_told_again() -> None:
    live = LivePhases(plan(*PHASES))
    told = [[one["index"] for one in live.add(snapshot)] for snapshot in SECONDS]
    assert told == [[0], [0], [1], [1], [0, 1], [2]]


def test_before_load_begins_phases_are_as_they_are_planned() -> None:
    live = LivePhases(plan(*PHASES))
    assert [(one["name"], one["arrivals"], one["requests"], one["active_s"]) for one in live.all] == [
        ("warm", 20, 0, 0), ("steady", 30, 0, 0), ("steady", None, 0, 0),
    ]  # fmt: skip
    assert live.achieved == []
