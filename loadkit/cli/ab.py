"""`loadkit ab`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadkit.cli import options
from loadkit.cli.bundles import Changes, Limits
from loadkit.cli.unfolding import unfolded
from loadkit.errors import ExitCode, UsageError
from loadkit.outputs.base import write_line

if TYPE_CHECKING:
    from loadkit.analysis.ab import Question
    from loadkit.cli.interleave import Interleaving
    from loadkit.fleet.ab import Budget, Side
    from loadkit.outputs.json import JsonReport
    from loadkit.scenario.merge import Overrides
    from loadkit.scenario.settings import Settings

_MOST_BLOCK_S = 3600

Files = Annotated[
    list[Path],
    typer.Argument(metavar="A.yaml [B.yaml]", help="Two scenario files; or one, with two targets.", show_default=False),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Where load goes on either side."""

    target: Annotated[
        str | None,
        typer.Option(
            "-t", "--target-a", "--target", metavar="URL", help="Where A's load goes, and B's unless --against."
        ),
    ] = None
    against: Annotated[
        str | None, typer.Option("--against", "--target-b", metavar="URL", help="Where B's load goes.")
    ] = None

    def urls(self) -> tuple[str | None, str | None]:
        """Return the target of A and that of B."""
        from loadkit.cli.reading import chosen_target

        first = chosen_target(self.target)
        return first, first if self.against is None else chosen_target(self.against)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be found out."""

    metric: Annotated[
        str, typer.Option("--metric", metavar="p50|p95|p99", help="The percentile of the response time to judge by.")
    ] = "p95"
    of: Annotated[str, typer.Option("--of", metavar="NAME", help="Judge the requests of this name alone.")] = ""
    detect: Annotated[
        str, typer.Option("--detect", metavar="PERCENT", help="The difference that matters; smaller ones take longer.")
    ] = "10%"
    floor: Annotated[
        str, typer.Option("--floor", metavar="TIME", help="Smaller differences than this never matter.")
    ] = "1ms"

    def question(self) -> Question:
        """Return the question. Raises UsageError."""
        from loadkit.analysis.ab import PERCENTILES, Question
        from loadkit.units import parse_duration_ns, parse_ratio

        if self.metric not in PERCENTILES:
            raise UsageError(f"--metric {self.metric} is none of {', '.join(PERCENTILES)}")
        try:
            share = parse_ratio(self.detect)
            floor_ns = parse_duration_ns(self.floor, unit="ms")
        except ValueError as error:
            raise UsageError(f"--detect or --floor: {error}") from error
        if not 0 < share <= 10:
            raise UsageError(
                f"--detect {self.detect} is no difference to look for; write a share above zero, such as 10%"
            )
        return Question(metric=self.metric, of=self.of, detect=share, floor_ns=floor_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """How long it may take."""

    block: Annotated[str, typer.Option("--block", metavar="TIME", help="How long each run is measured.")] = "5s"
    max_pairs: Annotated[
        int, typer.Option("--max-pairs", metavar="NUMBER", min=1, max=1000, help="Give up after so many pairs.")
    ] = 20
    max_time: Annotated[
        str | None, typer.Option("--max-time", metavar="TIME", help="Begin no pair that would end later than this.")
    ] = None

    def budget(self) -> Budget:
        """Return the budget. Raises UsageError."""
        from loadkit.fleet.ab import Budget
        from loadkit.units import NS_PER_S, parse_duration_ns

        try:
            block_ns = parse_duration_ns(self.block)
            most_ns = None if self.max_time is None else parse_duration_ns(self.max_time)
        except ValueError as error:
            raise UsageError(f"--block or --max-time: {error}") from error
        seconds, rest = divmod(block_ns, NS_PER_S)
        if rest or not 1 <= seconds <= _MOST_BLOCK_S:
            raise UsageError(f"--block {self.block} is not a number of whole seconds from 1 to {_MOST_BLOCK_S}")
        budget = Budget(
            block_s=seconds, most_pairs=self.max_pairs, most_s=None if most_ns is None else most_ns / NS_PER_S
        )
        if budget.most_s is not None and budget.most_s < 2 * budget.pair_s:
            raise UsageError(
                f"--max-time {self.max_time} has no room for a pair after the warm-up, each of which takes {budget.pair_s:.0f}s; "
                "allow more, or make --block shorter"
            )
        return budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What load each run makes, instead of the longest phase's."""

    rate: Annotated[
        float | None,
        typer.Option("--rate", metavar="NUMBER", help="Arrivals a second, instead of what the longest phase has."),
    ] = None
    users: Annotated[
        int | None, typer.Option("--users", metavar="NUMBER", min=1, help="Users, instead of the longest phase's load.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where the answer is written to."""

    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the result as JSON to this file.")
    ] = None
    junit: Annotated[
        Path | None,
        typer.Option(
            "--junit", metavar="FILE", help="Write the answer as JUnit XML, for the test pages of CI services."
        ),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object; `loadkit schema ab` describes it.")] = (
        False
    )

    def open(self) -> Answer:
        """Return what tells the answer. Raises PreflightError for a file that cannot be written."""
        from loadkit.outputs.json import JsonReport
        from loadkit.outputs.writing import check_writable

        report = None if self.output is None else JsonReport(self.output)
        if report:
            report.check()
        if self.junit:
            check_writable(self.junit, "--junit")
        return Answer(report=report, junit=self.junit, as_json=self.json)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Tells the answer: in files that were found to be writable, and on the screen."""

    report: JsonReport | None
    junit: Path | None
    as_json: bool

    def tell(self, session: Interleaving) -> ExitCode:
        """Write and print what a session has come to, and return its exit code."""
        from loadkit.outputs.json import json_text
        from loadkit.outputs.writing import write_whole

        code, document = session.document()
        if self.report:
            self.report.finish(document)
        if self.junit:
            write_whole(self.junit, session.junit(document))
        if self.as_json:
            write_line(sys.stdout, json_text(document))
        else:
            session.tell([str(path) for path in (self.report and self.report.path, self.junit) if path])
        return code


@unfolded
def ab(
    files: Files,
    given: Changes,
    limits: Limits,
    at: Sides,
    asked: Asked,
    spent: Spent,
    load: Load,
    seed: options.Seed = None,
    scenario_name: options.ScenarioName = None,
    workers: options.Workers = "auto",
    quiet: options.Quiet = False,
    *,
    written: Written,
) -> int:
    """Find out whether B is slower than A, by short runs in turn.

    Runs on a noisy machine cannot be compared with those of yesterday; with those of a moment ago they can. Each pair is a short
    run of A and one of B, in changing order. After each it is known how large the difference is, and the session stops as
    soon as that answers the question: B is slower, B is faster, or a difference of --detect is excluded. The interval holds
    however often one looks at it.

    Exit code 0: B is not worse, or that is undecided; 4: B is slower or has more errors, whatever the severity; 5: the
    generator was the limit, so that nothing is known; 6: A or B answers nothing. Ctrl-C gives what is known so far.

    \b
    Examples:
      loadkit ab shop.yaml -t http://127.0.0.1:8080 --against http://127.0.0.1:8081
      loadkit ab old.yaml new.yaml --detect 20% --metric p99
      loadkit ab shop.yaml -t demo:// --against "demo://?slowdown=1.6"
    """
    from loadkit.cli.dotenv import set_environment
    from loadkit.cli.interleave import Interleaving
    from loadkit.scenario.settings import Settings

    set_environment(given.dotenv)
    _check_apart(files, at, load)
    question, budget, answer = asked.question(), spent.budget(), written.open()
    settings = Settings(seed=seed, scenario_name=scenario_name, environment=given.environment, **limits.read())
    sides = _read_sides(files, at, load, given.at(None, seed=seed), settings)
    silent = quiet or written.json
    _tell_before(sides, len(files), silent=silent, ask=not (limits.yes or quiet))
    session = Interleaving(sides, question, budget, quiet=silent)
    session.run(workers)
    return answer.tell(session)


def _check_apart(files: list[Path], at: Sides, load: Load) -> None:
    """Raise UsageError where there are not two sides, or two kinds of load."""
    if len(files) > 2:
        raise UsageError(f"ab compares two scenarios, and {len(files)} files are given; merge them with `extends`")
    if len(files) == 1 and at.against is None:
        raise UsageError(
            "one file is compared with itself at two targets: name B's with --against URL, or give a second file"
        )
    if load.rate is not None and load.users is not None:
        raise UsageError("--rate and --users exclude each other: blocks are open or closed")


def _read_sides(files: list[Path], at: Sides, load: Load, changes: Overrides, settings: Settings) -> tuple[Side, Side]:
    from loadkit.cli.sides import read_sides

    return read_sides((files[0], files[-1]), at.urls(), changes, settings, rate=load.rate, users=load.users)


def _tell_before(sides: tuple[Side, Side], files: int, *, silent: bool, ask: bool) -> None:
    """Print what is to be known of each file before load, and ask where that is much. Raises UsageError where it is too much."""
    from loadkit.cli.trial_load import check_load, warn_of

    for side in sides[:files] if not silent else ():
        warn_of(side.plan)
    for side in sides:
        check_load(side.plan, side.load, ask=ask)
