"""Unix sockets, addresses that the file says, and where connections come from."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from loadkit.hosts import Fence
from loadkit.protocols.address import Origin
from loadkit.protocols.network import Network, network_of
from tests.support.engine import Ran, build_for, on_loop, run_flow
from tests.support.raw_server import Peer, raw_server, response

GET = [{"get": {"url": "/x?y=1"}}]


def reported(http: dict[str, Any]) -> list[str]:
    build = build_for({"target": "http://shop.example", "http": http})
    network_of(build)
    return [f"{found.code} {found.message}" for found in build.diagnostics]


@pytest.mark.parametrize(
    ("http", "said"),
    [
        ({"resolve": {"shop.example": "127.0.0.1", "b.example:443": ["::1", "[::2]"]}}, []),
        ({"resolve": {"shop.example": "localhost"}}, ["LK218 'localhost' is no address"]),
        ({"resolve": {"shop.example": ["10.0.0.1", "10.0.0.256"]}}, ["LK218 '10.0.0.256' is no address"]),
        ({"resolve": {"http://shop.example": "10.0.0.1"}}, ["LK218 'http://shop.example' is no host"]),
        ({"resolve": {"shop.example:0": "10.0.0.1"}}, ["LK218 'shop.example:0' is no host"]),
        ({"localAddresses": ["127.0.0.2", "eth0"]}, ["LK218 'eth0' is no address"]),
        ({"unixSocket": "s" * 200}, ["LK218 the path of a Unix socket has at most 107 bytes, this one has 200"]),
    ],
)
def test_what_is_no_address_is_reported(http: dict[str, Any], said: list[str]) -> None:
    assert reported(http) == said


def test_ways_are_noted() -> None:
    http = {"resolve": {"shop.example": ["10.0.0.1", "10.0.0.2"]}, "localAddresses": ["127.0.0.2", "127.0.0.3"]}
    build = build_for({"target": "http://shop.example", "http": http})
    build.steps(GET, ("scenarios", 0, "flow"))
    assert list(build.ways) == [
        "http://shop.example is taken to be at 10.0.0.1, 10.0.0.2, said by config.http.resolve",
        "connections come from 2 addresses, said by config.http.localAddresses",
    ]


# ------------------------------------------------------------------------------------------------------ Unix sockets


def over_socket(flow: list[Any], directory: Path, target: str, **http: Any) -> tuple[Ran, list[bytes]]:
    """Run a flow against a server on a Unix socket; {socket} in the target and in `http` stands for its path."""
    path, seen = directory / "s.sock", []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(0, reader, writer)
        while request := await peer.request():
            seen.append(request)
            answer = response(b"", "302 Found", "Location: /to") if b" /from" in request else response(b"hello")
            await peer.send(answer)
        writer.close()

    async def main() -> Ran:
        server = await asyncio.start_unix_server(echo, path)
        try:
            config = {"http": {key: str(value).format(socket=path) for key, value in http.items()}}
            return await run_flow(flow, target.format(socket=path), config=config)
        finally:
            server.close()

    ran: Ran = on_loop(main())
    return ran, seen


@pytest.mark.parametrize("target", ["http://unix:{socket}", "http://unix:{socket}:", "http://unix:{socket}:/"])
def test_a_target_may_be_a_unix_socket(tmp_path: Path, target: str) -> None:
    ran, seen = over_socket([*GET, *GET, {"get": {"url": "/from"}}], tmp_path, target)
    assert (ran.errors, ran.count("http.codes.200"), ran.count("http.connections")) == ({}, 3, 1)
    paths = [head.split(b" ")[1] for head in seen]
    assert paths == [b"/x?y=1", b"/x?y=1", b"/from", b"/to"]
    assert all(b"\r\nHost: localhost\r\n" in head for head in seen)
    assert ran.summary.histogram("http.connect", "/x").total == 1


def test_paths_of_requests_go_below_that_of_the_target(tmp_path: Path) -> None:
    _, seen = over_socket(GET, tmp_path, "http://unix:{socket}:/v1")
    assert seen[0].startswith(b"GET /v1/x?y=1 HTTP/1.1\r\n")


def test_a_request_may_name_a_socket_itself(tmp_path: Path) -> None:
    url = f"http://unix:{tmp_path}/s.sock:/q?z"
    ran, seen = over_socket([{"get": {"url": url}}], tmp_path, "http://127.0.0.1:1")
    assert (ran.errors, seen[0].split(b" ")[1]) == ({}, b"/q?z")


def test_every_request_goes_to_the_socket_that_is_said(tmp_path: Path) -> None:
    flow = [*GET, {"get": {"url": "http://other.example:81/o"}}]
    ran, seen = over_socket(flow, tmp_path, "http://shop.example", unixSocket="{socket}")
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 2)
    assert [head.split(b"\r\n")[1] for head in seen] == [b"Host: shop.example", b"Host: other.example:81"]


def test_a_redirect_leads_to_no_socket() -> None:
    async def main() -> Ran:
        async def elsewhere(peer: Peer) -> None:
            while await peer.request():
                await peer.send(response(b"", "302 Found", "Location: http://unix:/run/docker.sock:/info"))

        async with raw_server(elsewhere) as server:
            return await run_flow(GET, server.url)

    ran = on_loop(main())
    assert ran.errors == {"ERR_PROTOCOL": 1}
    assert "does not lead to a Unix socket" in str(ran.summary.examples)


def test_troubles_with_sockets_have_names(tmp_path: Path) -> None:
    assert on_loop(run_flow(GET, f"http://unix:{tmp_path}/none.sock")).errors == {"ENOENT": 1}
    path = tmp_path / "deaf.sock"
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(path))
        assert on_loop(run_flow(GET, f"http://unix:{path}")).errors == {"ECONNREFUSED": 1}
        deaf.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(path))
            assert on_loop(run_flow(GET, f"http://unix:{path}")).errors == {"EAGAIN": 1}


# ------------------------------------------------------------------------------------------------------- http.resolve


def test_addresses_that_are_said_are_taken_in_turn_and_the_host_stays(tmp_path: Path) -> None:
    """A server on one port of several loopback addresses: each connection begins with the next address."""
    seen: list[tuple[str, bytes]] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(0, reader, writer)
        while request := await peer.request():
            seen.append((writer.get_extra_info("sockname")[0], request.split(b"\r\n")[1]))
            await peer.send(response(b"x", "200 OK", "Connection: close"))
            break
        writer.close()

    async def main() -> Ran:
        server = await asyncio.start_server(echo, "0.0.0.0", 0)
        port = server.sockets[0].getsockname()[1]
        said = {"shop.example": ["127.0.0.2", "127.0.0.3"], f"SHOP.example:{port + 1}": "127.0.0.4"}
        flow = [*GET * 4, {"get": {"url": f"http://other.example:{port}/"}}]
        try:
            http = {"resolve": {**said, f"other.example:{port}": "127.0.0.5"}}
            return await run_flow(flow, f"http://shop.example:{port}", config={"http": http})
        finally:
            server.close()

    ran = on_loop(main())
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 5)
    assert [address for address, _ in seen] == ["127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3", "127.0.0.5"]
    assert seen[0][1].startswith(b"Host: shop.example:")
    assert ran.summary.histogram("http.dns").total == 0


def test_an_address_that_refuses_gives_way_to_the_next() -> None:
    async def main() -> Ran:
        async def echo(peer: Peer) -> None:
            while await peer.request():
                await peer.send(response(b"x"))

        async with raw_server(echo) as server:  # on 127.0.0.1 only
            http = {"resolve": {"shop.example": ["127.0.0.9", "127.0.0.1"]}}
            return await run_flow(GET, f"http://shop.example:{server.port}", config={"http": http})

    ran = on_loop(main())
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 1)


def test_addresses_by_port_come_before_those_of_every_port() -> None:
    one, two = (socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2")
    network = Network(resolve={("a", 0): [one], ("a", 443): [two]})
    assert (network.addresses_of("A.", 443), network.addresses_of("a", 80), network.addresses_of("b", 80)) == (
        [two],
        [one],
        None,
    )


# ----------------------------------------------------------------------------------------------------- localAddresses


def from_addresses(*addresses: str, connections: int = 4) -> tuple[Ran, list[str]]:
    came: list[str] = []

    async def echo(peer: Peer) -> None:
        came.append(peer.writer.get_extra_info("peername")[0])
        await peer.request()
        await peer.send(response(b"x", "200 OK", "Connection: close"))

    async def main() -> Ran:
        async with raw_server(echo) as server:
            return await run_flow(GET * connections, server.url, config={"http": {"localAddresses": list(addresses)}})

    ran: Ran = on_loop(main())
    return ran, came


def test_connections_come_from_the_source_addresses_in_turn() -> None:
    ran, came = from_addresses("127.0.0.2", "127.0.0.3", "::1")
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 4)
    assert came == ["127.0.0.2", "127.0.0.3"] * 2


@pytest.mark.parametrize("address", ["::1", "203.0.113.7"], ids=["of the other family", "of another machine"])
def test_a_source_that_cannot_be_is_the_generators_fault(address: str) -> None:
    ran, came = from_addresses(address, connections=1)
    assert (ran.errors, came) == ({"ERR_GENERATOR": 1}, [])


def test_a_source_address_has_all_ports_to_each_target() -> None:
    """Without IP_BIND_ADDRESS_NO_PORT a port would be taken for all targets; two sockets share one here."""
    from loadkit.protocols.connect import Connector

    with socket.create_server(("127.0.0.1", 0)) as first:
        connector = Connector(Network(local_addresses=[(int(socket.AF_INET), "127.0.0.2")]))
        with socket.socket() as sock:
            connector._bind(sock)
            assert sock.getsockname() == ("127.0.0.2", 0)  # no port yet
            sock.connect(first.getsockname())
            assert sock.getsockname()[0] == "127.0.0.2"


def test_a_socket_is_this_machine_to_the_list_of_allowed_hosts() -> None:
    origin = Origin("http", "unix:/run/shop.sock", 0)
    assert (origin.place, str(origin), origin.authority) == ("localhost", "http://unix:/run/shop.sock:", "localhost")
    assert Fence([["localhost"]]).allows_unseen(origin.place)
    assert not Fence([["shop.example"]]).allows_unseen(origin.place)
