"""The step of one request: pace, render, send on an open connection, record, then see to what the response asks for.

Trouble is data: it is counted under its outcome and ends the virtual user.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from time import perf_counter_ns as now_ns
from types import coroutine
from typing import Any

from loadkit.flow.fiber import NEVER_NS, PARK
from loadkit.flow.step import StepFunction
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.protocols.exchange import Exchange
from loadkit.protocols.http1 import Connection
from loadkit.protocols.judge import Judge, compile_judge
from loadkit.protocols.redirects import REDIRECTS, after_response, trace
from loadkit.protocols.request import InvalidAddress, InvalidRequest, Wire
from loadkit.protocols.sending import TROUBLE, compile_send, give_up, record_failure
from loadkit.protocols.session import HttpSession

_NOTED = frozenset({b"set-cookie", b"content-encoding", b"server-timing"})
_MOST_NAMES = 1000


def compile_exchange(x: Exchange) -> StepFunction:
    """Return the step that carries out one request and what follows from it."""
    condition, timeout_ns, extend = x.condition, x.timeout_ns, x.series.rows.extend
    keep_body, head_only = x.checks.keep_body, x.spec.method == "HEAD"
    session_of, prepare, send = _compile_session(x), _compile_prepare(x), compile_send(x)
    noteworthy, judge = _compile_noteworthy(follows=x.follow_redirects), compile_judge(x.checks)
    constant = None if x.cookies else x.spec.constant

    @coroutine
    def step(user: VirtualUser) -> Generator[Any, None, None]:
        if condition is not None and not condition(user):
            return
        session: HttpSession = user.sessions.get("http") or session_of(user)
        fiber = user.fiber
        if user.pacer is not None:
            user.due_ns = yield from user.pacer.wait(fiber)
        start_ns = now_ns()
        fiber.deadline_ns = start_ns + timeout_ns
        wire = constant if session.jar is None else None
        if wire is None:
            wire = prepare(user, session, start_ns)
        connection = session.last if wire.origin is session.origin else session.connections.get(wire.origin)
        if connection is None or connection.closed:
            connection = yield from send(user, session, wire, start_ns, None)
        else:  # an open connection, as nearly always: spared the second generator
            connection.send(fiber, wire.payload, keep_body or user.run.debug, head_only)
            try:
                yield PARK
            except TROUBLE as error:
                give_up(x, user, session, wire, start_ns, connection, error)
            if connection.failure is not None:
                connection = yield from send(user, session, wire, start_ns, connection)
        end_ns = connection.end_ns
        extend((  # connection.sample() without the call
            user.due_ns, start_ns, connection.written_ns, connection.sent_ns, connection.first_byte_ns, end_ns,
            connection.status, connection.bytes_in, len(wire.payload), connection.content_bytes,
        ))  # fmt: skip
        user.due_ns = end_ns
        if user.run.debug:
            trace(x, user, wire, connection)
        noted = not connection.plain and noteworthy(connection)
        if noted:
            wire, connection = yield from after_response(x, send, user, session, wire, connection)
        fiber.deadline_ns = NEVER_NS
        if session.pooled or not connection.keep_alive:
            _judge_and_return(judge, user, session, wire, connection, noted)
        elif judge is not None:
            judge(user, wire, connection, noted)

    return step


def _judge_and_return(
    judge: Judge | None, user: VirtualUser, session: HttpSession, wire: Wire, connection: Connection, noted: bool
) -> None:
    """Judge a response, and give its connection back whatever comes of it."""
    try:
        if judge is not None:
            judge(user, wire, connection, noted)
    finally:
        session.done(wire.origin, connection, reusable=connection.keep_alive)


def _compile_session(x: Exchange) -> Callable[[VirtualUser], HttpSession]:
    """Return what begins a virtual user's session."""

    def session_of(user: VirtualUser) -> HttpSession:
        made: HttpSession = user.session("http", lambda: HttpSession(x.connector(user)))
        return made

    return session_of


def _compile_prepare(x: Exchange) -> Callable[[VirtualUser, HttpSession, int], Wire]:
    """Return what renders a request for a virtual user, cookies included; what must not be sent is counted and ends it."""
    constant, render = x.spec.constant, x.spec.render
    writes_cookies = any(name.lower() == "cookie" for name, _ in x.spec.headers)  # its own header wins over the jar
    cookies, sends_cookies, few = x.cookies, x.sends_cookies, x.few_errors

    def prepare(user: VirtualUser, session: HttpSession, start_ns: int) -> Wire:
        try:
            wire = constant if constant is not None else render(user)
            if sends_cookies:
                session.send_cookies()
            for name, text in cookies:
                session.set_cookie(wire.origin, name, text(user))
            jar = session.kept if cookies else session.jar
            if jar is not None and not writes_cookies:
                return wire.with_cookies(jar.header(wire.origin, wire.path))
            return wire
        except InvalidAddress as error:
            name = few(user.masked(error.error))
            if not user.muted:
                x.series.book.error(
                    name, x.series.name, text=f"{x.spec.method} {x.series.name}: {error}", mask=user.masked
                )
            raise StepFailed from None
        except (InvalidRequest, ValueError) as error:
            record_failure(x, user, start_ns, error, connecting=False)
            raise StepFailed from None

    return prepare


def _compile_noteworthy(*, follows: bool) -> Callable[[Connection], bool]:
    """Return what says whether a header that the session must see is there, or a redirect to follow.

    It remembers the names that ask for nothing.
    """
    plain_names = set[bytes]()

    def noteworthy(connection: Connection) -> bool:
        headers = connection.headers
        if not headers.keys() <= plain_names and _noted(headers, plain_names):
            return True
        return follows and connection.status in REDIRECTS

    return noteworthy


def _noted(headers: dict[bytes, bytes], plain_names: set[bytes]) -> bool:
    """Say whether a header that the session must see is there; remember the names that are not."""
    found = False
    for name in headers:
        if name.lower() in _NOTED:
            found = True
        elif len(plain_names) < _MOST_NAMES:
            plain_names.add(name)
    return found
