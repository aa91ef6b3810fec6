"""Carry out one request of a virtual user: pace, connect, send, wait, record, follow redirects, retry once, check.

Every hop is a request of its own in the statistics. Trouble is data: it is counted under its outcome and ends the virtual user.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from time import perf_counter_ns as now_ns
from types import coroutine
from typing import Any

from loadkit.flow.fiber import NEVER_NS, PARK, Cancelled, DeadlineExpired
from loadkit.flow.step import StepFunction
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.book import Series
from loadkit.metrics.sample import Outcome
from loadkit.protocols.address import follow
from loadkit.protocols.connect import ConnectFailed, Connector
from loadkit.protocols.http1 import Connection
from loadkit.protocols.judge import Checks, compile_judge
from loadkit.protocols.request import Hop, InvalidRequest, RequestSpec, Wire
from loadkit.protocols.session import HttpSession
from loadkit.protocols.trace import trace_exchange, trace_failure

MAX_REDIRECTS = 10
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110 section 9.2.2
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOST = frozenset({Outcome.CLOSED, Outcome.RESET})
_NOTED = frozenset({b"set-cookie", b"content-encoding"})
_MOST_NAMES = 1000


Cookies = tuple[tuple[str, Callable[[Any], str]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """All that a compiled HTTP step knows."""

    spec: RequestSpec
    series: Series
    timeout_ns: int
    connect_timeout_ns: int
    follow_redirects: bool
    condition: Callable[[VirtualUser], bool] | None
    first_cookies: Cookies
    """Those that a virtual user begins with."""
    cookies: Cookies
    checks: Checks
    connector: Callable[[VirtualUser], Connector]


class Failed(Exception):
    """An exchange without a valid response."""

    def __init__(self, outcome: Outcome, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.name = outcome.value


_TROUBLE = (Failed, ConnectFailed, InvalidRequest, DeadlineExpired, Cancelled)


def compile_exchange(x: Exchange) -> StepFunction:
    """Return the step that carries out one request and what follows from it."""
    condition, connector_of, constant, render = x.condition, x.connector, x.spec.constant, x.spec.render
    constant_payload = constant.payload() if constant is not None else b""
    timeout_ns, plain_names, hop = x.timeout_ns, set[bytes](), _compile_hop(x)
    writes_cookies = any(name.lower() == "cookie" for name, _ in x.spec.headers)  # its own header wins over the jar
    judge, cookies, first_cookies, follows = compile_judge(x.checks), x.cookies, x.first_cookies, x.follow_redirects

    @coroutine
    def step(user: VirtualUser) -> Generator[Any, None, None]:
        if condition is not None and not condition(user):
            return
        session: HttpSession | None = user.sessions.get("http")
        if session is None:
            session = user.sessions["http"] = HttpSession(connector_of(user))
        fiber = user.fiber
        if user.pacer is not None:
            user.due_ns = yield from user.pacer.wait(fiber)
        start_ns = now_ns()
        fiber.deadline_ns = start_ns + timeout_ns
        try:
            wire, payload = constant, constant_payload
            if wire is None:
                wire = render(user)
                payload = wire.payload()
            if first_cookies and wire.origin not in session.greeted:
                session.greeted.add(wire.origin)
                for name, text in first_cookies:
                    session.set_cookie(wire.origin, name, text(user))
            if cookies:
                for name, text in cookies:
                    session.set_cookie(wire.origin, name, text(user))
            if session.jar is not None and not writes_cookies:
                payload = wire.payload(session.jar.header(wire.origin, wire.path))
        except (InvalidRequest, ValueError) as error:
            _record_failure(x, user, start_ns, error, connecting=False)
            raise StepFailed from None
        connection: Connection = yield from hop(user, session, wire, payload, start_ns)
        headers = connection.headers
        noted = not headers.keys() <= plain_names and _noted(headers, plain_names)
        if noted or (connection.status in _REDIRECTS and follows):
            wire, connection = yield from _after(x, hop, user, session, wire, connection)
            noted = True
        fiber.deadline_ns = NEVER_NS
        if judge is not None or session.pooled or not connection.keep_alive:
            try:
                if judge is not None:
                    judge(user, wire, connection, noted)
            finally:
                if session.pooled or not connection.keep_alive:
                    session.done(wire.origin, connection, reusable=connection.keep_alive)

    return step


SendHop = Callable[[VirtualUser, HttpSession, Wire, bytes, int], Generator[Any, None, Connection]]


def _compile_hop(x: Exchange) -> SendHop:
    """Return what sends one request, waits for its response and records it; it raises StepFailed after trouble."""
    name, extend, keep_body = x.series.name, x.series.rows.extend, x.checks.keep_body

    def hop(
        user: VirtualUser, session: HttpSession, wire: Wire, payload: bytes, start_ns: int
    ) -> Generator[Any, None, Connection]:
        connection = session.connections.get(wire.origin)
        method = wire.method
        try:
            while True:
                if connection is None or connection.closed:
                    connection = None
                    connection = yield from session.connect(user, wire.origin, x.series, x.connect_timeout_ns)
                    if connection.closed:  # before we said a word
                        raise Failed(
                            *(connection.failure or (Outcome.CLOSED, "the server closed the connection at once"))
                        )
                reused, connection.used = connection.used, True
                connection.send(user.fiber, payload, keep_body=keep_body or user.run.debug, head=method == "HEAD")
                yield PARK
                if connection.failure is None:
                    break
                outcome, text = connection.failure
                if not reused or outcome not in _LOST or connection.bytes_in or method not in _IDEMPOTENT:
                    raise Failed(outcome, text)
                # RFC 9110 section 9.2.2: the server closed an idle connection while the request was on its way
                x.series.book.count("http.retries", name)
                session.done(wire.origin, connection, reusable=False)
                connection = None
        except _TROUBLE as error:
            if connection is not None:
                if not connection.closed:
                    connection.abort()
                session.done(wire.origin, connection, reusable=False)
            error_name, text = _record_failure(x, user, start_ns, error, connecting=connection is None)
            if user.run.debug:
                trace_failure(user, wire, payload, error_name, text)
            raise StepFailed from None
        end_ns = connection.end_ns
        extend(
            (
                user.due_ns,
                start_ns,
                connection.written_ns,
                connection.sent_ns,
                connection.first_byte_ns,
                end_ns,
                connection.status,
                connection.bytes_in,
                len(payload),
            )
        )
        user.due_ns = end_ns
        if user.run.debug:
            trace_exchange(user, wire, payload, connection)
        return connection

    return hop


def _record_failure(
    x: Exchange, user: VirtualUser, start_ns: int, error: BaseException, *, connecting: bool
) -> tuple[str, str]:
    """Count a request that got no valid response, and return its error's name and text; free the fiber of its deadline."""
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
    x.series.book.failure(x.series.name, name, spent_ns, text=f"{x.spec.method} {x.series.name}: {text}")
    user.due_ns = end_ns
    return name, text


# What follows a response


def _after(
    x: Exchange, hop: SendHop, user: VirtualUser, session: HttpSession, wire: Wire, connection: Connection
) -> Generator[Any, None, tuple[Wire, Connection]]:
    """Take the cookies of a response and follow its redirect; whatever goes wrong gives the connection back."""
    try:
        _store_cookies(x, user, session, wire, connection)
        if connection.status not in _REDIRECTS or not x.follow_redirects:
            return wire, connection
    except BaseException:
        session.done(wire.origin, connection, reusable=False)
        raise
    return (yield from _redirects(x, hop, user, session, wire, connection))


def _noted(headers: dict[bytes, bytes], plain_names: set[bytes]) -> bool:
    """Say whether a header that the session must see is there; remember the names that are not."""
    found = False
    for name in headers:
        if name.lower() in _NOTED:
            found = True
        elif len(plain_names) < _MOST_NAMES:
            plain_names.add(name)
    return found


def _store_cookies(x: Exchange, user: VirtualUser, session: HttpSession, wire: Wire, connection: Connection) -> None:
    if session.store_cookies(wire.origin, wire.path, connection):
        text = f"{wire.method} {x.series.name}: a Set-Cookie that its host may not set, or without a name"
        x.series.book.error("cookie_parse_error_invalid_cookie", x.series.name, text=text)


def _redirects(
    x: Exchange, hop: SendHop, user: VirtualUser, session: HttpSession, wire: Wire, connection: Connection
) -> Generator[Any, None, tuple[Wire, Connection]]:
    """Follow Location up to ten times (RFC 9110 section 15.4); a 3xx without one is an ordinary response."""
    crossed, keeps_body = False, True
    for followed in range(MAX_REDIRECTS + 1):
        location = connection.header(b"location")
        if connection.status not in _REDIRECTS or not location:
            return wire, connection
        start_ns = now_ns()
        session.done(wire.origin, connection, reusable=connection.keep_alive)
        try:
            if followed == MAX_REDIRECTS:
                raise Failed(Outcome.TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects")
            origin, path = follow(wire.origin, wire.path, location)
            method = _redirected_method(wire.method, connection.status)
            crossed, keeps_body = crossed or origin != wire.origin, keeps_body and method == wire.method
            wire = x.spec.redirected(user, wire, Hop(method, origin, path, crossed, keeps_body))
            cookies = session.jar.header(wire.origin, wire.path) if session.jar is not None else ""
            payload = wire.payload(cookies)
        except (ValueError, InvalidRequest, Failed) as error:
            failed = error if isinstance(error, Failed) else Failed(Outcome.PROTOCOL, f"bad Location: {error}")
            if isinstance(error, InvalidRequest):
                failed = Failed(Outcome.INVALID_REQUEST, str(error))
            user.fiber.deadline_ns = NEVER_NS
            text = f"{wire.method} {x.series.name}: {failed}"
            x.series.book.error(failed.name, x.series.name, text=text)
            raise StepFailed from None
        x.series.book.count("http.redirects", x.series.name)
        connection = yield from hop(user, session, wire, payload, start_ns)
        _store_cookies(x, user, session, wire, connection)
    raise AssertionError("unreachable")


def _redirected_method(method: str, status: int) -> str:
    """Return the next hop's method (RFC 9110 sections 15.4.2 to 15.4.9)."""
    if status == 303 and method != "HEAD":
        return "GET"
    if status in (301, 302) and method == "POST":
        return "GET"
    return method
