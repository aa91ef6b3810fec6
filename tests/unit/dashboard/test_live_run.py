"""What pages are told of a run while it goes on: the same as the report says at its end, but bounded."""

from typing import Any

import msgspec
import pytest

from loadkit.dashboard import live_run
from loadkit.dashboard.figures import busiest
from loadkit.dashboard.live_run import LiveRun, Second
from loadkit.engine.events import Interval
from loadkit.engine.interventions import Intervention
from loadkit.errors import Position
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.redact import Secrets
from loadkit.report.timeline import COLUMNS
from loadkit.slo.spending import RunBudget
from loadkit.slo.standing import Standing
from tests.support.results import AT, failing_second, phase, plan, report_of, result, second, started


def told(snapshot: Snapshot, **changes: Any) -> Second:
    fields = {"snapshot": snapshot, "summary": Snapshot(), "draining": False, **changes}
    return Second.of(Interval(**fields))


def followed(*snapshots: Snapshot) -> tuple[LiveRun, list[dict[str, Any]]]:
    run = LiveRun(plan())
    run.begin(started(), "20261121-090255-k3f9")
    return run, [run.add(told(snapshot)) for snapshot in snapshots]


SECONDS = [second(0, requests=6), second(1, requests=4, name="/cart", ms=40), failing_second(2)]


def test_the_run_so_far_is_in_the_shape_of_a_report():
    run, _ = followed(*SECONDS)
    whole, report = run.whole(), report_of(result(*SECONDS), *SECONDS)["loadkit"]
    for key in (
        "requests",
        "calls",
        "heat",
        "examples",
        "name",
        "target",
        "digest",
        "seed",
        "versions",
        "host",
        "phases",
    ):
        assert whole[key] == report[key], key
    assert whole["timeline"] == {**report["timeline"], "step_s": 1}
    assert whole["health"]["achieved"] == report["health"]["achieved"]
    assert whole["run"] == "20261121-090255-k3f9"
    assert msgspec.json.decode(msgspec.json.encode(whole)) == whole


def test_what_seconds_add_comes_to_the_run_so_far():
    run, deltas = followed(*SECONDS)
    whole = run.whole()
    assert [row for delta in deltas for row in delta["rows"]] == whole["timeline"]["rows"]
    assert [delta["heat"]["index"] for delta in deltas] == [0, 1, 2]
    assert [delta["heat"]["counts"] for delta in deltas][:2] == whole["heat"]["columns"]
    named = {row["name"]: row for delta in deltas for row in delta["requests"]}
    assert sorted(named.values(), key=lambda row: row["name"]) == whole["requests"]
    assert {name: texts for delta in deltas for name, texts in delta["examples"].items()} == whole["examples"]
    for key in ("status", "now", "standings", "outcomes", "arrivals", "measurement"):
        assert deltas[-1][key] == whole[key], key


def test_only_names_that_occurred_in_a_second_are_told_again():
    _, deltas = followed(*SECONDS)
    assert [[row["name"] for row in delta["requests"]] for delta in deltas] == [["/products"], ["/cart"], ["/cart"]]


def test_before_load_begins_its_plan_is_known():
    waiting = LiveRun(plan(phase(name="warm", duration_s=5)), held=True)
    whole = waiting.whole()
    assert (whole["status"]["state"], whole["phases"][0]["name"], whole["timeline"]["rows"]) == ("held", "warm", [])
    assert LiveRun(plan()).whole()["status"]["state"] == "starting"
    waiting.begin(started(), None)
    assert waiting.whole()["status"]["state"] == "running"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "running"),
        ({"rate": 0.0}, "paused"),
        ({"rate": 0.5}, "running"),
        ({"draining": True, "rate": 0.0}, "draining"),
    ],
)
def test_the_state_follows_what_is_done_to_the_run(changes: dict[str, Any], state: str):
    found = LiveRun(plan()).add(told(second(0), **changes))["status"]
    assert (found["state"], found["rate"]) == (state, changes.get("rate", 1.0))


def test_thresholds_budgets_and_interventions_are_told_as_they_stand():
    standing = Standing(
        text="http.error_rate < 1%", observed="2%", limit="< 1%", holds=False, at=AT, value=0.02, bound=0.01
    )
    budget = RunBudget(name="fast", budget=0.01, bad=3.0, total=100.0, unit="events", allowed=0.0)
    intervention = Intervention(at_s=1.23456, kind="pause", by="dashboard", value=0.0)
    changes = {"standings": (standing,), "budgets": (budget,), "interventions": (intervention,)}
    found = LiveRun(plan()).add(told(second(0), **changes))
    assert found["standings"][0]["holds"] is False
    assert found["standings"][0]["at"] == {"file": "shop.yaml", "line": 12, "column": 7}
    assert found["budgets"][0]["used"] == 999.0  # JSON knows no infinity
    assert found["interventions"] == [{"at_s": 1.235, "kind": "pause", "by": "dashboard", "value": 0.0}]


def test_no_secret_reaches_a_page():
    secret = "s3cr3t-canary-value"
    made = plan()
    hiding = type(made)(**{**_fields(made), "secrets": Secrets().knowing([secret]), "target": f"http://{secret}/"})
    standing = Standing(text=f"x of {secret}", observed="1", limit="2", holds=True, at=Position("f", 1, 1))
    run = LiveRun(hiding)
    run.begin(started(plan=hiding, target=f"http://{secret}/"), None)
    delta = run.add(told(second(0), standings=(standing,)))
    assert secret not in str(delta)
    assert secret not in str(run.whole())


def _fields(made: Any) -> dict[str, Any]:
    return {name: getattr(made, name) for name in made.__dataclass_fields__}


def test_lines_are_shown_not_obeyed_and_only_the_last_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_run, "MOST_LINES", 3)
    run = LiveRun(plan())
    interval = Interval(snapshot=second(0), summary=Snapshot(), draining=False)
    delta = run.add(Second.of(interval, ["\x1b[2Jone", "two", "three", "x" * 5000], 7))
    assert delta["lines"][0]["text"] == "\\x1b[2Jone"
    assert delta["lines_left_out"] == 7
    assert [len(line["text"]) for line in run.whole()["lines"]] == [3, 5, 2003]


def test_only_the_busiest_names_are_told_of():
    seconds = [second(0, requests=number, name=f"/{number}") for number in range(1, 8)]
    assert busiest(merge_all(seconds), 3) == {"/7", "/6", "/5"}


def test_a_long_run_asks_pages_to_read_it_anew_when_rows_are_joined(monkeypatch: pytest.MonkeyPatch):
    run = LiveRun(plan())
    run._rows._most = 4
    thinned = [run.add(told(second(index)))["thinned"] for index in range(12)]
    assert thinned == [False] * 3 + [True] + [False] * 3 + [True] + [False] * 4 or sum(thinned) >= 2
    assert len(run.whole()["timeline"]["rows"]) < 4
    assert len(run.whole()["timeline"]["columns"]) == len(COLUMNS)
