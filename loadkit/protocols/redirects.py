"""What follows a response that is not plain: its cookies are taken, its redirect is followed, what it says of itself is counted.

Every hop is a request of its own in the statistics.
"""

from __future__ import annotations

from collections.abc import Generator
from time import perf_counter_ns as now_ns
from typing import Any

from loadkit.flow.fiber import NEVER_NS
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.endpoints import ENDPOINT_ERRORS, ENDPOINT_SERVER_TIMING
from loadkit.metrics.sample import SAMPLE_WIDTH, Outcome
from loadkit.protocols.address import follow
from loadkit.protocols.endpoint import server_timing_ns
from loadkit.protocols.exchange import Exchange
from loadkit.protocols.http1 import Connection
from loadkit.protocols.request import Hop, InvalidRequest, Wire
from loadkit.protocols.sending import Failed, Send
from loadkit.protocols.session import HttpSession
from loadkit.protocols.trace import trace_exchange

REDIRECTS = frozenset({301, 302, 303, 307, 308})


def after_response(
    x: Exchange, send: Send, user: VirtualUser, session: HttpSession, wire: Wire, connection: Connection
) -> Generator[Any, None, tuple[Wire, Connection]]:
    """Take the cookies of a response and follow its redirect; whatever goes wrong gives the connection back."""
    try:
        _take_back_content(x, session, connection)
        _store_cookies(x, user, session, wire, connection)
    except BaseException:
        session.done(wire.origin, connection, reusable=False)
        raise
    if connection.status in REDIRECTS and x.follow_redirects:
        wire, connection = yield from _redirects(x, send, user, session, wire, connection)
    timing = server_timing_ns(connection.header(b"server-timing"))
    endpoint = x.endpoint(user, wire) if timing is not None else ""
    if timing is not None and endpoint:
        x.series.book.times(ENDPOINT_SERVER_TIMING, endpoint).append(timing)
    return wire, connection


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
        or (x.follow_redirects and connection.status in REDIRECTS and connection.header(b"location"))
    ):
        x.series.book.count("http.content_bytes", x.series.name, by=-bytes_counted)


def _redirects(
    x: Exchange, send: Send, user: VirtualUser, session: HttpSession, wire: Wire, connection: Connection
) -> Generator[Any, None, tuple[Wire, Connection]]:
    """Follow Location as often as is allowed (RFC 9110 section 15.4); a 3xx without one is an ordinary response."""
    crossed, keeps_body = False, True
    for followed in range(x.max_redirects + 1):
        location = connection.header(b"location")
        if connection.status not in REDIRECTS or not location:
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
            endpoint = x.endpoint(user, wire)
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
        trace(x, user, wire, connection)
    return connection


def trace(x: Exchange, user: VirtualUser, wire: Wire, connection: Connection) -> None:
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
