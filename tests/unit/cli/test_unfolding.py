from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from loadkit.cli.unfolding import unfolded


@dataclass(frozen=True, kw_only=True)
class Limits:
    rate: Annotated[int | None, typer.Option("--rate", help="How much.")] = None
    hosts: Annotated[list[str] | None, typer.Option("--host", help="Where.")] = None


@dataclass(frozen=True, kw_only=True)
class Labels:
    name: Annotated[str, typer.Option("--name", help="What it is called.")] = "run"


def invoked(*arguments: str):
    told = []

    @unfolded
    def command(file: str, limits: Limits, labels: Labels, quiet: bool = False) -> int:
        """Do something."""
        told.append((file, limits, labels, quiet))
        return 0

    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"}), told


def test_the_fields_of_a_bundle_are_options_of_the_command():
    shown, _ = invoked("--help")
    assert all(option in shown.output for option in ("--rate", "--host", "--name", "--quiet", "How much."))
    assert "--limits" not in shown.output


def test_the_command_is_given_its_bundles():
    _, told = invoked("a.yaml", "--rate", "3", "--host", "a", "--host", "b", "--quiet")
    assert told == [("a.yaml", Limits(rate=3, hosts=["a", "b"]), Labels(), True)]


def test_what_is_not_given_is_as_the_bundle_says():
    _, told = invoked("a.yaml")
    assert told[0][1:] == (Limits(rate=None, hosts=told[0][1].hosts), Labels(name="run"), False)
    assert not told[0][1].hosts


def test_a_command_can_be_called_with_single_options():
    @unfolded
    def command(file: str, limits: Limits) -> int:
        return limits.rate or 0

    assert command("a.yaml", rate=7) == 7
    assert command("a.yaml") == 0
