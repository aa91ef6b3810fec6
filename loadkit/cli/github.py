"""Telling GitHub Actions, when a step of it runs a command: annotations, the step's summary and its outputs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadkit.outputs.base import write_line

if TYPE_CHECKING:
    from loadkit.analysis.recommendation import Recommendation
    from loadkit.outputs.github import Checkout


@contextmanager
def commands_stopped(environment: Mapping[str, str], *, wanted: bool) -> Iterator[None]:
    """Let GitHub Actions obey no line of what is printed meanwhile: names and responses may hold its commands.

    It obeys again after a line with a word that nobody could guess.
    """
    if not wanted or not _is_step(environment):
        yield
        return
    import secrets  # only here: 10 ms of every command

    word = secrets.token_hex(16)
    write_line(sys.stdout, f"::stop-commands::{word}")
    try:
        yield
    finally:
        write_line(sys.stdout, f"::{word}::")


def _is_step(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS") == "true"


def tell_github(reports: Sequence[Mapping[str, Any]], report_file: str | None, environment: Mapping[str, str]) -> None:
    """Write annotations to stdout, and what $GITHUB_STEP_SUMMARY and $GITHUB_OUTPUT name; nothing outside of GitHub Actions."""
    if not _is_step(environment):
        return
    from loadkit.outputs.github import annotate, step_outputs
    from loadkit.outputs.markdown import render

    for line in annotate(reports, _checkout(environment)):
        write_line(sys.stdout, line)
    _append(render(reports), step_outputs(reports, report_file), environment)


def tell_github_of_gate(made: Recommendation, file: str | None, environment: Mapping[str, str]) -> None:
    """Tell of a gate: annotations of all its runs, its recommendation with a section for each run, its decision."""
    if not _is_step(environment):
        return
    from loadkit.outputs.github import annotate_gate, gate_outputs
    from loadkit.outputs.recommendation import gate_markdown

    for line in annotate_gate(made, _checkout(environment)):
        write_line(sys.stdout, line)
    _append(gate_markdown(made).encode(), gate_outputs(made, file), environment)


def _checkout(environment: Mapping[str, str]) -> Checkout:
    from loadkit.outputs.github import Checkout

    here = Path.cwd()
    return Checkout(here, Path(environment.get("GITHUB_WORKSPACE") or here))


def _append(summary: bytes, outputs: str, environment: Mapping[str, str]) -> None:
    """Add to the files of a step. One that cannot be written is a warning: it says nothing about the runs."""
    for variable, text in {"GITHUB_STEP_SUMMARY": summary, "GITHUB_OUTPUT": outputs.encode()}.items():
        if path := environment.get(variable):
            try:
                with open(path, "ab") as file:
                    file.write(text)
            except OSError as error:
                write_line(sys.stderr, f"warning: ${variable} cannot be written: {path}: {error.strerror or error}")
