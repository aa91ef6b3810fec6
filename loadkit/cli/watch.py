"""`loadkit watch`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from loadkit.cli.signals import taking_signals
from loadkit.cli.unfolding import unfolded
from loadkit.errors import ExitCode, PreflightError, UsageError
from loadkit.outputs.base import paint_for, write_line
from loadkit.units import NS_PER_S, parse_duration_ns

if TYPE_CHECKING:
    from loadkit.monitor.asked import Asked
    from loadkit.monitor.monitor import Row
    from loadkit.monitor.routes import Board
    from loadkit.monitor.state import State
    from loadkit.monitor.table import Table
    from loadkit.monitor.watching import Watch
    from loadkit.slo.observed import Source

_LEAST_NS = NS_PER_S // 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is watched."""

    pid: Annotated[list[int] | None, typer.Option("--pid", metavar="NUMBER", min=1, help="Watch this process.")] = None
    process: Annotated[
        list[str] | None, typer.Option("--process", metavar="NAME", help="Watch the process of this name.")
    ] = None
    port: Annotated[
        list[int] | None,
        typer.Option("--port", metavar="NUMBER", min=1, max=65535, help="Watch the process that listens on this port."),
    ] = None
    command_line: Annotated[
        list[str] | None,
        typer.Option("--command-line", metavar="REGEXP", help="Watch the process whose command line has this in it."),
    ] = None
    host: Annotated[bool, typer.Option("--host", help="Watch this machine as well, or alone.")] = False

    def asked(self) -> list[Asked]:
        """Return the processes by what names them, each once."""
        given: list[tuple[str, Sequence[int | str] | None]] = [
            ("pid", self.pid),
            ("process", self.process),
            ("port", self.port),
            ("command", self.command_line),
        ]
        return [{key: value} for key, values in given for value in dict.fromkeys(values or ())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How often it is looked at, and how long."""

    interval: Annotated[
        str, typer.Option("--interval", metavar="TIME", help="How often to look; 100ms at the least.")
    ] = "1s"
    duration: Annotated[
        str | None, typer.Option("--duration", metavar="TIME", help="For how long; without it, until Ctrl-C.")
    ] = None
    warmup: Annotated[
        str,
        typer.Option("--warmup", metavar="TIME", help="What of the beginning does not count where growth is judged."),
    ] = "60s"

    def watch(self, sources: Iterable[Source]) -> Watch:
        """Return what watches these. Raises UsageError."""
        from loadkit.monitor.watching import Watch
        from loadkit.slo.observed import Observed

        observed = Observed(sources=tuple(sources), warmup_s=_time_ns("--warmup", self.warmup) / NS_PER_S)
        every_ns = _time_ns("--interval", self.interval, _LEAST_NS)
        length_ns = None if self.duration is None else _time_ns("--duration", self.duration, every_ns)
        return Watch(observed, every_ns=every_ns, duration_ns=length_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where it is served, and to whom."""

    serve: Annotated[
        str | None,
        typer.Option("--serve", metavar="[HOST:]PORT", help="Serve /metrics, /health, /snapshot and /leaks."),
    ] = None
    token: Annotated[
        str | None,
        typer.Option(
            "--token", metavar="TEXT", help="What others have to send where a host is served; made if missing."
        ),
    ] = None

    def check(self) -> None:
        """Raise UsageError for a token that nobody is asked for."""
        if self.token is not None and not self.serve:
            raise UsageError("--token is for what is served; give --serve HOST:PORT as well")

    @contextmanager
    def board(self, beginning: State) -> Iterator[Board | None]:
        """Serve what is watched, from a thread of its own. Raises UsageError and PreflightError."""
        if not self.serve:
            yield None
            return
        from loadkit.dashboard.address import choose_token, read_address
        from loadkit.dashboard.guard import Guard
        from loadkit.dashboard.serving import Serving
        from loadkit.monitor.routes import Board, add_routes

        address = read_address(self.serve, "--serve")
        if address.loopback and self.token is not None:
            raise UsageError(
                f"--token: {self.serve} answers this machine alone, without a token; serve a HOST:PORT or leave it out"
            )
        secret = None if address.loopback else choose_token(self.token, os.environ, "--token")
        board, app = Board(beginning), Guard(address, secret).application()
        add_routes(app, board)
        serving = Serving(app, address, "--serve")
        url = serving.start()
        write_line(sys.stderr, f"serving {url}metrics, /health, /snapshot and /leaks")
        if secret is not None:
            write_line(sys.stderr, f"others send `Authorization: Bearer {secret}`")
        try:
            yield board
        finally:
            serving.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files that are written."""

    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write a line an interval.")] = None
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots in the end.")] = (
        None
    )


@unfolded
def watch(
    watched: Watched,
    times: Times,
    served: Served,
    written: Written,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print only what was found in the end.")] = False,
) -> int:
    """Watch processes, or this machine, without making load.

    Memory, processor, descriptors, and whether they leak: a line a second, and in the end what it came to. Exit code 3 when
    something leaks for certain and much (critical), else 0, also after Ctrl-C. Those that a process started count with it; one
    that is started anew is found again, but for --pid: where all are named by it, watching ends with the last. Options that
    name a process may be given several times.

    \b
    Examples:
      loadkit watch --port 8000
      loadkit watch --process gunicorn --host --duration 1h --csv memory.csv --html memory.html
      loadkit watch --pid 4711 --pid 4712 --serve 9465
    """
    from loadkit.monitor.asked import ends, sources
    from loadkit.monitor.lines import ending
    from loadkit.monitor.page import page
    from loadkit.monitor.table import Table
    from loadkit.stats.growth import Severity

    served.check()
    asked = watched.asked()
    watching = times.watch(sources(asked, host=watched.host))
    with ExitStack() as held:
        held.callback(watching.close)
        table_file = held.enter_context(_opened(written.csv, "--csv")) if written.csv else None
        page_file = held.enter_context(_opened(written.html, "--html")) if written.html else None
        board = held.enter_context(served.board(watching.open()))
        held.enter_context(taking_signals(lambda name: watching.stop()))
        table = Table(table_file, watching.observed, watching.started_at) if table_file else None
        came_to = watching.run(_Telling(board=board, table=table, quiet=quiet, ends=ends(asked), stop=watching.stop))
        for line in ending(came_to.state, paint_for(sys.stdout, os.environ)):
            write_line(sys.stdout, line)
        if page_file:
            page_file.write(page(came_to.state, came_to.rows))
    return ExitCode.FAILED if came_to.state.severity is Severity.CRITICAL else ExitCode.PASS


@dataclass(kw_only=True)
class _Telling:
    """Tells of each interval: on the screen, to who asks the server, and in the table. Calls `stop` when what is watched `ends`."""

    board: Board | None
    table: Table | None
    quiet: bool
    ends: Callable[[], bool]
    stop: Callable[[], None]

    def __call__(self, row: Row, state: State, remarks: Sequence[str]) -> None:
        from loadkit.monitor.asked import HOST
        from loadkit.monitor.lines import row_line

        if self.board:
            self.board.state = state
        for remark in remarks:
            write_line(sys.stderr, f"warning: {remark}")
        if self.table:
            try:
                self.table.add(row)
            except OSError as error:
                write_line(sys.stderr, f"warning: the table ends here: {error.strerror or error}")
                self.table = None
        if not self.quiet:
            write_line(sys.stdout, row_line(row, state))
        if all(source == HOST for source, _ in row.values) and self.ends():
            write_line(sys.stderr, "what was watched has ended")
            self.stop()


def _time_ns(option: str, text: str, least_ns: int = 0) -> int:
    try:
        found = parse_duration_ns(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    if found < least_ns:
        raise UsageError(f"{option} {text}: {least_ns / NS_PER_S:g} s at the least")
    return found


@contextmanager
def _opened(path: Path, option: str) -> Iterator[TextIO]:
    """Open a file for writing before anything begins. Raises PreflightError."""
    try:
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise PreflightError(f"{option} {path} cannot be written: {error.strerror or error}") from error
    with file:
        yield file
