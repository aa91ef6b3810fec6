"""Files for other tools, written by the real command and opened by the readers they are meant for."""

import csv
import json
from pathlib import Path

import jsonschema
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from junitparser import JUnitXml

from loadkit.metrics.histogram import HIGHEST_US
from tests.support import ctrf, k6
from tests.support.command import Result, finish, loadkit, start, write_yaml

HOSTILE = "::error::no|pe ]]> <b>`"
SCENARIO = {
    "config": {
        "target": "demo://",
        "phases": [{"duration": 20, "users": 2, "iterations": 40, "name": "steady"}],  # no schedule to fall behind
        "thresholds": ["http.error_rate < 50%", "http.response_time.p95 < 1us"],
    },
    "scenarios": [
        {
            "name": "browse",
            "flow": [
                {"get": {"url": "/products", "expect": {"statusCode": 200}}},
                {"get": {"url": "/nope", "name": HOSTILE}},
                {"log": "::add-mask::products"},
            ],
        }
    ],
}
OPTIONS = {
    "--junit": "j.xml",
    "--ctrf": "c.json",
    "--markdown": "m.md",
    "--k6-summary": "k.json",
    "--csv": "s.csv",
    "--jsonl": "s.jsonl",
    "--hlog": "h.hlog",
    "--hgrm": "h.hgrm",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A run in a step of GitHub Actions, whose checkout holds the scenario in a directory."""
    checkout = tmp_path_factory.mktemp("checkout")
    directory = checkout / "load"
    directory.mkdir()
    write_yaml(directory, SCENARIO, "shop.yaml")
    files = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(checkout),
        "GITHUB_STEP_SUMMARY": str(directory / "summary"),
        "GITHUB_OUTPUT": str(directory / "output"),
    }
    options = [word for pair in OPTIONS.items() for word in pair]
    report = directory / "report.json"
    process = start("run", "shop.yaml", "-o", "report.json", *options, cwd=directory, environment=files)
    return directory, finish(process, report)


def test_a_threshold_that_fails_is_a_failure_in_junit(made: tuple[Path, Result]) -> None:
    directory, result = made
    assert result.code == 3, result.err
    suites = {suite.name: suite for suite in JUnitXml.fromfile(str(directory / "j.xml"))}
    assert [suites["thresholds"].failures, suites["expectations"].failures, suites["run"].tests] == [1, 0, 2]
    (failure,) = next(case for case in suites["thresholds"] if case.result).result
    assert failure.message.startswith("measured ")


def test_json_fits_its_schemas(made: tuple[Path, Result]) -> None:
    directory, result = made
    jsonschema.validate(json.loads((directory / "c.json").read_text()), ctrf.SCHEMA)
    summary = json.loads((directory / "k.json").read_text())
    jsonschema.validate(summary, k6.SCHEMA)
    assert summary["metrics"]["http_reqs"]["values"]["count"] == result.counters["http.requests"] == 80
    assert summary["metrics"]["http_req_duration"]["thresholds"] == {"http.response_time.p95 < 1us": {"ok": False}}


def test_tables_have_each_second(made: tuple[Path, Result]) -> None:
    directory, result = made
    assert result.report is not None
    with (directory / "s.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (directory / "s.jsonl").read_text().splitlines()]
    assert sum(int(row["requests"]) for row in rows) == sum(line["requests"] for line in lines) == 80
    assert len(rows) == len(lines) == len(result.report["loadkit"]["timeline"]["rows"])


def test_hdrhistogram_reads_its_log_and_finds_what_the_report_holds(made: tuple[Path, Result]) -> None:
    directory, result = made
    assert result.report is not None
    reader, counts = HistogramLogReader(str(directory / "h.hlog"), HdrHistogram(1, HIGHEST_US, 3)), dict[str, int]()
    while histogram := reader.get_next_interval_histogram():
        counts[histogram.get_tag()] = counts.get(histogram.get_tag(), 0) + histogram.get_total_count()
    reader.close()
    assert sorted(counts.values()) == sorted(series["count"] for series in result.report["loadkit"]["series"])
    assert counts["http.response_time:/products"] == 40
    assert "Total count    =           80]" in (directory / "h.hgrm").read_text()


def test_github_is_told_and_nothing_else_can_tell_it(made: tuple[Path, Result]) -> None:
    directory, result = made
    printed = result.out.splitlines()
    stop = next(index for index, line in enumerate(printed) if line.startswith("::stop-commands::"))
    end = printed.index(f"::{printed[stop].removeprefix('::stop-commands::')}::")
    outside = [line for line in (*printed[:stop], *printed[end + 1 :]) if line]
    assert len(outside) == 1
    lines = (directory / "shop.yaml").read_text().splitlines()
    line = 1 + next(index for index, text in enumerate(lines) if "p95 < 1us" in text)
    title = "title=shop%3A thresholds::http.response_time.p95 < 1us: measured "
    assert outside[0].startswith(f"::error file=load/shop.yaml,line={line},col=5,{title}")
    assert any("::add-mask::" in line for line in printed[stop:end])
    assert (directory / "summary").read_text() == (directory / "m.md").read_text()
    assert "report=report.json\n" in (directory / "output").read_text()


def test_a_place_that_cannot_be_written_is_found_before_any_load(tmp_path: Path) -> None:
    path = write_yaml(tmp_path, SCENARIO)
    for option in OPTIONS:
        result = loadkit("run", path, option, tmp_path / "absent" / "file")
        assert (result.code, result.out) == (6, "")
        assert "there is no directory" in result.err


def test_a_stored_run_gives_the_same_files_later(tmp_path: Path) -> None:
    write_yaml(tmp_path, SCENARIO, "shop.yaml")
    written = {option: f"run.{name}" for option, name in OPTIONS.items()}
    later = {option: f"later.{name}" for option, name in OPTIONS.items()}
    result = finish(
        start("run", "shop.yaml", *(word for pair in written.items() for word in pair), cwd=tmp_path, store=True)
    )
    assert result.code == 3, result.err
    words = [word for pair in later.items() for word in pair]
    result = finish(start("report", "export", "latest", *words, cwd=tmp_path, store=True))
    assert (result.code, result.out) == (0, ""), result.err
    for name in OPTIONS.values():
        assert (tmp_path / f"run.{name}").read_bytes() == (tmp_path / f"later.{name}").read_bytes(), name
