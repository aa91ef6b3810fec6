"""How a run ends: what is found about it reaches the report, the screen and the exit code."""

import json
from pathlib import Path

import pytest

from loadkit.cli.conclusion import Conclusion, conclude
from loadkit.errors import ExitCode
from loadkit.outputs.json import JsonReport
from loadkit.outputs.summary import Section
from loadkit.slo.evaluate import Status
from tests.support.results import report_of, result, second, verdict

SLOWER = Section("Comparison", ["p95 212 -> 351 ms"], troubled=True)


def conclusion(**changes) -> Conclusion:
    made = result(second(0), **changes)
    return Conclusion(made, report_of(made))


def regressed(**changes) -> Conclusion:
    found = conclusion(**changes)
    found.sections.append(SLOWER)
    found.last = "REGRESSION: p95"
    found.add_code(ExitCode.REGRESSION)
    return found


@pytest.mark.parametrize("quiet", [False, True])
def test_what_is_found_is_printed_written_and_returned(tmp_path: Path, capsys, quiet: bool) -> None:
    file = JsonReport(tmp_path / "report.json")
    assert conclude(regressed(), files=[file], keeper=None, quiet=quiet) is ExitCode.REGRESSION
    assert json.loads(file.path.read_text())["loadkit"]["exit_code"] == 4
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "REGRESSION: p95"
    assert any("p95 212 -> 351 ms" in line for line in lines)


def test_a_section_without_trouble_is_not_shown_with_q(capsys) -> None:
    found = conclusion()
    found.sections.append(Section("Comparison", ["as fast as before"]))
    assert conclude(found, files=[], keeper=None, quiet=True) is ExitCode.PASS
    assert capsys.readouterr().out == ""


def test_a_failed_threshold_takes_precedence_over_a_regression() -> None:
    assert regressed(verdicts=(verdict(Status.FAIL),)).code is ExitCode.FAILED


def test_a_file_that_cannot_be_written_does_not_cost_the_others(tmp_path: Path, capsys) -> None:
    files = [JsonReport(Path("/dev/full")), JsonReport(tmp_path / "report.json")]
    assert conclude(conclusion(), files=files, keeper=None, quiet=False) is ExitCode.INVALID_MEASUREMENT
    assert "cannot be written to /dev/full: No space left" in capsys.readouterr().err
    assert files[1].path.exists()
