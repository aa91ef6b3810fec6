"""Send one request of a virtual user and wait for its response: connect where there is no connection, retry once.

Trouble is data: it is counted under its outcome and ends the visit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from time import perf_counter_ns as now_ns
from typing import Any, NoReturn

from loadkit.flow.fiber import NEVER_NS, PARK, Cancelled, DeadlineExpired
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.sample import Outcome
from loadkit.protocols.connect import ConnectFailed
from loadkit.protocols.exchange import Exchange
from loadkit.protocols.http1 import Connection
from loadkit.protocols.request import InvalidRequest, Wire
from loadkit.protocols.session import HttpSession
from loadkit.protocols.trace import trace_failure

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})  # RFC 9110 section 9.2.2
_LOST = frozenset({Outcome.CLOSED, Outcome.RESET})


class Failed(Exception):
    """An exchange without a valid response."""

    def __init__(self, outcome: Outcome, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.name = outcome.value


TROUBLE = (Failed, ConnectFailed, InvalidRequest, DeadlineExpired, Cancelled)
"""What ends an exchange without a response."""

Send = Callable[[VirtualUser, HttpSession, Wire, int, Connection | None], Generator[Any, None, Connection]]


def compile_send(x: Exchange) -> Send:
    """Return what sends one request and waits for its response; it raises StepFailed after trouble.

    The connection it is given may be None, an open one, or one on which the request has just failed: then it
    decides on the one retry that there is.
    """
    keep_body = x.checks.keep_body

    def send(
        user: VirtualUser,
        session: HttpSession,
        wire: Wire,
        start_ns: int,
        connection: Connection | None,
    ) -> Generator[Any, None, Connection]:
        reused, retried = connection is not None and connection.used, False
        try:
            while True:
                if connection is not None and connection.failure is not None:
                    _retry_or_fail(x, session, wire, connection, reused=reused and not retried)
                    connection, retried = None, True
                if connection is None:
                    connection = yield from session.connect(user, wire.origin, x.series, x.connect_timeout_ns)
                    if connection.closed:  # before we said a word
                        closed = Outcome.CLOSED, "the server closed the connection at once"
                        raise Failed(*(connection.failure or closed))
                reused, connection.used = connection.used, True  # one of the pool may be an old one
                keeps = keep_body or user.run.debug
                connection.send(user.fiber, wire.payload, keeps, wire.method == "HEAD")
                yield PARK
                if connection.failure is None:
                    return connection
        except TROUBLE as error:
            give_up(x, user, session, wire, start_ns, connection, error)

    return send


def _retry_or_fail(x: Exchange, session: HttpSession, wire: Wire, connection: Connection, *, reused: bool) -> None:
    """Let a request be sent once more if the server closed an idle connection while it was on its way; else raise Failed.

    RFC 9110 section 9.2.2.
    """
    assert connection.failure is not None
    outcome, text = connection.failure
    if not (reused and x.retries) or outcome not in _LOST or connection.bytes_in or wire.method not in _IDEMPOTENT:
        raise Failed(outcome, text)
    x.series.book.count("http.retries", x.series.name)
    session.done(wire.origin, connection, reusable=False)


def give_up(
    x: Exchange,
    user: VirtualUser,
    session: HttpSession,
    wire: Wire,
    start_ns: int,
    connection: Connection | None,
    error: BaseException,
) -> NoReturn:
    """Count a request that failed, part with its connection, and end the visit."""
    if connection is not None:
        if not connection.closed:
            connection.abort()
        session.done(wire.origin, connection, reusable=False)
        x.series.book.count("http.downloaded_bytes", x.series.name, by=connection.bytes_in)
    endpoint = x.endpoint(user, wire)
    name, text = record_failure(x, user, start_ns, error, connecting=connection is None, endpoint=endpoint)
    if user.run.debug:
        trace_failure(user, wire, name, text)
    raise StepFailed(name, text, unanswered=True) from None


def record_failure(
    x: Exchange, user: VirtualUser, start_ns: int, error: BaseException, *, connecting: bool, endpoint: str = ""
) -> tuple[str, str]:
    """Count a request that got no valid response, and return its error's name and text; free the fiber of its deadline.

    One that could not even be sent has no `endpoint`.
    """
    end_ns, fiber = now_ns(), user.fiber
    text = str(error)
    if isinstance(error, Failed | ConnectFailed):
        name = error.name
    elif isinstance(error, InvalidRequest | ValueError):
        name = Outcome.INVALID_REQUEST.value
    elif isinstance(error, Cancelled):
        name, text = Outcome.CANCELLED.value, "cut off at the end of the run; --graceful-stop gives it longer"
    else:
        name = Outcome.RESPONSE_TIMEOUT.value
        text = f"no complete response within {x.timeout_ns / 1e9:g} s{' (still connecting)' if connecting else ''}"
    if name == Outcome.GENERATOR.value:
        user.run.starved_ns = end_ns
    fiber.deadline_ns = NEVER_NS
    spent_ns = end_ns - user.due_ns
    said = f"{x.spec.method} {x.series.name}: {text}{user.trace_told}"
    x.series.book.failure(
        x.series.name,
        name,
        spent_ns,
        text=said,
        mask=user.masked,
        endpoint=endpoint,
        counts=not user.muted,
        events=x.series.counts,
    )
    user.due_ns = end_ns
    return name, text
