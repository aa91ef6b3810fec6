"""What `loadkit watch` refuses, before it begins."""

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "nothing to watch: give one of --pid, --process, --port, --command-line, or --host"),
        (("--pid", "1", "--port", "80"), 2, "--pid and --port name different things"),
        (("--command-line", "("), 2, "--command-line: it is no regular expression"),
        (("--host", "--interval", "1ms"), 2, "--interval 1ms: 0.1 s at the least"),
        (("--host", "--serve", "here"), 2, "--serve here: write PORT or HOST:PORT"),
        (("--process", "there-is-none-of-this-name"), 6, 'there is no process named "there-is-none-of-this-name"'),
        (("--host", "--csv", "/there/is/none.csv"), 6, "--csv /there/is/none.csv cannot be written"),
    ],
)
def test_what_cannot_be_watched_is_said(arguments: tuple[str, ...], code: int, words: str) -> None:
    result = CliRunner().invoke(app, ["watch", *arguments])
    assert (result.exit_code, words in result.output) == (code, True), result.output
