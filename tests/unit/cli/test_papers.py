import inspect
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.cli.papers import KINDS, NO_PAPERS, SEVERAL, Papers, with_papers, write_papers
from loadkit.errors import PreflightError, UsageError
from tests.support.reports import judged_report


def invoke(*arguments: str, kinds: tuple[str, ...] = tuple(KINDS)) -> tuple[str, Papers | None]:
    """What a command with these options is given."""
    given: list[Papers] = []

    @with_papers(kinds)
    def command(file: str, quiet: bool = False, papers: Papers = NO_PAPERS) -> int:
        """Do something."""
        given.append(papers)
        return 0

    made = typer.Typer()
    made.command()(command)
    result = CliRunner().invoke(made, arguments, env={"COLUMNS": "200"})
    return result.output, given[0] if given else None


def test_a_command_has_an_option_for_each_kind_of_file() -> None:
    text, _ = invoke("--help")
    for option in (
        "--html",
        "--junit",
        "--ctrf",
        "--markdown",
        "--k6-summary",
        "--csv",
        "--jsonl",
        "--hlog",
        "--hgrm",
        "--no-github",
    ):
        assert option in text
    assert "papers" not in text


def test_the_command_is_given_which_files_are_asked_for() -> None:
    _, given = invoke("x.yaml", "--junit", "j.xml", "--k6-summary", "k.json", "--no-github")
    assert given == Papers({"junit": Path("j.xml"), "k6": Path("k.json")}, github=False)


def test_without_options_none_are_asked_for() -> None:
    assert invoke("x.yaml")[1] is NO_PAPERS


def test_a_command_about_several_runs_has_only_what_has_place_for_them() -> None:
    text, _ = invoke("--help", kinds=SEVERAL)
    assert "--junit" in text
    assert "--k6-summary" not in text
    assert "--hlog" not in text


def test_a_command_keeps_its_own_options_and_can_be_called() -> None:
    @with_papers(SEVERAL)
    def command(file: str, papers: Papers = NO_PAPERS) -> int:
        return len(papers.files)

    call: Any = command
    assert list(inspect.signature(command).parameters) == ["file", *SEVERAL, "no_github"]
    assert call("x", papers=Papers({"junit": Path("a")})) == 1
    assert call("x", junit="a", csv="b") == 2


def test_files_are_checked_before_anything_is_done(tmp_path: Path) -> None:
    for kind in KINDS:
        with pytest.raises(PreflightError, match="there is no directory"):
            Papers({kind: tmp_path / "absent" / "file"}).open()
    with pytest.raises(PreflightError, match="it is a directory; name a file in it with --k6-summary"):
        Papers({"k6": tmp_path}).open_finished()


def test_what_has_no_place_for_several_runs_is_written_for_each() -> None:
    asked = Papers({"junit": Path("a/j.xml"), "k6": Path("a/k.json"), "hlog": Path("s.hlog")})
    assert asked.together() == Papers({"junit": Path("a/j.xml")})
    assert asked.alone("1-light") == Papers(
        {"k6": Path("a/k-1-light.json"), "hlog": Path("s-1-light.hlog")}, github=False
    )


def test_two_kinds_cannot_go_to_one_file(tmp_path: Path) -> None:
    files = {"junit": tmp_path / "a", "k6": tmp_path / ".." / tmp_path.name / "a"}
    with pytest.raises(UsageError, match="--junit and --k6-summary both write"):
        Papers(files).open()


def test_files_about_runs_that_are_over_are_written(tmp_path: Path) -> None:
    files = Papers({"junit": tmp_path / "j.xml", "csv": tmp_path / "s.csv"}).open_finished()
    assert write_papers(files, [judged_report()]) == [str(tmp_path / "j.xml"), str(tmp_path / "s.csv")]
    assert (tmp_path / "j.xml").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "s.csv").read_text().startswith("run,name,time")


@pytest.mark.parametrize("command", ["run", "quick"])
def test_commands_that_make_load_have_them_all(command: str) -> None:
    text = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    assert all(option in text for option in ("--junit", "--hlog", "--k6-summary", "--no-github"))
