"""Carry out one request of a virtual user: pace, connect, send, wait, record, follow redirects, retry once, check.

Every hop is a request of its own in the statistics. Trouble is data: it is counted under its outcome and ends the virtual user.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from time import perf_counter_ns as now_ns
from types import coroutine
from typing import Any, NoReturn

from loadkit.flow.fiber import NEVER_NS, PARK, Cancelled, DeadlineExpired
from loadkit.flow.step import Few, StepFunction
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.book import Series
from loadkit.metrics.endpoints import ENDPOINT_ERRORS, ENDPOINT_SERVER_TIMING
from loadkit.metrics.sample import SAMPLE_WIDTH, Outcome
from loadkit.protocols.address import follow
from loadkit.protocols.connect import ConnectFailed, Connector
from loadkit.protocols.endpoint import EndpointOf, server_timing_ns
from loadkit.protocols.http1 import Connection
from loadkit.protocols.judge import Checks, Judge, compile_judge
from loadkit.protocols.request import Hop, InvalidAddress, InvalidRequest, RequestSpec, Wire
from loadkit.protocols.session import HttpSession
from loadkit.protocols.trace import trace_exchange, trace_failure

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})  # RFC 9110 section 9.2.2
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOST = frozenset({Outcome.CLOSED, Outcome.RESET})
_NOTED = frozenset({b"set-cookie", b"content-encoding", b"server-timing"})
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
    max_redirects: int
    retries: bool
    """Whether a request that met an idle connection's end is sent once more."""
    repeats_method: bool
    """Whether a POST that is answered with 301 or 302 stays a POST."""
    few_errors: Few
    """Gives names to errors that variables name."""
    condition: Callable[[VirtualUser], bool] | None
    cookies: Cookies
    """Those that are set before the request, default ones among them."""
    sends_cookies: bool
    """Whether every request has the cookies of the jar from the first one on: there are default ones."""
    checks: Checks
    connector: Callable[[VirtualUser], Connector]
    endpoint_of: EndpointOf | None = None
    """Gives the endpoint of a request where its series does not know it."""


class Failed(Exception):
    """An exchange without a valid response."""

    def __init__(self, outcome: Outcome, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.name = outcome.value


_TROUBLE = (Failed, ConnectFailed, InvalidRequest, DeadlineExpired, Cancelled)


def compile_exchange(x: Exchange) -> StepFunction:
    """Return the step that carries out one request and what follows from it."""
    condition, timeout_ns, extend = x.condition, x.timeout_ns, x.series.rows.extend
    keep_body, head_only, follows = x.checks.keep_body, x.spec.method == "HEAD", x.follow_redirects
    session_of, prepare, send = _compile_session(x), _compile_prepare(x), _compile_send(x)
    judge = compile_judge(x.checks)
    constant = None if x.cookies else x.spec.constant
    plain_names = set[bytes]()

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
            except _TROUBLE as error:
                _give_up(x, user, session, wire, start_ns, connection, error)
            if connection.failure is not None:
                connection = yield from send(user, session, wire, start_ns, connection)
        end_ns = connection.end_ns
        extend(  # connection.sample() without the call
            (
                user.due_ns,
                start_ns,
                connection.written_ns,
                connection.sent_ns,
                connection.first_byte_ns,
                end_ns,
                connection.status,
                connection.bytes_in,
                len(wire.payload),
                connection.content_bytes,
            )
        )
        user.due_ns = end_ns
        if user.run.debug:
            _trace(x, user, wire, connection)
        noted = False
        if not connection.plain:
            headers = connection.headers
            noted = not headers.keys() <= plain_names and _noted(headers, plain_names)
            if noted or (connection.status in _REDIRECTS and follows):
                wire, connection = yield from _after(x, send, user, session, wire, connection)
                noted = True
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
            _record_failure(x, user, start_ns, error, connecting=False)
            raise StepFailed from None

    return prepare


Send = Callable[[VirtualUser, HttpSession, Wire, int, Connection | None], Generator[Any, None, Connection]]


def _compile_send(x: Exchange) -> Send:
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
        except _TROUBLE as error:
            _give_up(x, user, session, wire, start_ns, connection, error)

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


def _give_up(
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
    endpoint = _endpoint(x, user, wire)
    name, text = _record_failure(x, user, start_ns, error, connecting=connection is None, endpoint=endpoint)
    if user.run.debug:
        trace_failure(user, wire, name, text)
    raise StepFailed(name, text, unanswered=True) from None


def _record_failure(
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


# What follows a response


def _after(
    x: Exchange, send: Send, user: VirtualUser, session: HttpSession, wire: Wire, connection: Connection
) -> Generator[Any, None, tuple[Wire, Connection]]:
    """Take the cookies of a response and follow its redirect; whatever goes wrong gives the connection back."""
    try:
        _take_back_content(x, session, connection)
        _store_cookies(x, user, session, wire, connection)
    except BaseException:
        session.done(wire.origin, connection, reusable=False)
        raise
    if connection.status in _REDIRECTS and x.follow_redirects:
        wire, connection = yield from _redirects(x, send, user, session, wire, connection)
    timing = server_timing_ns(connection.header(b"server-timing"))
    endpoint = _endpoint(x, user, wire) if timing is not None else ""
    if timing is not None and endpoint:
        x.series.book.times(ENDPOINT_SERVER_TIMING, endpoint).append(timing)
    return wire, connection


def _endpoint(x: Exchange, user: VirtualUser, wire: Wire) -> str:
    return x.series.endpoint if x.endpoint_of is None else x.endpoint_of(user, wire)


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
        x.series.book.error("cookie_parse_error_invalid_cookie", x.series.name, text=text, mask=user.masked)


def _take_back_content(x: Exchange, session: HttpSession, connection: Connection) -> None:
    """Leave the content of a response out where Artillery does: of a redirect, and with a coding or a cookie for the jar."""
    bytes_counted = connection.content_bytes
    if bytes_counted and (
        connection.header(b"content-encoding")
        or (session.jar is not None and connection.header(b"set-cookie"))
        or (x.follow_redirects and connection.status in _REDIRECTS and connection.header(b"location"))
    ):
        x.series.book.count("http.content_bytes", x.series.name, by=-bytes_counted)


def _redirects(
    x: Exchange, send: Send, user: VirtualUser, session: HttpSession, wire: Wire, connection: Connection
) -> Generator[Any, None, tuple[Wire, Connection]]:
    """Follow Location as often as is allowed (RFC 9110 section 15.4); a 3xx without one is an ordinary response."""
    crossed, keeps_body = False, True
    for followed in range(x.max_redirects + 1):
        location = connection.header(b"location")
        if connection.status not in _REDIRECTS or not location:
            return wire, connection
        start_ns = now_ns()
        session.done(wire.origin, connection, reusable=connection.keep_alive)
        x.series.book.unseen(x.series.endpoint, x.series.rows[-SAMPLE_WIDTH:])
        try:
            if followed == x.max_redirects:
                raise Failed(Outcome.TOO_MANY_REDIRECTS, f"more than {x.max_redirects} redirects")
            origin, path = follow(wire.origin, wire.path, location)
            sent = wire.method
            method = _redirected_method(sent, connection.status, repeats=x.repeats_method)
            crossed, keeps_body = crossed or origin != wire.origin, keeps_body and method == sent
            wire = x.spec.redirected(user, wire, Hop(method, origin, path, crossed, keeps_body))
            jar = session.kept if x.cookies else session.jar
            cookies = jar.header(wire.origin, wire.path) if jar is not None else ""
            wire = wire.with_cookies(cookies)
        except (ValueError, InvalidRequest, Failed) as error:
            failed = error if isinstance(error, Failed) else Failed(Outcome.PROTOCOL, f"bad Location: {error}")
            if isinstance(error, InvalidRequest):
                failed = Failed(Outcome.INVALID_REQUEST, str(error))
            user.fiber.deadline_ns = NEVER_NS
            text = f"{wire.method} {x.series.name}: {failed}"
            if not user.muted:
                x.series.book.error(failed.name, x.series.name, text=text, mask=user.masked)
            endpoint = _endpoint(x, user, wire)
            if endpoint:
                x.series.book.count(f"{ENDPOINT_ERRORS}{failed.name}", endpoint)
            raise StepFailed from None
        x.series.book.count("http.redirects", x.series.name)
        if method != sent and sent == "POST" and connection.status != 303:
            x.series.book.count("http.redirects.post_to_get", x.series.name)
        connection = yield from _hop(x, send, user, session, wire, start_ns)
        _take_back_content(x, session, connection)
        _store_cookies(x, user, session, wire, connection)
    raise AssertionError("unreachable")


def _hop(
    x: Exchange, send: Send, user: VirtualUser, session: HttpSession, wire: Wire, start_ns: int
) -> Generator[Any, None, Connection]:
    """Send the request of a redirect's hop, which is a sample of its own."""
    kept = session.connections.get(wire.origin)
    if kept is not None and kept.closed:
        kept = None
    connection = yield from send(user, session, wire, start_ns, kept)
    x.series.rows.extend(connection.sample(user.due_ns, start_ns, len(wire.payload)))
    user.due_ns = connection.end_ns
    if user.run.debug:
        _trace(x, user, wire, connection)
    return connection


def _trace(x: Exchange, user: VirtualUser, wire: Wire, connection: Connection) -> None:
    """Trace an exchange; where something is captured the judge tells it, who then knows what of it is secret."""
    trace_exchange(user, wire, connection)
    if x.checks.captures is None:
        user.tell()


def _redirected_method(method: str, status: int, *, repeats: bool) -> str:
    """Return the next hop's method (RFC 9110 sections 15.4.2 to 15.4.9); `repeats` says that a POST stays one, as in Artillery."""
    if status == 303 and method != "HEAD":
        return "GET"
    if status in (301, 302) and method == "POST" and not repeats:
        return "GET"
    return method
