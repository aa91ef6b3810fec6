"""Telling GitHub Actions, when a step of it runs a command: annotations, the step's summary and its outputs."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loadkit.outputs.base import write_line


@contextmanager
def commands_stopped(environment: Mapping[str, str], *, wanted: bool) -> Iterator[None]:
    """Let GitHub Actions obey no line of what is printed meanwhile: names and responses may hold its commands.

    It obeys again after a line with a word that nobody could guess.
    """
    if not wanted or not _is_step(environment):
        yield
        return
    word = secrets.token_hex(16)
    write_line(sys.stdout, f"::stop-commands::{word}")
    try:
        yield
    finally:
        write_line(sys.stdout, f"::{word}::")


def _is_step(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS") == "true"


def tell_github(reports: Sequence[Mapping[str, Any]], report_file: str | None, environment: Mapping[str, str]) -> None:
    """Write annotations to stdout, and what $GITHUB_STEP_SUMMARY and $GITHUB_OUTPUT name; nothing outside of GitHub Actions.

    A file that cannot be written is a warning: it says nothing about the runs.
    """
    if not _is_step(environment):
        return
    from loadkit.outputs.github import Checkout, annotate, step_outputs
    from loadkit.outputs.markdown import render

    here = Path.cwd()
    checkout = Checkout(here, Path(environment.get("GITHUB_WORKSPACE") or here))
    for line in annotate(reports, checkout):
        write_line(sys.stdout, line)
    texts = {
        "GITHUB_STEP_SUMMARY": render(reports),
        "GITHUB_OUTPUT": step_outputs(reports, report_file).encode(),
    }
    for variable, text in texts.items():
        if path := environment.get(variable):
            try:
                with open(path, "ab") as file:
                    file.write(text)
            except OSError as error:
                write_line(sys.stderr, f"warning: ${variable} cannot be written: {path}: {error.strerror or error}")
