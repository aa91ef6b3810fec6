"""The system under test, observed by real runs: a target that leaks, one that caches, and one that is not there."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from loadkit.report.schema import report_schema
from loadkit.report.store import JOURNAL, RUNS
from tests.support.command import Result, ends_with, finish, loadkit, run, scenario, start, write_yaml

GROWTH = "observe.target.rss.growth < 500KB per 100 requests"


class Ran(NamedTuple):
    """A run and where it was kept."""

    result: Result
    directory: Path

    @property
    def observed(self) -> dict[str, Any]:
        assert self.result.report is not None
        found: dict[str, Any] = self.result.report["loadkit"]["observe"]
        return found

    def verdict(self, series: str) -> dict[str, Any]:
        (found,) = [one for one in self.observed["verdicts"] if one["series"] == series]
        return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """Two targets at once: one leaks 1 MB per 100 requests, the other has a cache of 4 MB."""
    started = {}
    for name, options in (("leak", "leak=1MB&per=100"), ("cache", "cache=4MB")):
        directory = tmp_path_factory.mktemp(name)
        data = scenario(
            f"demo://?{options}",
            [{"duration": 18, "arrivalRate": 100}],
            [{"get": {"url": "/products/1"}}],
            observe={"warmup": "2s", "target": True, "host": True, "n": {"run": "echo 12"}},
            thresholds=[GROWTH, "observe.n.value.last == 12", "observe.host.memory.max <= 100%"],
        )
        report = directory / "report.json"
        path = write_yaml(directory, data)
        started[name] = (start("run", path, "-o", report, cwd=directory, store=True), report, directory)
    return {name: Ran(finish(made, report, 180), where) for name, (made, report, where) in started.items()}


def status_of(ran: Ran, objective: str) -> str:
    assert ran.result.report is not None
    verdicts = ran.result.report["loadkit"]["verdicts"]
    (found,) = [one["status"] for one in verdicts if one["objective"] == objective]
    return str(found)


def test_a_target_that_leaks_is_called_critical_and_told_where_to_look(ran: dict[str, Ran]) -> None:
    leak = ran["leak"]
    found = leak.verdict("rss")
    assert (found["severity"], found["course"]) == ("critical", "grows"), leak.result.out
    assert 9_000 < found["slope"] < 12_000  # bytes per request
    assert found["low"] <= found["slope"] <= found["high"]
    assert "CRITICAL target rss: grew by" in leak.result.out
    assert found["advice"] in leak.result.out


def test_a_target_with_a_cache_is_not(ran: dict[str, Ran]) -> None:
    cache = ran["cache"]
    assert cache.verdict("rss")["severity"] != "critical", cache.result.out
    assert "CRITICAL target" not in cache.result.out


def test_a_threshold_on_growth_decides_what_a_finding_leaves_open(ran: dict[str, Ran]) -> None:
    assert ends_with(ran["leak"].result, 3), ran["leak"].result.out
    assert ends_with(ran["cache"].result, 0), ran["cache"].result.out
    for name, wanted in (("leak", "fail"), ("cache", "pass")):
        assert status_of(ran[name], GROWTH) in (wanted, "invalid")
        assert status_of(ran[name], "observe.n.value.last == 12") in ("pass", "invalid")


def test_the_report_has_a_row_a_second_for_every_series(ran: dict[str, Ran]) -> None:
    for one in ran.values():
        observed, report = one.observed, one.result.report
        assert report is not None
        jsonschema.validate(report, report_schema())
        columns = {(column["name"], column["series"]): index for index, column in enumerate(observed["columns"], 1)}
        assert {name for name, _ in columns} == {"target", "host", "n"}
        assert len(observed["rows"]) == len(report["loadkit"]["timeline"]["rows"])
        rss = [row[columns["target", "rss"]] for row in observed["rows"]]
        assert sum(value is not None for value in rss) >= 13
        (column,) = [one for one in observed["columns"] if (one["name"], one["series"]) == ("n", "value")]
        assert (column["min"], column["mean"], column["max"], column["last"]) == (12, 12, 12, 12)


def test_the_journal_gives_the_same(ran: dict[str, Ran]) -> None:
    for one in ran.values():
        (journal,) = (one.directory / RUNS).glob(f"*/{JOURNAL}")
        again = one.directory / "again.json"
        result = loadkit("report", "journal", journal, "-o", again, cwd=one.directory)
        assert again.is_file(), result.out + result.err
        assert json.loads(again.read_text())["loadkit"]["observe"] == one.observed


def data(observe: Any, **config: Any) -> dict[str, Any]:
    return scenario("demo://", [{"duration": 2, "arrivalRate": 5}], [{"get": {"url": "/"}}], observe=observe, **config)


def test_what_is_not_there_stops_the_run_before_any_load(tmp_path: Path) -> None:
    result = run(tmp_path, data({"api": {"process": "there-is-none-of-this-name"}, "n": {"run": "false"}}))
    assert (result.code, result.report) == (6, None)
    assert 'api: there is no process named "there-is-none-of-this-name"' in result.err
    assert "n: `false` ended with 1" in result.err
    assert "`required: false`" in result.err


def test_what_may_come_later_and_a_password_are_said_as_they_should(tmp_path: Path) -> None:
    observe = {
        "db": {"sql": "SELECT 1", "url": "postgresql+psycopg://shop:hunter2222@127.0.0.1:1/shop", "required": False},
        "queue": {"run": "cat there-is-no-such-file", "required": False},
    }
    result = run(tmp_path, data(observe))
    assert ends_with(result, 0), result.out + result.err
    assert "warning: observing queue: `cat` ended with 1" in result.err
    assert result.report is not None
    assert result.report["loadkit"]["observe"]["lost"]["queue"] >= 1
    assert {note["name"] for note in result.report["loadkit"]["observe"]["notes"]} == {"db", "queue"}
    assert "without a sample" in result.out
    assert "hunter2222" not in result.out + result.err + json.dumps(result.report)
