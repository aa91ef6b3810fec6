"""Open connections: resolve, connect, ask a proxy for a tunnel, TLS handshake; each is timed."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl
import sys
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_address
from itertools import cycle
from time import perf_counter_ns as now_ns

from loadkit.flow.fiber import DeadlineExpired, Fiber
from loadkit.metrics.book import Series
from loadkit.metrics.sample import Outcome
from loadkit.protocols.address import Origin
from loadkit.protocols.fields import MAX_HEAD_BYTES
from loadkit.protocols.http1 import Connection
from loadkit.protocols.network import Network
from loadkit.protocols.pool import Pool
from loadkit.protocols.proxy import Proxy, connect_request
from loadkit.protocols.resolve import Addresses, LookupFailed, Resolver
from loadkit.protocols.tls import tls_context

_RAN_OUT = "descriptors or ports of this machine ran out"
_NOT_ALLOWED = "is not among the allowed hosts (--allow-host, .loadkit.yaml)"
_UNIX = int(getattr(socket, "AF_UNIX", -1))
# Linux then chooses the port when it connects: only the pair of both ends must be unique, so each address has all ports.
_LATE_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24 if sys.platform == "linux" else None)
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

    def __init__(self, network: Network | None = None) -> None:
        self._network = network or Network()
        self._context: ssl.SSLContext | None = None
        self._resolver = Resolver()
        self._sources: dict[int, Iterator[str]] = {}  # by family, without end
        for family in {family for family, _ in self._network.local_addresses}:
            self._sources[family] = cycle([one for kind, one in self._network.local_addresses if kind == family])
        self._said: dict[tuple[str, int], int] = {}  # how often addresses of `http.resolve` have been asked for
        self._pools: dict[Origin, Pool] = {}
        self.pool_size = self._network.pool
        self.cookie_rules = self._network.cookie_rules
        self.one_by_one = self._network.one_by_one

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
            raise self._too_late(origin, timeout_ns, expired) from None
        finally:
            fiber.deadline_ns = deadline_ns

    def _too_late(self, origin: Origin, timeout_ns: int, expired: DeadlineExpired) -> ConnectFailed:
        """Return what a connect timeout that has passed comes to."""
        if isinstance(expired, _HandshakeExpired):
            text = f"connected, but no TLS handshake within {timeout_ns / 1e9:g} s"
            return ConnectFailed(Outcome.TLS_TIMEOUT, text)
        proxy = self._network.proxies.of(origin)
        text = f"no connection within {timeout_ns / 1e9:g} s"
        if proxy is not None:
            return ConnectFailed(Outcome.PROXY_TIMEOUT, f"{text} through the proxy {proxy}")
        if self._resolver.under_way(origin.host, origin.port):
            text += f", nobody has told the address of {origin.host}"
        return ConnectFailed(Outcome.CONNECT_TIMEOUT, text)

    async def _open(self, origin: Origin, series: Series, fiber: Fiber) -> Connection:
        """Try the addresses in turn; each has its share of the time that is left, so that a dead one costs not all."""
        proxy = self._network.proxies.of(origin)
        place = origin if proxy is None else proxy.origin
        if self._network.socket_of(origin):
            addresses: Addresses = [self._socket(origin)]
        else:
            addresses = self._from_here(await self._reachable(origin, proxy, series))
        limit_ns = fiber.deadline_ns
        failure: BaseException = TimeoutError(f"none of {len(addresses)} addresses answered")
        for left, (family, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
            fiber.deadline_ns = limit_ns if left == 1 else now_ns() + (limit_ns - now_ns()) // left
            try:
                connection = await self._connect(origin, proxy, (family, address), series)
                if left < len(addresses):
                    self._resolver.prefer(place.host, place.port, (family, address))
                return connection
            except DeadlineExpired:
                if left == 1:
                    raise
            except (OSError, ssl.SSLError) as error:
                failure = error
        raise connect_failure(failure, origin, proxy) from None

    def pool(self, origin: Origin) -> Pool:
        """Return the pool of an origin that all virtual users share."""
        found = self._pools.get(origin)
        if found is None:
            found = self._pools[origin] = Pool(partial(self.open, origin), self.pool_size or 1)
        return found

    def close(self) -> None:
        """Close all pooled connections and forget lookups that are still under way."""
        self._resolver.close()
        for pool in self._pools.values():
            pool.close()

    async def _connect(
        self, origin: Origin, proxy: Proxy | None, address: tuple[int, str], series: Series
    ) -> Connection:
        """Connect to one address, that of the origin or of the proxy on the way there."""
        family, host = address
        loop, start_ns, port = asyncio.get_running_loop(), now_ns(), origin.port if proxy is None else proxy.port
        tunnel = proxy is not None and (origin.tls or self._network.proxies.tunnel)
        if not (origin.tls or tunnel or self._sources or family == _UNIX):
            _, connection = await loop.create_connection(Connection, host, port, family=family)
            series.book.times("http.connect", series.name).append(now_ns() - start_ns)
            series.book.count("http.connections", series.name)
            return connection
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if family == _UNIX:
                sock.connect(host)  # at once, or not at all: its queue is full
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._bind(sock)
                await loop.sock_connect(sock, (host, port))
            if proxy is not None and tunnel:
                await _dig(sock, origin, proxy)
            series.book.times("http.connect", series.name).append(now_ns() - start_ns)
            connection = await self._over(sock, origin, series)
        except BaseException:
            sock.close()
            raise
        series.book.count("http.connections", series.name)
        return connection

    def _socket(self, origin: Origin) -> tuple[int, str]:
        """Return the Unix socket of an origin that load may go to. Raises ConnectFailed."""
        fence = self._network.fence
        if not (fence.allows_unseen(origin.place) or fence.allows_unseen("localhost")):
            raise ConnectFailed(Outcome.NOT_ALLOWED, f"localhost, and so {origin}, {_NOT_ALLOWED}")
        return _UNIX, self._network.socket_of(origin)

    def _from_here(self, addresses: Addresses) -> Addresses:
        """Return the addresses that can be connected to from the source addresses. Raises ConnectFailed when there are none."""
        if not self._sources:
            return addresses
        chosen = [one for one in addresses if one[0] in self._sources]
        if not chosen:
            kind = "IPv6" if socket.AF_INET in self._sources else "IPv4"
            text = f"http.localAddresses has no {kind} address, which {addresses[0][1]} needs"
            raise ConnectFailed(Outcome.GENERATOR, text)
        return chosen

    def _bind(self, sock: socket.socket) -> None:
        """Have a socket connect from the next source address, if any are said."""
        if self._sources:
            if _LATE_PORT is not None:
                sock.setsockopt(socket.IPPROTO_IP, _LATE_PORT, 1)
            sock.bind((next(self._sources[sock.family]), 0))

    async def _over(self, sock: socket.socket, origin: Origin, series: Series) -> Connection:
        """Return the connection over a socket that leads to the origin, encrypted where it must be."""
        start_ns = now_ns()
        if not origin.tls:
            _, connection = await asyncio.get_running_loop().create_connection(Connection, sock=sock)
            return connection
        try:
            connection = await self._handshake(sock, origin)
        except DeadlineExpired:
            raise _HandshakeExpired from None
        series.book.times("http.tls", series.name).append(now_ns() - start_ns)
        return connection

    async def _handshake(self, sock: socket.socket, origin: Origin) -> Connection:
        import aiofastnet  # TLS three times as fast as uvloop's own (python -m bench tls)

        tls = self._network.tls
        host = tls.get("servername") or tls.get("serverName") or origin.host
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
            self._context = tls_context(self._network.tls, self._network.base)
        return self._context

    async def _reachable(self, origin: Origin, proxy: Proxy | None, series: Series) -> Addresses:
        """Return the addresses to connect to, on the way to an origin that load may go to. Raises ConnectFailed."""
        fence = self._network.fence
        if proxy is not None:
            if not fence.allows_unseen(origin.host):
                text = (
                    f"{origin.host} is not among the allowed hosts by its name, and its address is the proxy's to find"
                )
                raise ConnectFailed(Outcome.NOT_ALLOWED, text)
            try:
                return await self._resolve(proxy.origin, series)
            except ConnectFailed as failed:
                raise _of_proxy(failed, proxy) from None
        if not fence:
            return await self._resolve(origin, series)
        allowed: Addresses = []
        if fence.may_allow(origin.host):  # else nobody is asked for its addresses
            found = await self._resolve(origin, series)
            allowed = [(family, address) for family, address in found if fence.allows(origin.host, address)]
        if not allowed:
            text = f"{origin.host} {_NOT_ALLOWED}"
            raise ConnectFailed(Outcome.NOT_ALLOWED, text)
        return allowed

    async def _resolve(self, origin: Origin, series: Series) -> Addresses:
        """Return an origin's addresses, from memory if they are fresh. Raises ConnectFailed."""
        said = self._network.addresses_of(origin.host, origin.port)
        if said is not None:  # each connection begins with the next one
            turn = self._said[origin.host, origin.port] = self._said.get((origin.host, origin.port), -1) + 1
            return said[turn % len(said) :] + said[: turn % len(said)]
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


async def _dig(sock: socket.socket, origin: Origin, proxy: Proxy) -> None:
    """Have a proxy make a tunnel to an origin. Raises ConnectFailed when it does not, OSError when it breaks off."""
    loop, answer = asyncio.get_running_loop(), b""
    await loop.sock_sendall(sock, connect_request(origin, proxy))
    while b"\r\n\r\n" not in answer:
        piece = await loop.sock_recv(sock, 65536)
        answer += piece
        if not piece or len(answer) > MAX_HEAD_BYTES:
            raise ConnectFailed(Outcome.PROXY_TUNNEL, f"the proxy {proxy} gave no answer to CONNECT {origin.authority}")
    head, _, behind = answer.partition(b"\r\n\r\n")
    line = head.split(b"\r\n")[0]
    status = re.match(rb"HTTP/1\.[01] (\d{3})(?: |$)", line)
    said = line.decode("latin-1")[:200]
    if status is None:
        raise ConnectFailed(Outcome.PROXY_TUNNEL, f"the proxy {proxy} does not speak HTTP: {said!r}")
    if status[1] == b"407":
        what = "does not accept the user and password" if proxy.authorization else "asks for a user and password"
        raise ConnectFailed(Outcome.PROXY_AUTHENTICATION, f"the proxy {proxy} {what} ({said})")
    if status[1][:1] != b"2":
        raise ConnectFailed(Outcome.PROXY_TUNNEL, f"the proxy {proxy} makes no tunnel to {origin.authority}: {said}")
    if behind:
        raise ConnectFailed(Outcome.PROXY_TUNNEL, f"the proxy {proxy} sent bytes into the tunnel to {origin.authority}")


def _of_proxy(failed: ConnectFailed, proxy: Proxy) -> ConnectFailed:
    """Return a failure on the way to a proxy as the proxy's, unless it is this machine's."""
    if failed.outcome is Outcome.GENERATOR:
        return failed
    return ConnectFailed(Outcome.PROXY, f"the proxy {proxy} cannot be reached: {failed}")


def connect_failure(error: BaseException, origin: Origin, proxy: Proxy | None = None) -> ConnectFailed:
    """Map what the operating system or OpenSSL says to an outcome: the one table of this protocol."""
    if proxy is not None and not isinstance(error, ssl.SSLError):
        return _of_proxy(connect_failure(error, proxy.origin), proxy)
    text = f"{origin}: {error}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectFailed(_CERTIFICATE_ERRORS.get(error.verify_code, Outcome.TLS), text)
    if isinstance(error, ssl.SSLError):
        version = getattr(error, "reason", None) in _VERSION_REASONS
        return ConnectFailed(Outcome.TLS_VERSION if version else Outcome.TLS, text)
    if isinstance(error, FileNotFoundError | BlockingIOError):
        what = "there is no such socket" if isinstance(error, FileNotFoundError) else "the queue of the socket is full"
        return ConnectFailed(Outcome.SOCKET, f"{origin}: {what}", errno.errorcode.get(error.errno or 0, ""))
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
