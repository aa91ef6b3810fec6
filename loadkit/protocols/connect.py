"""Open connections: resolve, connect, TLS handshake, each timed; share them among virtual users when `http.pool` says so."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections import deque
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from time import perf_counter_ns as now_ns
from typing import Any

from loadkit.flow.fiber import DeadlineExpired, Fiber, park
from loadkit.hosts import Fence
from loadkit.metrics.book import Series
from loadkit.metrics.sample import Outcome
from loadkit.protocols.address import Origin
from loadkit.protocols.http1 import Connection
from loadkit.protocols.resolve import Addresses, LookupFailed, Resolver

_RAN_OUT = "descriptors or ports of this machine ran out"
_TLS_GOODBYE_S = 1.0  # for the other side's close_notify; a target that never sends it must not keep our sockets
_OURS = {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.ENOBUFS, errno.ENOMEM}
_NO_WAY = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EACCES, errno.EPERM}

# OpenSSL's verify results (openssl/x509_vfy.h) under the names that Node.js gives them
_CERTIFICATE_ERRORS = {
    10: Outcome.CERT_EXPIRED,
    18: Outcome.CERT_SELF_SIGNED,
    19: Outcome.CERT_SELF_SIGNED_IN_CHAIN,
    20: Outcome.CERT_NO_ISSUER,
    21: Outcome.CERT_UNVERIFIED,
    62: Outcome.CERT_OTHER_HOST,
    64: Outcome.CERT_OTHER_HOST,
}
# OpenSSL's reasons (openssl/sslerr.h) when the two sides have no version of TLS in common
_VERSION_REASONS = {
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "UNSUPPORTED_PROTOCOL",
    "NO_PROTOCOLS_AVAILABLE",
    "WRONG_SSL_VERSION",
}


class ConnectFailed(Exception):
    """No connection came about. `outcome` is its kind, `name` the error's name in metrics."""

    def __init__(self, outcome: Outcome, text: str, name: str = "") -> None:
        super().__init__(text)
        self.outcome = outcome
        self.name = name or outcome.value


class _HandshakeExpired(DeadlineExpired):
    """Time was up while the other side owed us its part of the TLS handshake."""


class Connector:
    """A worker's way to its targets: resolver cache, TLS context, pools."""

    def __init__(self, tls: Mapping[str, Any], pool: int | None, base: Path, fence: Fence | None = None) -> None:
        self._tls = tls
        self._fence = fence or Fence()
        self._base = base
        self._context: ssl.SSLContext | None = None
        self._resolver = Resolver()
        self._pools: dict[Origin, Pool] = {}
        self.pool_size = pool

    async def open(self, origin: Origin, series: Series, fiber: Fiber, timeout_ns: int) -> Connection:
        """Return a new connection for a request of a series. Raises ConnectFailed.

        The fiber's deadline is the connect timeout's meanwhile, if that is the sooner one.
        """
        deadline_ns, limit_ns = fiber.deadline_ns, now_ns() + timeout_ns
        fiber.deadline_ns = min(deadline_ns, limit_ns)
        try:
            return await self._open(origin, series, fiber)
        except DeadlineExpired as expired:
            if limit_ns > deadline_ns:
                raise
            if isinstance(expired, _HandshakeExpired):
                text = f"connected, but no TLS handshake within {timeout_ns / 1e9:g} s"
                raise ConnectFailed(Outcome.TLS_TIMEOUT, text) from None
            text = f"no connection within {timeout_ns / 1e9:g} s"
            if self._resolver.under_way(origin.host, origin.port):
                text += f", nobody has told the address of {origin.host}"
            raise ConnectFailed(Outcome.CONNECT_TIMEOUT, text) from None
        finally:
            fiber.deadline_ns = deadline_ns

    async def _open(self, origin: Origin, series: Series, fiber: Fiber) -> Connection:
        """Try the addresses in turn; each has its share of the time that is left, so that a dead one costs not all."""
        addresses, limit_ns = await self._reachable(origin, series), fiber.deadline_ns
        failure: BaseException = TimeoutError(f"none of {len(addresses)} addresses answered")
        for left, (family, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
            fiber.deadline_ns = limit_ns if left == 1 else now_ns() + (limit_ns - now_ns()) // left
            try:
                connection = await self._connect(origin, family, address, series)
                if left < len(addresses):
                    self._resolver.prefer(origin.host, origin.port, (family, address))
                return connection
            except DeadlineExpired:
                if left == 1:
                    raise
            except (OSError, ssl.SSLError) as error:
                failure = error
        raise connect_failure(failure, origin) from None

    def pool(self, origin: Origin) -> Pool:
        """Return the pool of an origin that all virtual users share."""
        found = self._pools.get(origin)
        if found is None:
            found = self._pools[origin] = Pool(self, origin, self.pool_size or 1)
        return found

    def close(self) -> None:
        """Close all pooled connections and forget lookups that are still under way."""
        self._resolver.close()
        for pool in self._pools.values():
            pool.close()

    async def _connect(self, origin: Origin, family: int, address: str, series: Series) -> Connection:
        loop, start_ns = asyncio.get_running_loop(), now_ns()
        if not origin.tls:
            _, connection = await loop.create_connection(Connection, address, origin.port, family=family)
            series.book.times("http.connect", series.name).append(now_ns() - start_ns)
            series.book.count("http.connections", series.name)
            return connection
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, (address, origin.port))
            connected_ns = now_ns()
            series.book.times("http.connect", series.name).append(connected_ns - start_ns)
            try:
                connection = await self._handshake(sock, origin)
            except DeadlineExpired:
                raise _HandshakeExpired from None
        except BaseException:
            sock.close()
            raise
        series.book.times("http.tls", series.name).append(now_ns() - connected_ns)
        series.book.count("http.connections", series.name)
        return connection

    async def _handshake(self, sock: socket.socket, origin: Origin) -> Connection:
        import aiofastnet  # TLS three times as fast as uvloop's own (python -m bench tls)

        host = self._tls.get("servername") or origin.host
        _, connection = await aiofastnet.create_connection(
            asyncio.get_running_loop(),
            Connection,
            sock=sock,
            ssl=self._ssl_context(),
            server_hostname=host,
            ssl_shutdown_timeout=_TLS_GOODBYE_S,
        )
        made: Connection = connection
        return made

    def _ssl_context(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = tls_context(self._tls, self._base)
        return self._context

    async def _reachable(self, origin: Origin, series: Series) -> Addresses:
        """Return the addresses of an origin that load may go to. Raises ConnectFailed."""
        fence = self._fence
        if not fence:
            return await self._resolve(origin, series)
        allowed: Addresses = []
        if fence.may_allow(origin.host):  # else nobody is asked for its addresses
            found = await self._resolve(origin, series)
            allowed = [(family, address) for family, address in found if fence.allows(origin.host, address)]
        if not allowed:
            text = f"{origin.host} is not among the allowed hosts (--allow-host, .loadkit.yaml)"
            raise ConnectFailed(Outcome.NOT_ALLOWED, text)
        return allowed

    async def _resolve(self, origin: Origin, series: Series) -> Addresses:
        """Return an origin's addresses, from memory if they are fresh. Raises ConnectFailed."""
        literal = _address_family(origin.host)
        if literal is not None:
            return [(literal, origin.host)]
        resolver, where = self._resolver, (origin.host, origin.port)
        try:
            known = resolver.known(*where)
            if known is not None:
                return known
            start_ns, shares = now_ns(), resolver.under_way(*where)
            try:
                return await resolver.look_up(*where)
            finally:
                if not shares:
                    series.book.times("http.dns", series.name).append(now_ns() - start_ns)
        except LookupFailed as failed:
            if failed.starved:
                raise ConnectFailed(Outcome.GENERATOR, f"{failed} ({_RAN_OUT})") from None
            raise ConnectFailed(Outcome.DNS, str(failed), failed.name) from None


class _Turn:
    """A fiber's place in the line of a pool, and what it was given: a connection, or the right to open one."""

    __slots__ = ("connection", "fiber", "given")

    def __init__(self, fiber: Fiber) -> None:
        self.fiber: Fiber | None = fiber
        self.connection: Connection | None = None
        self.given = False

    def take(self) -> None:
        if self.fiber is not None:
            self.fiber.resume()


class Pool:
    """At most `size` connections to one origin; who finds none free waits in line and is served in order."""

    def __init__(self, connector: Connector, origin: Origin, size: int) -> None:
        self._connector = connector
        self._origin = origin
        self._size = size
        self._open = 0  # connections in use or idle, and rights to open one
        self._idle: list[Connection] = []
        self._waiting: deque[_Turn] = deque()

    async def acquire(self, fiber: Fiber, series: Series, timeout_ns: int) -> Connection:
        """Return a free connection, a new one, or wait for one's turn. Raises ConnectFailed."""
        if self._waiting or (not self._idle and self._open >= self._size):
            turn = await self._wait(fiber)
            if turn.connection is not None and not turn.connection.closed:
                return turn.connection
        else:
            while self._idle:
                connection = self._idle.pop()
                if not connection.closed:
                    return connection
                self._open -= 1
            self._open += 1
        try:
            return await self._connector.open(self._origin, series, fiber, timeout_ns)
        except BaseException:
            self._give_place()
            raise

    def release(self, connection: Connection, *, reusable: bool) -> None:
        """Give a connection back; who has waited longest gets it, or the right to open another."""
        if not reusable or connection.closed:
            if not connection.closed:
                connection.close()
            self._give_place()
        elif not self._serve(connection):
            self._idle.append(connection)

    def close(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _wait(self, fiber: Fiber) -> _Turn:
        turn = _Turn(fiber)
        self._waiting.append(turn)
        try:
            await park()
        except BaseException:
            turn.fiber = None  # whoever holds it must not resume a fiber that has gone on
            if not turn.given:
                self._waiting.remove(turn)
            elif turn.connection is not None:
                self.release(turn.connection, reusable=True)
            else:
                self._give_place()
            raise
        return turn

    def _give_place(self) -> None:
        if not self._serve(None):
            self._open -= 1

    def _serve(self, connection: Connection | None) -> bool:
        """Give the longest waiting fiber a connection, or the right to open one; say whether anybody waited."""
        if not self._waiting:
            return False
        turn = self._waiting.popleft()
        turn.given, turn.connection = True, connection
        asyncio.get_running_loop().call_soon(turn.take)
        return True


def tls_context(tls: Mapping[str, Any], base: Path) -> ssl.SSLContext:
    """Return the TLS settings of `config.tls`; verification is on unless rejectUnauthorized is false."""
    ca = tls.get("ca")
    context = ssl.create_default_context(cafile=str(base / ca) if ca else None)
    if tls.get("rejectUnauthorized", True) is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if "cert" in tls:
        key = tls.get("key")
        context.load_cert_chain(str(base / tls["cert"]), str(base / key) if key else None)
    context.set_alpn_protocols(["http/1.1"])
    return context


def connect_failure(error: BaseException, origin: Origin) -> ConnectFailed:
    """Map what the operating system or OpenSSL says to an outcome: the one table of this protocol."""
    text = f"{origin}: {error}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectFailed(_CERTIFICATE_ERRORS.get(error.verify_code, Outcome.TLS), text)
    if isinstance(error, ssl.SSLError):
        version = getattr(error, "reason", None) in _VERSION_REASONS
        return ConnectFailed(Outcome.TLS_VERSION if version else Outcome.TLS, text)
    if isinstance(error, ConnectionRefusedError):
        return ConnectFailed(Outcome.REFUSED, f"{origin} refused the connection")
    if isinstance(error, ConnectionError):
        return ConnectFailed(Outcome.RESET_CONNECT, f"{origin}: the connection was cut off while it was being made")
    if isinstance(error, TimeoutError):
        return ConnectFailed(Outcome.CONNECT_TIMEOUT, text)
    number = getattr(error, "errno", None)
    if number in _OURS:
        return ConnectFailed(Outcome.GENERATOR, f"{text} ({_RAN_OUT})")
    if number in _NO_WAY:
        return ConnectFailed(Outcome.UNREACHABLE, text)
    return ConnectFailed(Outcome.CLOSED, text)


def _address_family(host: str) -> int | None:
    try:
        return int(socket.AF_INET if ip_address(host).version == 4 else socket.AF_INET6)
    except ValueError:
        return None
