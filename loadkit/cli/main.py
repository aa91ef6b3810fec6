"""The `loadkit` command: its subcommands, and what an exception means to a shell."""

from __future__ import annotations

import copy
import functools
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ParamSpec, TextIO

import typer
from typer.core import TyperGroup

from loadkit import __version__
from loadkit.cli.ab import ab
from loadkit.cli.baseline import list_baselines, remove_baseline, set_baseline, show_baseline, update_baseline
from loadkit.cli.calibrate import calibrate
from loadkit.cli.capacity import capacity
from loadkit.cli.carrying import export_run, import_runs
from loadkit.cli.compare import compare
from loadkit.cli.demo import demo
from loadkit.cli.diff import diff
from loadkit.cli.export import export
from loadkit.cli.gate import gate
from loadkit.cli.importing import import_traffic
from loadkit.cli.init import init
from loadkit.cli.merge import merge
from loadkit.cli.plan import plan
from loadkit.cli.quick import quick
from loadkit.cli.report import journal
from loadkit.cli.run import run
from loadkit.cli.runs import collect_runs, list_runs, remove_runs, show_run, tag_run
from loadkit.cli.schema import schema
from loadkit.cli.slo import export as export_slos
from loadkit.cli.slo import import_slos
from loadkit.cli.slo import show as show_slos
from loadkit.cli.trend import trend
from loadkit.cli.ui import ui
from loadkit.cli.validate import validate
from loadkit.cli.version import describe_version, version
from loadkit.cli.view import view
from loadkit.cli.watch import watch
from loadkit.errors import ExitCode, LoadkitError, ScenarioError
from loadkit.outputs.base import write_line
from loadkit.outputs.findings import count_faults
from loadkit.redact import mask_text

P = ParamSpec("P")

app = typer.Typer(
    name="loadkit",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich would double the time to the first line of help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line and exit."""
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()  # None when a shell closed them: >&-
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a log line must never end a run
    _with_only(sys.argv[1:2])(prog_name="loadkit")


def _with_only(asked: Sequence[str]) -> typer.Typer:
    """Return the app without the commands that are not asked for: making the options of all takes 23 ms."""
    if not asked or (asked[0] not in _COMMANDS and asked[0] not in _GROUPS):
        return app
    made = copy.copy(app)
    made.registered_commands = [one for one in app.registered_commands if one.name in asked]
    made.registered_groups = [one for one in app.registered_groups if one.name in asked]
    return made


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def guarded(command: Callable[P, int]) -> Callable[P, None]:
    """Return a command that exits with the number it returns, or with what its exception stands for."""

    @functools.wraps(command)
    def run_command(*args: P.args, **kwargs: P.kwargs) -> None:
        stderr = sys.stderr
        try:
            code = int(command(*args, **kwargs))
        except typer.Exit:
            raise
        except LoadkitError as error:
            code = _refuse(error)
        except KeyboardInterrupt:
            code = ExitCode.SIGINT
        except Exception:
            code = _confess()
        finally:
            sys.stderr = stderr  # --log-format puts another in its place
        raise typer.Exit(code)

    return run_command


def _refuse(error: LoadkitError) -> int:
    if isinstance(error, ScenarioError):
        write_line(sys.stderr, str(error))
        write_line(sys.stderr, f"error: {count_faults(error.diagnostics)} in the scenario; nothing was run")
    else:
        write_line(sys.stderr, f"error: {error}")
    return error.exit_code


def _confess() -> int:
    write_line(sys.stderr, mask_text(traceback.format_exc().rstrip()))
    write_line(sys.stderr, f"error: this is a bug in loadkit {__version__}; please report it with the text above")
    return ExitCode.BUG


def _show_version(wanted: bool) -> None:
    if wanted:
        write_line(sys.stdout, describe_version())
        raise typer.Exit


@app.callback()
def loadkit(
    wanted: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Load testing that can be trusted: a YAML file becomes load, and load becomes a verdict.

    \b
    Start here:
      loadkit quick demo:///products --rate 50      load one URL
      loadkit run scenario.yaml                     run a scenario file
      loadkit validate scenario.yaml                check a file without running it
      loadkit plan scenario.yaml                    see what it would do
      loadkit gate gate.yaml                        run several, and make one decision
    """


_COMMANDS: Mapping[str, Callable[..., int]] = {
    "run": run,
    "compare": compare,
    "capacity": capacity,
    "ab": ab,
    "gate": gate,
    "validate": validate,
    "plan": plan,
    "diff": diff,
    "init": init,
    "quick": quick,
    "demo": demo,
    "watch": watch,
    "trend": trend,
    "view": view,
    "ui": ui,
    "merge": merge,
    "schema": schema,
    "version": version,
    "import": import_traffic,
}
_GROUPS: Mapping[str, tuple[str, Mapping[str, Callable[..., int]]]] = {
    "report": (
        "Write a page or other files about runs that are over.\n\n`loadkit report RUN... --html FILE` is `report export`.",
        {"journal": journal, "export": export},
    ),
    "baseline": (
        "The runs that others are compared with.",
        {
            "set": set_baseline,
            "list": list_baselines,
            "show": show_baseline,
            "rm": remove_baseline,
            "update": update_baseline,
            "calibrate": calibrate,
        },
    ),
    "slo": (
        "Objectives and their error budgets.",
        {"show": show_slos, "export": export_slos, "import": import_slos},
    ),
    "runs": (
        "List and manage the history of runs.",
        {
            "list": list_runs,
            "show": show_run,
            "rm": remove_runs,
            "export": export_run,
            "import": import_runs,
            "tag": tag_run,
            "gc": collect_runs,
        },
    ),
}


class _Report(TyperGroup):
    """The commands about runs that are over: what does not begin with one of their names is for `export`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in that was left out."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["export", *args]
        return super().parse_args(ctx, args)


_KINDS_OF_GROUPS: Mapping[str, type[TyperGroup]] = {"report": _Report}

for _name, _command in _COMMANDS.items():
    app.command(_name)(guarded(_command))
for _name, (_about, _commands) in _GROUPS.items():
    _group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=_about, cls=_KINDS_OF_GROUPS.get(_name))
    for _inner, _command in _commands.items():
        _group.command(_inner)(guarded(_command))
    app.add_typer(_group, name=_name)
