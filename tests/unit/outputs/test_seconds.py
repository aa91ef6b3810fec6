"""The seconds of runs, read by the csv and json of everybody."""

import csv
import io
import json

import loadkit.outputs.csv as csv_paper
from loadkit.outputs.jsonl import render as json_lines
from loadkit.report.timeline import COLUMNS
from tests.support.reports import judged_report


def read_csv(*reports):
    return list(csv.DictReader(io.StringIO(csv_paper.render(reports).decode())))


def test_csv_has_a_row_for_each_second_under_names_with_units():
    rows = read_csv(judged_report())
    assert list(rows[0]) == ["run", "name", "time", "phase", *COLUMNS]
    assert [(row["t_s"], row["requests"], row["phase"]) for row in rows] == [
        ("1.0", "6", "steady"),
        ("2.0", "4", "steady"),
        ("3.0", "2", "steady"),
    ]
    assert rows[1]["response_time_p50_ms"] == "45.0"
    assert rows[0]["time"] == "2023-11-14T22:13:25.500+00:00"
    assert rows[2]["response_time_p50_ms"] == ""


def test_json_lines_hold_the_same():
    rows = [json.loads(line) for line in json_lines([judged_report()]).splitlines()]
    assert [row["requests"] for row in rows] == [6, 4, 2]
    assert rows[2]["response_time_p50_ms"] is None
    assert list(rows[0]) == list(read_csv(judged_report())[0])


def test_several_runs_are_told_apart():
    rows = read_csv(judged_report(), judged_report(run="20261121-100000-aaaa", name="pay"))
    assert [row["name"] for row in rows] == ["shop"] * 3 + ["pay"] * 3
    assert len({row["run"] for row in rows}) == 2


def test_what_runs_out_after_the_last_phase_belongs_to_none():
    report = judged_report()
    report["loadkit"]["phases"][0]["duration_s"] = 1.5
    assert [row["phase"] for row in read_csv(report)] == ["steady", "", ""]


def test_no_cell_is_a_formula():
    rows = read_csv(judged_report(name="=1+1"), judged_report(name="@x"))
    assert [rows[0]["name"], rows[3]["name"]] == ["'=1+1", "'@x"]
