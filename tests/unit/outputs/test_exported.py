"""What of a second is told, under which labels."""

from dataclasses import replace

import pytest

from loadkit.metrics.gauge import Gauge
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.outputs.exported import FAMILIES, OTHER, Exported, Family, Points
from loadkit.outputs.exporter import Chosen, ExportedPhase, ExportedRun, Second
from loadkit.outputs.totals import LADDER_NS, Buckets, Totals
from loadkit.slo.spending import RunBudget
from loadkit.slo.standing import Standing
from loadkit.units import NS_PER_MS, NS_PER_S
from tests.support.results import failing_second, second

RUN = ExportedRun(
    run="r1",
    test="shop",
    target="",
    started_at=0.0,
    labels={"test": "shop", "run": "r1"},
    phases=(
        ExportedPhase(name="ramp", start_ns=0, end_ns=NS_PER_S),
        ExportedPhase(name="hold", start_ns=NS_PER_S, end_ns=9 * NS_PER_S),
    ),
    limits_ns=(24 * NS_PER_MS, 173 * NS_PER_MS),
)


def points(snapshot: Snapshot, **more) -> Points:
    return Exported(RUN).points(Second(snapshot=snapshot, ended_at=1.0, **more))


def value(found: Points, family: str, /, **labels: str):
    wanted = [held for place, held in found.items() if place.family.name == family and dict(place.labels) == labels]
    assert len(wanted) == 1, [place for place in found if place.family.name == family]
    return wanted[0]


def test_counters_carry_names_scenarios_and_what_they_count() -> None:
    recorder = Recorder()
    book = recorder.book("browse")
    book.series("/a").rows.extend((0, 0, 0, 0, 0, 5, 404, 10, 20, 0))
    book.count("checks.ok", "/a", by=3)
    book.count("checks.failed", "/a")
    recorder.count("arrivals.dropped", by=4)
    recorder.count("arrivals.dropped.generator", by=1)
    recorder.count("arrivals.dropped.max_vusers", by=3)
    book.count("slo.fast and good.bad", "/a", by=2)
    book.count("carts", by=7)
    found = points(recorder.snapshot(0, NS_PER_S))
    of = {"name": "/a", "scenario": "browse"}
    assert value(found, "loadkit_requests", **of) == 1
    assert value(found, "loadkit_responses", **of, status="404") == 1
    assert value(found, "loadkit_received_bytes", **of) == 10
    assert value(found, "loadkit_checks", **of, result="ok") == 3
    assert value(found, "loadkit_checks", **of, result="failed") == 1
    assert value(found, "loadkit_arrivals_dropped", reason="generator") == 1
    assert value(found, "loadkit_arrivals_dropped", reason="max_vusers") == 3
    assert value(found, "loadkit_slo_events", slo="fast and good", result="bad") == 2
    assert value(found, "loadkit_custom", metric="carts") == 7
    assert value(points(failing_second(0)), "loadkit_errors", name="/cart", scenario="", error="ECONNREFUSED") == 2


def test_parts_of_several_phases_come_together_and_stay_as_they_are() -> None:
    recorder = Recorder()
    for index in range(3):
        recorder.begin_phase(index, index)
        recorder.book("browse").times("http.failure_time", "/a").append((index + 1) * NS_PER_MS)
        recorder.book("browse").count("errors.ETIMEDOUT", "/a")
    snapshot = recorder.snapshot(0, NS_PER_S)
    before = {place: part.histogram("http.failure_time").total for place, part in snapshot.parts.items()}
    for _ in range(2):
        found = points(snapshot)
        times = value(found, "loadkit_request_failure_seconds", name="/a", scenario="browse")
        assert isinstance(times, Histogram)
        assert (times.total, times.sum_ns) == (3, 6 * NS_PER_MS)
        assert value(found, "loadkit_errors", name="/a", scenario="browse", error="ETIMEDOUT") == 3
    assert before == {place: part.histogram("http.failure_time").total for place, part in snapshot.parts.items()}


def test_gauges_say_how_it_stands() -> None:
    snapshot = second(1)
    snapshot.gauges |= {
        ("worker.cpu", 0): Gauge.seen(1, 0.25),
        ("worker.cpu", 1): Gauge.seen(1, 0.5),
        ("vusers.active", 1): Gauge.seen(1, 4.0),
        ("coordinator.cpu", COORDINATOR): Gauge.seen(1, 0.125),
        ("observe.api.rss", COORDINATOR): Gauge.seen(1, 1e6),
    }
    budget = RunBudget(name="fast", budget=0.01, bad=3, total=100, unit="events", planned=1000, allowed=10)
    holds = Standing(text="p95 < 1s", observed="2s", limit="< 1s", holds=False)
    unknown = Standing(text="p99 < 1s", observed="", limit="< 1s", holds=None)
    found = points(snapshot, budgets=(budget,), standings=(holds, unknown))
    assert value(found, "loadkit_vusers") == 7
    assert value(found, "loadkit_worker_cpu_ratio", worker="1") == 0.5
    assert value(found, "loadkit_coordinator_cpu_ratio") == 0.125
    assert value(found, "loadkit_observed", subject="api", series="rss") == 1e6
    assert value(found, "loadkit_phase", phase="ramp") == 0
    assert value(found, "loadkit_phase", phase="hold") == 1
    assert value(found, "loadkit_slo_budget_spent_ratio", slo="fast") == 0.3
    assert value(found, "loadkit_slo_budget_remaining_ratio", slo="fast") == pytest.approx(0.7)
    assert value(found, "loadkit_slo_burn_rate", slo="fast") == pytest.approx(3)
    assert value(found, "loadkit_threshold_holds", threshold="p95 < 1s", origin="threshold") == 0
    assert not [place for place in found if ("threshold", "p99 < 1s") in place.labels]


def test_names_are_bounded_and_nothing_is_lost() -> None:
    exported = Exported(RUN, names=3)
    total = 0
    for index in range(10):
        found = exported.points(Second(snapshot=second(index, name=f"/{index}"), ended_at=1.0))
        for place, held in found.items():
            if place.family.name == "loadkit_requests":
                assert dict(place.labels)["name"] in ("/0", "/1", "/2", OTHER)
                total += held
    assert total == 100


def test_every_family_has_a_name_and_labels_of_its_own() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    for place in points(second(0)):
        assert place.family in FAMILIES
        assert {name for name, _ in place.labels} == set(place.family.labels)


def of_totals(totals: Totals, name: str):
    found: list[tuple[Family, list]] = [one for one in totals.families() if one[0].name == name]
    ((_, values),) = found
    return values


def test_totals_add_counters_and_buckets_up() -> None:
    totals = Totals(RUN)
    for index in range(3):
        totals.add(Second(snapshot=second(index, ms=20 + 100 * index), ended_at=1.0))
    ((_, requests),) = of_totals(totals, "loadkit_requests")
    assert requests == 30
    ((_, times),) = of_totals(totals, "loadkit_request_duration_seconds")
    assert isinstance(times, Buckets)
    assert times.bounds_ns == tuple(sorted({*LADDER_NS, *RUN.limits_ns}))
    counts = dict(zip(times.bounds_ns, times.counts, strict=True))
    assert counts[24 * NS_PER_MS] == 0
    assert counts[25 * NS_PER_MS] == 10
    assert counts[173 * NS_PER_MS] == 20
    assert counts[250 * NS_PER_MS] == times.total == 30
    assert times.sum_ns == 10 * (25 + 125 + 225) * NS_PER_MS


def test_a_gauge_that_has_not_been_seen_for_long_is_not_told() -> None:
    totals = Totals(RUN)
    snapshot = second(0)
    snapshot.gauges["worker.cpu", 1] = Gauge.seen(1, 0.5)
    totals.add(Second(snapshot=snapshot, ended_at=1.0))
    for index in range(1, 11):
        totals.add(Second(snapshot=second(index), ended_at=1.0))
        assert of_totals(totals, "loadkit_worker_cpu_ratio")  # it may be looked at more rarely than once a second
    totals.add(Second(snapshot=second(11), ended_at=2.0))
    assert not [one for one in totals.families() if one[0].name == "loadkit_worker_cpu_ratio"]


def told(chosen: Chosen) -> set[str]:
    exported = Exported(replace(RUN, chosen=chosen))
    snapshots = [second(0), failing_second(1)]
    return {place.family.name for one in snapshots for place in exported.points(Second(snapshot=one, ended_at=0.0))}


def test_everything_is_told_unless_something_is_chosen() -> None:
    assert {"loadkit_requests", "loadkit_errors", "loadkit_request_duration_seconds", "loadkit_vusers"} <= told(
        Chosen()
    )


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (Chosen(only=("loadkit_requests",)), {"loadkit_requests"}),
        (Chosen(only=("http.requests", "errors.")), {"loadkit_requests", "loadkit_errors"}),
        (Chosen(only=("http.codes.404",)), set()),
        (
            Chosen(only=("http.codes.200", "loadkit_vusers"), excluded=("vusers.",)),
            {"loadkit_responses", "loadkit_vusers"},
        ),
        (
            Chosen(only=("loadkit_re",), excluded=("loadkit_request_", "loadkit_received")),
            {"loadkit_requests", "loadkit_responses"},
        ),
    ],
)
def test_figures_are_chosen_by_how_their_names_begin_here_or_in_the_report(chosen: Chosen, names: set[str]) -> None:
    assert told(chosen) == names
