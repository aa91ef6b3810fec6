"""What follows a valid response: its content codings are removed, captures take values out of it, checks judge it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loadkit.flow.expect import Expect
from loadkit.flow.extract import Captures
from loadkit.flow.response import Response
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.book import Series, Tally
from loadkit.metrics.sample import Outcome
from loadkit.metrics.snapshot import Key
from loadkit.protocols.content import DecodeFault, OutputTooLarge, decode
from loadkit.protocols.http1 import Connection
from loadkit.protocols.request import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What a step captures and checks. `passed` is raised when every check holds; `failing_end` ends the visit else."""

    series: Series
    method: str
    captures: Captures | None
    expect: Expect | None
    passed: Tally
    failing_end: bool

    @property
    def keep_body(self) -> bool:
        """Say whether anybody reads the response's body."""
        return bool((self.captures and self.captures.needs_body) or (self.expect and self.expect.needs_body))


Judge = Callable[[VirtualUser, Wire, Connection, bool], None]


def compile_judge(x: Checks) -> Judge | None:
    """Return what captures from a response and checks it; None when nobody looks."""
    captures, expect, name, book = x.captures, x.expect, x.series.name, x.series.book
    if captures is None and expect is None:
        return None
    statuses = expect.statuses if expect is not None else None
    passed, take = x.passed, captures.take if captures is not None else None

    def judge(user: VirtualUser, wire: Wire, connection: Connection, noted: bool) -> None:
        response = None
        if take is not None and not noted and take(connection.body(), user.variables):
            pass
        elif captures is not None:
            response = _response(x, user, wire, connection, noted)
            text = captures.apply(user, response)
            if text is not None:
                user.withheld = captures.seen(user, response)
                book.error(Outcome.CAPTURE_FAILED.value, name, text=f"{wire.method} {name}: {text}", mask=user.masked)
                if expect is not None:  # what the target got wrong is counted, whatever else went wrong
                    check(user, response)
                raise StepFailed
        if user.traces:
            user.tell()
        if expect is None:
            return
        if statuses is not None and connection.status in statuses:
            passed.times += 1
            return
        check(user, response or _response(x, user, wire, connection, noted))

    def check(user: VirtualUser, response: Response) -> None:
        assert expect is not None
        failures = expect.run(user, response)
        if failures:
            _count_failures(x, user, expect, failures)
        else:
            passed.times += 1

    return judge


def counts_of_passed(expect: Expect | None, name: str) -> dict[Key, int]:
    """Return the counters to raise when every check of a step holds, with how much."""
    if expect is None:
        return {}
    counts = {("checks.ok", name): len(expect.names), ("plugins.expect.ok", name): len(expect.names)}
    for check in expect.names:
        key = f"plugins.expect.ok.{check}", name
        counts[key] = counts.get(key, 0) + 1
    return counts


def _count_failures(x: Checks, user: VirtualUser, expect: Expect, failures: tuple[tuple[str, str], ...]) -> None:
    book, name = x.series.book, x.series.name
    failed = [check for check, _ in failures]
    for check in expect.names:
        held = check not in failed
        if not held:
            failed.remove(check)
        kind = "ok" if held else "failed"
        book.count(f"checks.{kind}", name)
        book.count(f"plugins.expect.{kind}", name)
        book.count(f"plugins.expect.{kind}.{check}", name)
    method = x.method
    for check, text in failures:
        book.example(f"expect.{check}", f"{method} {name}: {text}", user.masked)
    if x.failing_end:
        book.error(f"Failed expectations for request {name}", name)
        raise StepFailed


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
