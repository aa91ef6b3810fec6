"""What GitHub Actions is told, read as its runner reads it."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from loadkit.errors import Position
from loadkit.outputs.github import Checkout, annotate, step_outputs
from loadkit.slo.evaluate import Status
from tests.support.reports import HOSTILE, comparison, errors, hostile_report, invalid_report, judged_report, series
from tests.support.results import report_of, result, verdict

CHECKOUT = Checkout(Path("/home/repo/load"), Path("/home/repo"))


def read(lines: list[str]) -> list[tuple[str, dict[str, str], str]]:
    """Each command as (kind, properties, message), as the runner finds them."""
    found = []
    for line in lines:
        assert "\n" not in line
        assert "\r" not in line
        match = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
        assert match, line
        properties = dict(pair.split("=", 1) for pair in match[2].split(","))
        found.append((match[1], {key: unquote(value) for key, value in properties.items()}, unquote(match[3])))
    return found


def told(*reports: dict[str, Any], checkout: Checkout = CHECKOUT) -> list[tuple[str, dict[str, str], str]]:
    return read(annotate(reports, checkout))


def test_a_failed_threshold_is_an_error_at_its_line():
    kind, properties, message = told(judged_report())[0]
    assert (kind, message) == ("error", "http.response_time.p99 < 10ms: measured 25ms, wanted < 250ms")
    assert properties == {"file": "load/shop.yaml", "line": "14", "col": "7", "title": "shop: thresholds"}


def test_what_does_not_fail_the_run_is_a_warning():
    found = told(judged_report(comparison=comparison()))
    assert [kind for kind, _, _ in found] == ["error", "error", "warning", "warning", "warning", "warning"]
    assert [message.partition(":")[0] for _, _, message in found[2:]] == [
        "http.response_time.p50 < 1ms",
        "no slower than the baseline main",
        "p95 of /cart",
        "http.error_rate < 1%",
    ]


def test_of_a_comparison_that_decides_nothing_one_warning_is_enough():
    parts = {"series": [series("inconclusive")], "errors": [errors("inconclusive")]}
    held = comparison(verdict="inconclusive", severity=None, **parts)
    found = told(judged_report(comparison=held, verdicts=[]))
    assert [message for _, _, message in found] == ["no slower than the baseline main: inconclusive; p95 of /cart"]


def test_what_holds_is_not_told():
    assert told(report_of(result(verdicts=(verdict(Status.PASS),)))) == []


def test_an_invalid_measurement_is_an_error_of_the_run():
    kind, properties, message = told(invalid_report())[0]
    assert (kind, properties) == ("error", {"title": "shop: run"})
    assert message.endswith("12% of the arrivals started late; lower the rate")


@pytest.mark.parametrize(
    ("here", "workspace", "file", "path"),
    [
        ("/repo", "/repo", "shop.yaml", "shop.yaml"),
        ("/repo/load", "/repo", "./shop.yaml", "load/shop.yaml"),
        ("/repo/load", "/repo", "../other/shop.yaml", "other/shop.yaml"),
        ("/elsewhere", "/repo", "/repo/a/shop.yaml", "a/shop.yaml"),
        ("/elsewhere", "/repo", "shop.yaml", None),
        ("/repo", "/repo", "../shop.yaml", None),
        ("/repo", "/repo", "--overrides", None),
    ],
)
def test_files_are_named_from_the_top_of_the_repository(here, workspace, file, path):
    at = Position(file, 3, 1)
    report = report_of(result(verdicts=(verdict(Status.FAIL, at=at),)))
    ((_, properties, message),) = told(report, checkout=Checkout(Path(here), Path(workspace)))
    assert properties.get("file") == path
    assert (f"({at})" in message) == (path is None)


def test_of_each_kind_there_are_ten_at_most_and_the_last_holds_the_rest():
    failed = [verdict(Status.FAIL, f"t{index} < 1") for index in range(14)]
    unsure = [verdict(Status.INCONCLUSIVE, f"u{index} < 1") for index in range(10)]
    found = told(report_of(result(verdicts=(*unsure, *failed))))
    assert [kind for kind, _, _ in found] == ["error"] * 10 + ["warning"] * 10
    assert found[9][1] == {"title": "loadkit: 5 more"}
    assert [line.partition(":")[0] for line in found[9][2].splitlines()] == [f"t{index} < 1" for index in range(9, 14)]
    assert found[19][2].startswith("u9 < 1")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_can_begin_a_command(text):
    found = told(hostile_report(text))
    assert [kind for kind, _, _ in found] == ["error", *["warning"] * 3]
    for _, properties, message in found:
        assert set(properties) <= {"title", "file", "line", "col"}
        assert len(message) < 3000
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", message)


def test_the_outputs_of_the_step_are_a_line_each():
    assert step_outputs([judged_report()], "reports/report.json").splitlines() == [
        "verdict=fail",
        "exit-code=3",
        "p95-ms=45.0",
        "run=20261121-090255-k3f9",
        "report=reports/report.json",
    ]


def test_of_several_runs_the_worst_is_told():
    reports = [judged_report(exit_code=0), judged_report(exit_code=5), judged_report(exit_code=4)]
    assert step_outputs(reports, None).startswith("verdict=invalid\nexit-code=5\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_can_set_another_output(text):
    lines = step_outputs([hostile_report(text)], text).split("\n")
    assert [line.partition("=")[0] for line in lines] == ["verdict", "exit-code", "p95-ms", "run", "report", ""]
