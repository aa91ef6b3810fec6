"""The end of a gate: its recommendation is printed and written, with files about all its runs, and the exit code follows."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from loadkit.analysis.recommendation import Recommendation
from loadkit.cli.github import tell_github_of_gate
from loadkit.cli.papers import Papers
from loadkit.errors import ExitCode, PreflightError
from loadkit.outputs.base import paint_for, write_line
from loadkit.outputs.files import open_report
from loadkit.outputs.json import write_report
from loadkit.outputs.recommendation import gate_markdown, recommendation_lines, recommendation_markdown
from loadkit.outputs.writing import check_writable, write_whole

JSON, MARKDOWN = "recommendation.json", "recommendation.md"


class Ending:
    """Where a gate is written down. Raises PreflightError, before any load, for a place that cannot be written."""

    def __init__(self, *, json: Path | None, output: Path | None, papers: Papers) -> None:
        if output is not None:
            try:
                output.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise PreflightError(
                    f"cannot write into {output}: {error.strerror}; choose another directory"
                ) from error
        self._jsons = [path for path in (json, output and output / JSON) if path is not None]
        self._markdown = output / MARKDOWN if output else None
        for path in self._jsons:
            open_report(str(path))
        together = papers.together()
        others = {kind: path for kind, path in together.files.items() if kind != "markdown"}
        self._papers = replace(together, files=others).open_finished()
        self._comment = papers.files.get("markdown")  # the decision comes first, then the runs
        if self._comment:
            check_writable(self._comment, "--markdown")
        self._github = papers.github

    def conclude(self, made: Recommendation) -> ExitCode:
        """Print and write a recommendation and the files about its runs, and return the exit code."""
        for line in recommendation_lines(made, paint=paint_for(sys.stdout, os.environ)):
            write_line(sys.stdout, line)
        try:
            for path in self._jsons:
                write_report(path, made.to_data())
            if self._markdown:
                write_whole(self._markdown, recommendation_markdown(made).encode())
            if self._comment:
                write_whole(self._comment, gate_markdown(made).encode())
            for paper in self._papers if made.reports else ():
                paper.write(made.reports)
        except OSError as error:
            write_line(sys.stderr, f"error: not all could be written: {error}")
            return ExitCode.foremost(made.exit_code, ExitCode.INVALID_MEASUREMENT)
        return made.exit_code

    def tell_github(self, made: Recommendation) -> None:
        """Tell GitHub Actions, when a step of it runs this."""
        if self._github:
            file = next((str(path) for path in reversed(self._jsons)), None)
            tell_github_of_gate(made, file, os.environ)
