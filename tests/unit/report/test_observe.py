"""The report's section on the system under test, and what is shown of it."""

from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from loadkit.engine.ending import Course, Ending
from loadkit.engine.result import RunResult
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.outputs.base import plain
from loadkit.outputs.markdown import render
from loadkit.outputs.observed import observed_lines
from loadkit.report.observe import ObservedRows, observe_data, observe_schema
from loadkit.report.report import build_report
from loadkit.report.schema import report_schema
from loadkit.report.timeline import Timeline
from loadkit.slo.observed import LOST, OBSERVED
from tests.support.observed import MB, S, observed, seconds
from tests.support.results import phase, plan


def ran(values: list[float], extra: Snapshot | None = None) -> tuple[RunResult, Timeline]:
    course = Course(replace(plan(phase()), observed=observed()), workers=1, started_at=0.0)
    timeline = Timeline(0.0)
    snapshots = seconds(values)
    if extra:
        snapshots[-1].merge(extra)
    for snapshot in snapshots:
        course.add(snapshot)
        timeline.add(snapshot)
    return course.conclude(Ending(elapsed_s=float(len(values)))), timeline


LEAK = [100 * MB + MB * index for index in range(40)]


def section(result: RunResult, timeline: Timeline) -> dict[str, Any]:
    found = observe_data(result, timeline.observed)
    jsonschema.validate(found, observe_schema())
    return found


def test_each_series_has_a_column_and_each_second_a_row() -> None:
    found = section(*ran(LEAK))
    assert [(one["name"], one["series"]) for one in found["columns"]] == [
        ("api", "rss"), ("api", "cpu"), ("api", "share"), ("api", "most"), ("api", "restarts")
    ]  # fmt: skip
    assert found["rows"][:2] == [[1.0, 100 * MB, *[None] * 4], [2.0, 101 * MB, *[None] * 4]]
    rss, cpu = found["columns"][:2]
    assert (rss["min"], rss["mean"], rss["max"], rss["last"]) == (100 * MB, 119.5 * MB, 139 * MB, 139 * MB)
    assert (cpu["min"], cpu["max"]) == (None, None)


def test_a_leak_is_in_the_report_the_summary_and_the_markdown() -> None:
    result, timeline = ran(LEAK)
    (verdict,) = section(result, timeline)["verdicts"]
    assert (verdict["severity"], verdict["course"], verdict["slope"]) == ("critical", "grows", pytest.approx(20_000))
    lines = list(observed_lines(result, plain))
    assert lines[0] == "api: rss 95.4 MiB -> 132.6 MiB (max 132.6 MiB)"
    assert lines[1].startswith("CRITICAL api rss: grew by ")
    assert "heap snapshots" in lines[2]
    assert "**CRITICAL** | `api rss`" in render([build_report(result, timeline)]).decode()


def test_a_run_that_is_too_short_to_judge_growth_says_so_and_what_helps() -> None:
    result, _ = ran(LEAK[:9])
    _, *others = observed_lines(result, plain)
    assert others[0].startswith("growth of api is not judged: ")
    assert others[0].endswith(" samples after the warm-up, and it takes 10 to say whether it grows")
    assert "config.observe.warmup" in others[1]
    assert len(others) == 2


def test_what_was_remarked_and_what_was_lost_is_told() -> None:
    extra = Snapshot(
        gauges={(f"{LOST}api", COORDINATOR): Gauge.seen(40 * S, 3.0)},
        examples={f"{OBSERVED}api": [(7 * S, "it was started anew")]},
    )
    result, timeline = ran([100.0 * MB] * 40, extra)
    found = section(result, timeline)
    assert found["lost"] == {"api": 3}
    assert found["notes"] == [{"t_s": 7.0, "name": "api", "text": "it was started anew"}]
    first, second, *others = observed_lines(result, plain)
    assert first.endswith("; 3 s without a sample")
    assert (second, others) == ("  note: it was started anew", [])


def test_a_run_that_observes_nothing_says_nothing() -> None:
    course = Course(plan(phase()), workers=1, started_at=0.0)
    rows = ObservedRows()
    for snapshot in seconds(LEAK):
        course.add(snapshot)
        rows.add(snapshot)
    result = course.conclude(Ending(elapsed_s=40.0))
    assert section(result, Timeline(0.0)) == {"columns": [], "rows": [], "verdicts": [], "notes": [], "lost": {}}
    assert list(observed_lines(result, plain)) == []
    assert rows.data(result.plan.observed) == []


def test_the_whole_report_keeps_to_its_schema() -> None:
    result, timeline = ran(LEAK)
    jsonschema.validate(build_report(result, timeline), report_schema())
