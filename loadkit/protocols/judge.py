"""What follows a valid response: its content codings are removed, captures take values out of it, checks judge it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loadkit.flow.expect import Expect, Texts
from loadkit.flow.extract import Captures
from loadkit.flow.response import Response
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.book import Series, Tally
from loadkit.metrics.sample import SAMPLE_WIDTH, Outcome
from loadkit.metrics.snapshot import Key
from loadkit.protocols.content import DecodeFault, OutputTooLarge, decode
from loadkit.protocols.http1 import Connection
from loadkit.protocols.request import Wire

Tell = Callable[[VirtualUser, Wire, Response, Texts], None]

Watch = Callable[[VirtualUser, Wire, Connection], None]
"""Looks at the last response of a step; its sample is the last row of the step's series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What a step captures and checks. `passed` is raised when every check holds.

    `failing` ends the visit else, with an error that names the request as it says; None lets the virtual user go on. Of the
    watches those in `first` see a response before it is checked, the others after, unless a check has ended the visit.
    """

    series: Series
    method: str
    captures: Captures | None
    expect: Expect | None
    passed: Tally
    failing: Callable[[VirtualUser, Wire], str] | None = None
    tell: Tell | None = None
    """Prints what the checks found."""
    hides: bool = False
    """Whether a response that ended the visit does not count under its endpoint."""
    first: tuple[Watch, ...] = ()
    last: tuple[Watch, ...] = ()
    keep: Callable[[Wire, Connection, Response], None] | None = None
    """Is given each response before anybody looks at it, where a hook wants it."""

    @property
    def keep_body(self) -> bool:
        """Say whether anybody reads the response's body."""
        checks = self.expect and (self.expect.needs_body or self.tell is not None)
        return bool((self.captures and self.captures.needs_body) or checks or self.keep is not None)


Judge = Callable[[VirtualUser, Wire, Connection, bool], None]


def compile_judge(x: Checks) -> Judge | None:
    """Return what captures from a response and checks it; None when nobody looks."""
    judge, keep = _compile_judge(x), x.keep
    if keep is None:
        return judge

    def keep_and_judge(user: VirtualUser, wire: Wire, connection: Connection, noted: bool) -> None:
        keep(wire, connection, _response(x, user, wire, connection, noted))
        if judge is not None:
            judge(user, wire, connection, noted)

    return keep_and_judge


def _compile_judge(x: Checks) -> Judge | None:
    if x.captures is None and x.expect is None:
        return _compile_watch((*x.first, *x.last))
    captures, name, book = x.captures, x.series.name, x.series.book
    take = captures.take if captures is not None else None
    check = _compile_check(x)

    def judge(user: VirtualUser, wire: Wire, connection: Connection, noted: bool) -> None:
        response, text = None, None
        if take is not None and not noted and take(connection.body(), user.variables):
            pass
        elif captures is not None:
            response = _response(x, user, wire, connection, noted)
            text = captures.apply(user, response)
            if text is not None:
                user.withheld = captures.seen(user, response)
        if user.traces:
            user.tell()
        if check is not None:  # what the target got wrong is counted, whatever else went wrong
            check(user, wire, connection, noted, response)
        if text is not None:
            said = f"{wire.method} {name}: {text}{user.trace_told}"
            if not user.muted:
                book.error(Outcome.CAPTURE_FAILED.value, name, text=said, mask=user.masked)
            raise StepFailed(Outcome.CAPTURE_FAILED.value, said)

    return judge


def _compile_watch(watches: tuple[Watch, ...]) -> Judge | None:
    """Return what shows a response to all watches; None where there is none."""
    if not watches:
        return None

    def judge(user: VirtualUser, wire: Wire, connection: Connection, noted: bool) -> None:
        for watch in watches:
            watch(user, wire, connection)

    return judge


_Check = Callable[[VirtualUser, Wire, Connection, bool, Response | None], None]


def _compile_check(x: Checks) -> _Check | None:
    """Return what checks a response and shows it to the watches; None where there is nothing to do."""
    expect, passed, first, last, tell = x.expect, x.passed, x.first, x.last, x.tell
    if expect is None and not first and not last:
        return None
    statuses = expect.statuses if expect is not None and tell is None else None

    def check(user: VirtualUser, wire: Wire, connection: Connection, noted: bool, response: Response | None) -> None:
        for watch in first:
            watch(user, wire, connection)
        if statuses is not None and connection.status in statuses:
            passed.times += 1
        elif expect is not None:
            seen = response or _response(x, user, wire, connection, noted)
            texts = expect.run(user, seen)
            if tell is not None:
                tell(user, wire, seen, texts)
            if texts.count(None) == len(texts):
                passed.times += 1
            else:
                _count_failures(x, expect.names, texts, user, wire)
        for watch in last:
            watch(user, wire, connection)

    return check


def kinds_of(expect: Expect | None) -> frozenset[str]:
    """Return the kinds of checks that a step makes."""
    return frozenset() if expect is None else frozenset(expect.names)


def counts_of_passed(expect: Expect | None, name: str) -> dict[Key, int]:
    """Return the counters to raise when every check of a step holds, with how much."""
    if expect is None:
        return {}
    counts = {("checks.ok", name): len(expect.names), ("plugins.expect.ok", name): len(expect.names)}
    for check in expect.names:
        key = f"plugins.expect.ok.{check}", name
        counts[key] = counts.get(key, 0) + 1
    return counts


def _count_failures(
    x: Checks,
    names: tuple[str, ...],
    texts: Texts,
    user: VirtualUser,
    wire: Wire,
) -> None:
    count_failures(x.series, x.method, names, texts, user)
    if x.failing is not None:
        error = f"Failed expectations for request {x.failing(user, wire)}"
        x.series.book.error(error, x.series.name)
        if x.hides:
            x.series.book.unseen(x.series.endpoint, x.series.rows[-SAMPLE_WIDTH:])
        raise StepFailed(error)


def count_failures(series: Series, method: str, names: tuple[str, ...], texts: Texts, user: VirtualUser) -> None:
    """Count the checks of a step of which some failed."""
    book, name = series.book, series.name
    for check, text in zip(names, texts, strict=True):
        kind = "ok" if text is None else "failed"
        book.count(f"checks.{kind}", name)
        book.count(f"plugins.expect.{kind}", name)
        book.count(f"plugins.expect.{kind}.{check}", name)
        if text is not None:
            book.example(f"expect.{check}", f"{method} {name}: {text}{user.trace_told}", user.masked)
    if series.counts:
        book.unheld(series, frozenset(check for check, text in zip(names, texts, strict=True) if text is not None))


def _response(x: Checks, user: VirtualUser, wire: Wire, connection: Connection, noted: bool) -> Response:
    """Return the response as captures and checks read it, its content codings removed."""
    body = connection.body()
    encoding = connection.header(b"content-encoding") if noted and body else ""
    if encoding:
        try:
            body = decode(body, encoding)
        except (DecodeFault, OutputTooLarge) as error:
            outcome = Outcome.DECODE if isinstance(error, DecodeFault) else Outcome.TOO_LARGE
            text = f"{wire.method} {x.series.name}: {error}"
            x.series.book.error(outcome.value, x.series.name, text=text, mask=user.masked)
            raise StepFailed from None
    return Response(connection.status, connection.raw_headers, body)
