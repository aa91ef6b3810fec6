"""The options by which commands write files for other tools (--junit FILE and the like), each written once.

    @with_papers()
    def run(files: ..., papers: Papers) -> int:

`papers` becomes one option for each kind of file, and --no-github.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadkit.cli.unfolding import replacing
from loadkit.errors import PreflightError, UsageError

if TYPE_CHECKING:
    from loadkit.outputs.base import FileOutput
    from loadkit.outputs.paper import PaperFile, Report

KINDS: Mapping[str, str] = {
    "html": "Write a page with charts: one file that needs nothing else, not even a network.",
    "junit": "Write what was judged as JUnit XML, for the test pages of CI services.",
    "ctrf": "Write what was judged in the Common Test Report Format (JSON).",
    "markdown": "Write a summary for a comment on a pull request.",
    "k6": "Write the JSON that k6 gives its handleSummary and its reporters read.",
    "csv": "Write a row for each second as CSV.",
    "jsonl": "Write an object for each second as JSON Lines.",
    "hlog": "Write the histograms of each second as HdrHistogram's log.",
    "hgrm": "Write the distribution of response times as HdrHistogram's plotter reads it.",
}
"""The kinds of files and what is said of them; a kind is the name of a plugin of kind "paper", except `hlog`."""
_OPTIONS = {"k6": "--k6-summary"}
_HLOG = "hlog"
SEVERAL = tuple(kind for kind in KINDS if kind not in ("k6", _HLOG))
"""What has place for several runs."""


@dataclass(frozen=True, slots=True)
class Papers:
    """Which files are asked for, by kind, and whether GitHub Actions is told of the run when a step of it makes it."""

    files: Mapping[str, Path] = field(default_factory=dict)
    github: bool = True

    def open(self) -> list[FileOutput]:
        """Return the files of a run that is about to begin. Raises PreflightError for one that cannot be written."""
        self._check_apart()
        made: list[FileOutput] = [*self._papers()]
        if _HLOG in self.files:
            from loadkit.outputs.hlog import HlogFile

            made.append(HlogFile(self.files[_HLOG], _option(_HLOG)))
        for file in made:
            file.check()
        return made

    def open_finished(self) -> list[PaperFile]:
        """Return the files about runs that are over; `write_papers` writes them. Raises PreflightError.

        The histograms of each second are not among them, only checked: a report does not hold them.
        """
        from loadkit.outputs.writing import check_writable

        self._check_apart()
        made = self._papers()
        for kind, path in self.files.items():
            check_writable(path, _option(kind))
        return made

    def together(self) -> Papers:
        """Return the files that have place for several runs."""
        return replace(self, files={kind: path for kind, path in self.files.items() if kind in SEVERAL})

    def alone(self, run: str) -> Papers:
        """Return the files that have not, for one run of several: its name stands before their endings. Nobody else is told."""
        files = {
            kind: path.with_name(f"{path.stem}-{run}{path.suffix}")
            for kind, path in self.files.items()
            if kind not in SEVERAL
        }
        return Papers(files, github=False)

    def _papers(self) -> list[PaperFile]:
        if not self.files:
            return []
        from loadkit.outputs.paper import PaperFile
        from loadkit.registry import plugin

        kinds = [kind for kind in self.files if kind != _HLOG]
        return [PaperFile(self.files[kind], plugin("paper", kind), _option(kind)) for kind in kinds]

    def _check_apart(self) -> None:
        """Raise UsageError when two of the files are one."""
        kinds: dict[str, str] = {}
        for kind, path in self.files.items():
            place = os.path.realpath(path)
            if place in kinds and not place.startswith("/dev/"):
                raise UsageError(
                    f"{_option(kinds[place])} and {_option(kind)} both write {path}; give each its own file"
                )
            kinds[place] = kind


NO_PAPERS = Papers()


def write_papers(files: Sequence[PaperFile], reports: Sequence[Report]) -> list[str]:
    """Write files about runs that are over, and return their names.

    Raises PreflightError when one cannot be written, UsageError when a report is not whole.
    """
    for file in files:
        try:
            with telling_of_reports():
                file.write(reports)
        except OSError as error:
            raise PreflightError(f"cannot write {file.path}: {error.strerror or error}") from error
    return [str(file.path) for file in files]


@contextmanager
def telling_of_reports() -> Iterator[None]:
    """Raise UsageError where a report that was read lacks what every report has: somebody else may have written it."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"what was read is no whole report of loadkit: {error!r}") from error


def with_papers(
    kinds: Collection[str] = tuple(KINDS), *, github: bool = True
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Return what gives a command with a parameter `papers` an option for each of these kinds, and --no-github."""

    def make(given: Mapping[str, Any]) -> Papers:
        files = {kind: Path(given[kind]) for kind in kinds if given.get(kind)}
        silent = given.get("no_github", False)
        return Papers(files, github=not silent) if files or silent else NO_PAPERS

    parameters = _parameters(kinds) if github else _parameters(kinds)[:-1]
    return lambda command: replacing(command, "papers", parameters, make)


def _parameters(kinds: Collection[str]) -> list[inspect.Parameter]:
    kept = inspect.Parameter.KEYWORD_ONLY
    options = [
        inspect.Parameter(
            kind,
            kept,
            default=None,
            annotation=Annotated[str | None, typer.Option(_option(kind), metavar="FILE", help=KINDS[kind])],
        )
        for kind in kinds
    ]
    silent = typer.Option("--no-github", help="Tell GitHub Actions nothing, also when a step of it runs this.")
    return [*options, inspect.Parameter("no_github", kept, default=False, annotation=Annotated[bool, silent])]


def _option(kind: str) -> str:
    return _OPTIONS.get(kind, f"--{kind}")
