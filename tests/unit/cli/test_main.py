import inspect
import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from loadkit import __version__
from loadkit.cli.main import app, guarded, main
from loadkit.errors import Diagnostic, FleetError, Position, PreflightError, ScenarioError, UsageError

COMMANDS = ("run", "validate", "quick", "demo", "schema", "version")


def invoke(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def raised(error: BaseException) -> int:
    def command() -> int:
        raise error

    with pytest.raises(Exception) as caught:  # noqa: PT011 - typer.Exit is another class in each version of typer
        guarded(command)()
    return caught.value.exit_code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no"), 2),
        (ScenarioError([], {}), 2),
        (FleetError("no"), 5),
        (PreflightError("no"), 6),
        (ZeroDivisionError("no"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_exception_stands_for_an_exit_code(error, code, capsys):
    assert raised(error) == code
    assert capsys.readouterr().out == ""


def test_an_error_is_one_line_that_names_it(capsys):
    raised(PreflightError("cannot write out.json: no space; choose another place with -o"))
    assert capsys.readouterr().err == "error: cannot write out.json: no space; choose another place with -o\n"


def test_faults_of_a_scenario_are_all_shown_and_counted(capsys):
    faults = [Diagnostic(code="LK101", message=f"unknown key {n}", at=Position("a.yaml", n, 1)) for n in (1, 2)]
    raised(ScenarioError(faults, {"a.yaml": "one\ntwo\n"}))
    shown = capsys.readouterr().err
    assert "a.yaml:1:1: error LK101: unknown key 1\n    one\n    ^" in shown
    assert "unknown key 2" in shown
    assert shown.endswith("error: 2 faults in the scenario; nothing was run\n")


def test_a_bug_says_that_it_is_one_and_shows_where(capsys):
    raised(ZeroDivisionError("why"))
    shown = capsys.readouterr().err
    assert "ZeroDivisionError: why" in shown
    assert f"error: this is a bug in loadkit {__version__}" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_teaches_with_an_example(command):
    shown = invoke(command, "--help")
    assert shown.exit_code == 0
    assert f"  loadkit {command}" in shown.output


@pytest.mark.parametrize("command", COMMANDS)
def test_each_parameter_explains_itself(command):
    function = next(c.callback for c in app.registered_commands if c.callback and c.callback.__name__ == command)
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        (info,) = parameter.annotation.__metadata__
        assert info.help, parameter.name


@pytest.mark.parametrize("command", ["run", "validate"])
def test_usage_says_that_several_files_are_taken(command):
    assert "FILE..." in invoke(command, "--help").output.splitlines()[0]


@pytest.mark.parametrize("port", ["-1", "99999"])
def test_a_port_that_does_not_exist_is_refused(port):
    assert invoke("demo", "--port", port).exit_code == 2


def test_the_list_of_commands_fits_its_lines():
    shown = invoke("--help").output
    assert "..." not in shown.split("Commands:")[1]


@pytest.mark.parametrize("arguments", [("version",), ("--version",)])
def test_the_version_is_printed(arguments):
    shown = invoke(*arguments)
    assert shown.exit_code == 0
    assert shown.output.startswith(f"loadkit {__version__} (Python 3.")


@pytest.mark.parametrize("arguments", [("run",), ("run", "--no-such-option"), ("nothing",), ("schema", "nothing")])
def test_a_wrong_command_line_is_exit_code_2(arguments):
    assert invoke(*arguments).exit_code == 2


def test_streams_that_a_shell_closed_are_no_trouble(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["loadkit", "version"])
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit) as caught:
        main()
    for stream in (sys.stdout, sys.stderr):
        stream.close()
    assert caught.value.code == 0


@pytest.mark.parametrize("command", ["run", "validate", "plan", "diff"])
def test_commands_about_a_file_take_the_same_input(command: str) -> None:
    taken = {name for one in get_command(app).commands[command].params for name in one.opts}
    assert {"-i", "-c", "-t", "-e", "-p", "-v", "--overrides", "--dotenv"} <= taken


@pytest.mark.parametrize(("arguments", "code"), [(["runs", "list", "--help"], 0), (["nope"], 2), (["valdiate"], 2)])
def test_a_command_knows_only_itself_and_a_mistake_knows_all(monkeypatch, capsys, arguments, code):
    monkeypatch.setattr(sys, "argv", ["loadkit", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    shown = capsys.readouterr()
    said = {"nope": "No such command 'nope'", "valdiate": "Did you mean 'validate'?"}
    assert said.get(arguments[0], "List the runs") in shown.out + shown.err


def test_help_waits_for_no_loop_and_no_library_of_pages() -> None:
    code = (
        "import sys, loadkit.cli.main; print({'asyncio', 'numpy', 'jinja2', 'psutil', 'sqlalchemy'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
