"""What `loadkit watch` refuses, before it begins."""

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "nothing to watch: give one of --pid, --process, --port, --command-line, or --host"),
        (("--command-line", "("), 2, "--command-line: it is no regular expression"),
        (("--host", "--interval", "1ms"), 2, "--interval 1ms: 0.1 s at the least"),
        (("--host", "--serve", "here"), 2, "--serve here: write PORT or HOST:PORT"),
        (("--host", "--token", "x"), 2, "--token is for what is served"),
        (("--host", "--serve", "0", "--token", "x"), 2, "--token: 0 answers this machine alone"),
        (("--host", "--serve", "0.0.0.0:0", "--token", "two words"), 2, "--token is not 1 to 512"),
        (("--process", "there-is-none-of-this-name"), 6, 'there is no process named "there-is-none-of-this-name"'),
        (("--host", "--csv", "/there/is/none.csv"), 6, "--csv /there/is/none.csv cannot be written"),
    ],
)
def test_what_cannot_be_watched_is_said(arguments: tuple[str, ...], code: int, words: str) -> None:
    result = CliRunner().invoke(app, ["watch", *arguments])
    assert (result.exit_code, words in result.output) == (code, True), result.output


def test_the_remedy_is_one_that_watching_has() -> None:
    result = CliRunner().invoke(app, ["watch", "--process", "there-is-none-of-this-name"])
    assert "`ps -ef`" in result.output
    assert "required: false" not in result.output
