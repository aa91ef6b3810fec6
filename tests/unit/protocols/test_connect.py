"""Connecting: names, addresses, TLS, deadlines, and what operating systems say when it fails."""

import asyncio
import errno
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from loadkit.flow.fiber import Fiber
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import Outcome
from loadkit.protocols.address import Origin
from loadkit.protocols.connect import ConnectFailed, Connector, connect_failure
from loadkit.workload.count import Count
from tests.support.engine import Ran, S, on_loop, run_flow
from tests.support.raw_server import Peer, raw_server, response

GET = [{"get": {"url": "/x"}}]
OK = response(b"hello")


async def echo(peer: Peer) -> None:
    while await peer.request():
        await peer.send(OK)


class Authority:
    """A certificate authority of this test, with servers."""

    def __init__(self, directory: Path) -> None:
        self._ca = trustme.CA()
        self.path = directory / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.path))

    def context(self, name: str = "localhost", *, expired: bool = False) -> ssl.SSLContext:
        from datetime import UTC, datetime, timedelta

        past = datetime.now(UTC) - timedelta(days=1)
        certificate = self._ca.issue_cert(name, not_after=past) if expired else self._ca.issue_cert(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def over_tls(context: ssl.SSLContext, flow: list[Any] = GET, **config: Any) -> Ran:
    async def main() -> Ran:
        async with raw_server(echo, tls=context) as server:
            return await run_flow(flow, f"https://localhost:{server.port}", config=config)

    ran: Ran = on_loop(main())
    return ran


def test_a_trusted_server_is_talked_to_and_its_handshake_is_timed(authority: Authority) -> None:
    ran = over_tls(authority.context(), [*GET, *GET], tls={"ca": str(authority.path)})
    assert (ran.errors, ran.count("http.codes.200"), ran.count("http.connections")) == ({}, 2, 1)
    for part in ("dns", "connect", "tls"):
        assert ran.summary.histogram(f"http.{part}", "/x").total == 1, part


@pytest.mark.parametrize(
    ("trusted", "name", "expired", "error"),
    [
        (False, "localhost", False, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
        (True, "elsewhere.example", False, "ERR_TLS_CERT_ALTNAME_INVALID"),
        (True, "localhost", True, "CERT_HAS_EXPIRED"),
    ],
)
def test_verification_is_on_and_says_what_is_wrong(
    authority: Authority, trusted: bool, name: str, expired: bool, error: str
) -> None:
    tls = {"ca": str(authority.path)} if trusted else {}
    assert over_tls(authority.context(name, expired=expired), tls=tls).errors == {error: 1}


def test_verification_can_be_turned_off(authority: Authority) -> None:
    ran = over_tls(authority.context("elsewhere.example", expired=True), tls={"rejectUnauthorized": False})
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 1)


def test_a_server_that_does_not_speak_tls_is_an_error_of_tls() -> None:
    async def main() -> Ran:
        async def answer(peer: Peer) -> None:
            await peer.reader.read(100)
            await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        async with raw_server(answer) as server:
            return await run_flow(GET, f"https://localhost:{server.port}")

    assert on_loop(main()).errors == {"ERR_TLS": 1}


def test_a_handshake_that_hangs_ends_at_the_connect_timeout() -> None:
    async def main() -> Ran:
        async def silent(peer: Peer) -> None:
            await asyncio.sleep(30)

        async with raw_server(silent) as server:
            target = f"https://localhost:{server.port}"
            return await run_flow(GET, target, config={"http": {"connectTimeout": "200ms"}})

    ran = on_loop(main())
    assert ran.errors == {"ETIMEDOUT_TLS": 1}
    assert 200e6 <= ran.summary.histogram("http.failure_time").min_ns < 3e9


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port that accepts nobody: its queue of connections is full."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        waiting = []
        for _ in range(3):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
            waiting.append(sock)
        yield port
        for sock in waiting:
            sock.close()


def test_a_connection_that_never_comes_about_ends_at_the_connect_timeout(black_hole: int) -> None:
    config = {"http": {"connectTimeout": "200ms", "timeout": 20}}
    ran = on_loop(run_flow(GET, f"http://127.0.0.1:{black_hole}", config=config))
    assert ran.errors == {"ETIMEDOUT_CONNECT": 1}


def test_the_total_timeout_bounds_connecting_too(black_hole: int) -> None:
    config = {"http": {"connectTimeout": 20, "timeout": "200ms"}}
    ran = on_loop(run_flow(GET, f"http://127.0.0.1:{black_hole}", config=config))
    assert sum(ran.errors.values()) == 1
    assert ran.summary.histogram("http.failure_time").max_ns < 3e9


def test_a_name_is_resolved_once_and_its_addresses_are_tried_in_turn() -> None:
    async def main() -> Ran:
        async with raw_server(echo) as server:  # listens on 127.0.0.1 only; localhost may be ::1 as well
            flow = [{"get": {"url": "/x", "headers": {"Connection": "close"}}}] * 3
            return await run_flow(flow, f"http://localhost:{server.port}")

    ran = on_loop(main())
    assert ran.errors == {}
    assert ran.summary.histogram("http.dns").total == 1


ORIGIN = Origin("http", "h", 80)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ConnectionRefusedError(), Outcome.REFUSED),
        (ConnectionResetError(), Outcome.RESET_CONNECT),
        (TimeoutError(), Outcome.CONNECT_TIMEOUT),
        (OSError(errno.EHOSTUNREACH, "x"), Outcome.UNREACHABLE),
        (OSError(errno.ENETUNREACH, "x"), Outcome.UNREACHABLE),
        (OSError(errno.EMFILE, "x"), Outcome.GENERATOR),
        (OSError(errno.EADDRNOTAVAIL, "x"), Outcome.GENERATOR),
        (ssl.SSLError(1, "x"), Outcome.TLS),
        (OSError(errno.EIO, "x"), Outcome.CLOSED),
    ],
)
def test_every_failure_has_an_outcome(error: OSError, outcome: Outcome) -> None:
    failed = connect_failure(error, ORIGIN)
    assert failed.outcome is outcome
    assert str(failed)


def test_an_unresolvable_name_is_dns() -> None:
    async def main() -> None:
        connector, seen = Connector(), []
        ended = asyncio.get_running_loop().create_future()

        async def work() -> None:
            with pytest.raises(ConnectFailed) as caught:
                await connector.open(Origin("http", "nowhere.invalid", 80), Recorder().series("x"), fiber, 10**10)
            seen.append(caught.value.outcome)

        fiber = Fiber(work(), lambda fiber, error: ended.set_result(error))
        fiber.start()
        assert (await ended, seen) == (None, [Outcome.DNS])

    asyncio.run(main())


Answer = list[tuple[int, int, int, str, tuple[str, int]]]


def addresses(port: int, *hosts: str) -> Answer:
    """What getaddrinfo gives for these hosts."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]


def test_one_lookup_serves_all_who_ask_and_survives_who_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    lookups: list[str] = []

    def slow(host: str, port: int, **options: Any) -> Answer:
        lookups.append(host)
        time.sleep(0.3)
        return addresses(port, "127.0.0.1")

    async def main() -> Ran:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        async with raw_server(echo) as server:
            target = f"http://slow.example:{server.port}"
            return await run_flow(GET, target, workload=Count(20, S // 5), config={"http": {"connectTimeout": 5}})

    ran = asyncio.run(main())
    assert (ran.errors, ran.count("http.codes.200"), lookups) == ({}, 20, ["slow.example"])
    assert ran.summary.histogram("http.dns").total == 1


def test_names_that_nobody_answers_for_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def lookup(host: str, port: int, **options: Any) -> Answer:
        if host.startswith("dead"):
            release.wait(30)
        return addresses(port, "127.0.0.1")

    async def main() -> Ran:
        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        async with raw_server(echo) as server:
            flow = [{"get": {"url": f"http://{{{{ kind }}}}{{{{ $loopCount }}}}.example:{server.port}/x"}}]
            loop = [{"loop": flow, "count": "0-1"}]
            dead = [{"get": {"url": f"http://dead{n}.example:{server.port}/x", "timeout": 30}} for n in range(20)]
            config = {"http": {"connectTimeout": 2}}
            away = [
                asyncio.ensure_future(run_flow([step], server.url, config=config, variables={"kind": "dead"}))
                for step in dead
            ]
            ran = await run_flow(
                loop, server.url, config=config, variables={"kind": "live"}, workload=Count(50, S // 5)
            )
            for other in await asyncio.gather(*away):
                assert other.errors == {"ETIMEDOUT_CONNECT": 1}
            return ran

    try:
        ran: Ran = on_loop(main())
    finally:
        release.set()
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 50)


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (socket.EAI_NONAME, "ENOTFOUND"),
        (socket.EAI_NODATA, "ENOTFOUND"),
        (socket.EAI_AGAIN, "EAI_AGAIN"),
        (socket.EAI_FAIL, "EAI_FAIL"),
        (socket.EAI_MEMORY, "EAI_SYSTEM"),
    ],
)
def test_what_the_resolver_says_has_a_name(monkeypatch: pytest.MonkeyPatch, number: int, error: str) -> None:
    lookups: list[str] = []

    def refuse(host: str, port: int, **options: Any) -> Answer:
        lookups.append(host)
        raise socket.gaierror(number, "refused")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    ran = on_loop(run_flow(GET, "http://refused.example", workload=Count(30, S // 5)))
    assert (ran.errors, len(lookups)) == ({error: 30}, 1)  # a dead name is not asked for once per request


def test_the_next_address_is_tried_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def two(host: str, port: int, **options: Any) -> Answer:
        return addresses(port, "127.0.0.2", "127.0.0.1")  # the server listens on 127.0.0.1 only

    async def main() -> Ran:
        monkeypatch.setattr(socket, "getaddrinfo", two)
        async with raw_server(echo) as server:
            return await run_flow(GET, f"http://two.example:{server.port}", config={"http": {"connectTimeout": 2}})

    assert asyncio.run(main()).errors == {}


def test_an_address_that_does_not_answer_costs_its_time_once(monkeypatch: pytest.MonkeyPatch, black_hole: int) -> None:
    def two(host: str, port: int, **options: Any) -> Answer:
        return addresses(port, "127.0.0.1", "127.0.0.2")  # the first one's queue is full

    async def main() -> Ran:
        monkeypatch.setattr(socket, "getaddrinfo", two)
        server = await asyncio.start_server(serve, "127.0.0.2", black_hole)
        async with server:
            flow = [{"get": {"url": "/x", "headers": {"Connection": "close"}}}] * 5
            return await run_flow(flow, f"http://two.example:{black_hole}", config={"http": {"connectTimeout": 1}})

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    ran: Ran = on_loop(main())
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 5)
    assert ran.summary.histogram("http.service_time").count_above(400_000_000) == 1
