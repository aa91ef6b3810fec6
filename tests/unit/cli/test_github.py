import re
from pathlib import Path

import pytest

from loadkit.cli.github import commands_stopped, tell_github
from tests.support.reports import judged_report


def step(directory: Path) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(Path.cwd()),
        "GITHUB_STEP_SUMMARY": str(directory / "summary.md"),
        "GITHUB_OUTPUT": str(directory / "output"),
    }


def test_a_step_is_told_by_annotations_its_summary_and_outputs(tmp_path, capsys):
    (tmp_path / "summary.md").write_text("before\n")
    tell_github([judged_report()], "report.json", step(tmp_path))
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("::error file=shop.yaml,line=14,col=7,title=shop%3A thresholds::")
    assert (tmp_path / "summary.md").read_text().startswith("before\n## FAIL: `shop`")
    assert "verdict=fail\n" in (tmp_path / "output").read_text()


def test_elsewhere_nothing_is_told(tmp_path, capsys):
    tell_github([judged_report()], None, {**step(tmp_path), "GITHUB_ACTIONS": ""})
    assert capsys.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_a_warning(tmp_path, capsys):
    tell_github([judged_report()], None, {**step(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "absent" / "output")})
    assert re.match(r"warning: \$GITHUB_OUTPUT cannot be written: .*No such file", capsys.readouterr().err)


def test_no_line_that_is_printed_meanwhile_is_a_command(tmp_path, capsys):
    def interrupted():
        print("::error::from a response")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), commands_stopped(step(tmp_path), wanted=True):
        interrupted()
    first, _, last = capsys.readouterr().out.splitlines()
    word = first.removeprefix("::stop-commands::")
    assert re.fullmatch("[0-9a-f]{32}", word)
    assert last == f"::{word}::"


@pytest.mark.parametrize(("environment", "wanted"), [({}, True), ({"GITHUB_ACTIONS": "true"}, False)])
def test_nothing_is_stopped_elsewhere_or_unasked(environment, wanted, capsys):
    with commands_stopped(environment, wanted=wanted):
        print("line")
    assert capsys.readouterr().out == "line\n"
