"""What is said at a moment of what is watched, on the screen, by the server and on the page."""

from dataclasses import replace

import pytest

from loadkit.monitor.exposition import exposition
from loadkit.monitor.lines import ending, row_line
from loadkit.monitor.monitor import MOST_ROWS, Monitor, Row
from loadkit.monitor.page import page
from loadkit.monitor.state import State
from loadkit.observe.watching import Look, Remark, Seen
from loadkit.outputs.base import plain
from loadkit.slo.leak import findings
from loadkit.stats.growth import Severity
from tests.support.observed import API, MB, S, observed


class Sightings:
    """Stands in for the threads: what is put in is what was seen."""

    def __init__(self) -> None:
        self.seen = Seen()

    def take(self) -> Seen:
        seen, self.seen = self.seen, Seen()
        return seen


def watched(values: list[float], note: str = "") -> tuple[Monitor, State, Row]:
    sightings = Sightings()
    monitor = Monitor(observed(), sightings, every_ns=S, started_at=1_700_000_000.0)  # type: ignore[arg-type]
    state, row = None, None
    for index, value in enumerate(values):
        sightings.seen.looks.append(Look(source=API, at_ns=index * S + S // 2, values={"rss": value, "cpu": 0.5}))
        if note and index == 3:
            sightings.seen.remarks.append(Remark(source=API, at_ns=index * S, text=note))
            sightings.seen.lost["api"] = 2
        row, state, _ = monitor.take((index + 1) * S)
    assert state is not None
    assert row is not None
    return monitor, state, row


LEAK = [100 * MB + MB * second for second in range(60)]


def test_a_leak_shows_everywhere() -> None:
    monitor, state, row = watched(LEAK, "it was started anew")
    assert state.severity is Severity.CRITICAL
    assert state.health() == {"status": "critical", "missing": [], "elapsed_s": 60.0}
    assert state.leaks()["verdicts"][0]["slope"] == pytest.approx(MB, rel=0.01)
    assert state.snapshot()["lost"] == {"api": 2}
    assert state.snapshot()["notes"][0]["text"] == "it was started anew"
    told = exposition(state).decode()
    assert 'loadkit_observed{series="rss",subject="api"} 1.59e+08' in told
    assert 'loadkit_observed_leak{series="rss",subject="api"} 2.0' in told
    assert 'loadkit_observed_lost_total{subject="api"} 2.0' in told
    assert row_line(row, state) == "     1m  rss 151.6 MiB  cpu 50%"
    assert any(line.startswith("CRITICAL api rss: grew by") for line in ending(state, plain))
    shown = page(state, monitor.rows)
    assert "<strong>critical</strong> api rss: grew by" in shown
    assert shown.count("<polyline") == 2


def test_series_that_were_seen_too_briefly_are_named_together_where_they_were_seen_alike() -> None:
    _, state, _ = watched(LEAK[:3])
    found = state.findings[0].grown
    b, c = (replace(found, source=replace(API, name=name), samples=samples) for name, samples in (("b", 0), ("c", 7)))
    told = list(ending(replace(state, findings=findings([found, b, c])), plain))
    assert [line.partition(" samples")[0] for line in told if line.startswith("unknown")] == [
        "unknown  api rss, b rss: 0",
        "unknown  c rss: 7",
    ]


def test_what_is_written_on_a_page_stays_text() -> None:
    monitor, state, _ = watched(LEAK, "</style><script>alert(1)</script>")
    shown = page(state, monitor.rows)
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_without_fresh_samples_a_source_is_lost() -> None:
    _, state, _ = watched(LEAK[:3])
    assert state.health()["status"] == "ok"
    later = State(at=0, elapsed_s=60.0, every_s=1.0, observed=observed(), ages_s={"api": 20.0})
    assert later.health() == {"status": "lost", "missing": ["api"], "elapsed_s": 60.0}
    never = State(at=0, elapsed_s=4.0, every_s=1.0, observed=observed(), ages_s={"api": None})
    assert never.missing == []


def test_a_long_watch_stays_small() -> None:
    monitor, state, _ = watched([100.0 * MB] * (MOST_ROWS + 1000))
    assert len(monitor.rows) <= MOST_ROWS
    assert state.columns[0]["mean"] == 100 * MB
