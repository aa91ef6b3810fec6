"""Runs that are kept: the directory, the row in the history, and what becomes of a run when there is no history."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from tests.support.command import Result, finish, scenario, start, write_yaml
from tests.support.steady_server import steady_server

NOWHERE = "postgresql://ann:hidden@127.0.0.1:1/runs"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with steady_server() as made:
        yield made


def run(directory: Path, url: str, *arguments: str) -> Result:
    phases = [{"duration": 2, "arrivalRate": 20}]
    flow = [{"get": {"url": "/", "name": "home"}}, {"log": "hello"}]
    path = write_yaml(directory, scenario(url, phases, flow, variables={"token": "canary"}))
    return finish(start("run", path, *arguments, cwd=directory, store=True))


def runs(directory: Path, *arguments: str) -> Result:
    return finish(start("runs", *arguments, cwd=directory, store=True))


def listed(directory: Path, *arguments: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(runs(directory, "list", "--json", *arguments).out)["runs"]
    return found


def test_a_run_leaves_a_directory_and_a_row(tmp_path: Path, url: str, history_url: str) -> None:
    ended = run(tmp_path, url, "--tag", "team:shop", "--store", history_url)
    again = run(tmp_path, url, "--seed", "7", "--store", history_url)
    assert {ended.code, again.code} <= {0, 5}  # 5: this machine was too busy
    assert "warning" not in ended.err
    newest, oldest = listed(tmp_path, "--store", history_url)
    assert oldest["tags"] == {"team": "shop"}
    assert (oldest["requests"], oldest["status"]) == (40, "passed" if ended.code == 0 else "invalid")
    assert newest["fingerprint"] == oldest["fingerprint"]
    directory = tmp_path / ".loadkit/runs" / str(oldest["id"])
    assert oldest["directory"] == str(directory)
    names = {"report.json", "journal", "histograms.hlog", "scenario.yaml", "log.txt", "report.html"}
    assert {path.name for path in directory.iterdir()} == names
    assert json.loads((directory / "report.json").read_text())["loadkit"]["run"] == oldest["id"]
    assert sum("hello" in line for line in (directory / "log.txt").read_text().splitlines()) == 40
    assert yaml.safe_load((directory / "scenario.yaml").read_text())["config"]["variables"] == {"token": "***"}
    for path in directory.iterdir():
        assert b"canary" not in path.read_bytes(), path
    shown = runs(tmp_path, "show", str(oldest["id"]), "--json", "--store", history_url).out
    assert json.loads(shown) == json.loads((directory / "report.json").read_text())


def test_the_log_of_histograms_holds_each_second_of_a_run(tmp_path: Path, url: str) -> None:
    run(tmp_path, url)
    (directory,) = (tmp_path / ".loadkit/runs").iterdir()
    reader = HistogramLogReader(str(directory / "histograms.hlog"), HdrHistogram(1, 3_600_000_000, 3))
    counts: dict[str, int] = {}
    while histogram := reader.get_next_interval_histogram():
        counts[histogram.get_tag()] = counts.get(histogram.get_tag(), 0) + histogram.get_total_count()
    reader.close()
    assert counts["http.response_time:home"] == counts["http.service_time:home"] == 40


def test_a_history_out_of_reach_costs_two_warnings_and_the_run_comes_in_later(tmp_path: Path, url: str) -> None:
    ended = run(tmp_path, url, "--store", NOWHERE)
    assert ended.code in (0, 5), ended.err  # 5: this machine was too busy
    assert "hidden" not in ended.out + ended.err
    (directory,) = (tmp_path / ".loadkit/runs").iterdir()
    early, late = [line for line in ended.err.splitlines() if line.startswith("warning:")]
    assert early.startswith("warning: the history postgresql://ann:***@127.0.0.1:1/runs cannot be used: ")
    assert late.startswith("warning: the run is not in the history: ")
    assert late.endswith(f"`loadkit runs import .loadkit/runs/{directory.name}` brings it into the history later")
    assert runs(tmp_path, "list", "--store", NOWHERE).code == 6
    assert listed(tmp_path)[0]["id"] == directory.name  # from its directory
    assert "imported" in runs(tmp_path, "import", f".loadkit/runs/{directory.name}").out
    assert runs(tmp_path, "list").err == ""
    assert listed(tmp_path)[0]["directory"] == str(directory)


def test_a_history_that_can_be_none_is_refused_before_load_begins(tmp_path: Path, url: str) -> None:
    ended = run(tmp_path, url, "--store", "mysql://ann:hidden@db/runs")
    assert ended.code == 2
    assert "error: --store mysql://... is no database that keeps the history: write postgresql://" in ended.err
    assert "hidden" not in ended.out + ended.err
    assert not (tmp_path / ".loadkit").exists()
