"""Proxies: which hosts go through which, what is written to them, and what comes of those that refuse."""

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from loadkit.protocols.address import split_url
from loadkit.protocols.proxy import PastProxies, ProxyFault, proxy_passwords, read_proxies, read_proxy
from tests.support.engine import Ran, build_for, on_loop, run_flow
from tests.support.proxy_server import ProxyServer, proxy_server
from tests.support.raw_server import Peer, RawServer, raw_server, response
from tests.unit.protocols.test_connect import Authority

GET = [{"get": {"url": "/x?y=1"}}]
BASIC = b"Basic YW5uOnNlY3JldC8x"  # ann:secret/1


@pytest.mark.parametrize(
    ("given", "host", "past"),
    [
        ("*", "shop.example.com", True),
        ("", "shop.example.com", False),
        ("example.com", "example.com", True),
        ("example.com", "www.example.com", True),
        ("example.com", "notexample.com", False),
        (".example.com", "example.com", True),
        ("example.com.", "example.com", True),
        ("Example.COM", "shop.EXAMPLE.com.", True),
        ("a.example, b.example", "b.example", True),
        ("a.example b.example", "b.example", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("10.0.0.0/8", "10.200.3.4", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.1", "10.0.0.11", False),
        ("::1", "::1", True),
        ("[::1]", "::1", True),
        ("localhost", "127.0.0.1", False),
    ],
)
def test_hosts_past_the_proxy_are_read_as_curl_reads_them(given: str, host: str, past: bool) -> None:
    assert PastProxies([given]).holds(host) is past


@pytest.mark.parametrize(
    ("given", "environment", "as_artillery", "http", "https"),
    [
        (None, {}, False, None, None),
        (None, {"HTTP_PROXY": "http://a:1"}, False, "http://a:1", "http://a:1"),
        (None, {"http_proxy": "a:1"}, False, "http://a:1", "http://a:1"),
        (None, {"HTTPS_PROXY": "http://b:2"}, False, None, "http://b:2"),
        (None, {"HTTP_PROXY": "http://a:1", "https_proxy": "http://b:2"}, False, "http://a:1", "http://b:2"),
        (None, {"HTTP_PROXY": "http://a:1", "http_proxy": "http://b:2"}, False, "http://a:1", "http://a:1"),
        (None, {"HTTP_PROXY": "http://a:1", "NO_PROXY": "shop.example"}, False, None, None),
        (None, {"HTTP_PROXY": "http://a:1", "no_proxy": "*"}, False, None, None),
        (None, {"HTTP_PROXY": "http://a:1", "NO_PROXY": "*"}, True, "http://a:1", "http://a:1"),
        (None, {"http_proxy": "http://a:1"}, True, None, None),
        ("http://c:3", {"HTTP_PROXY": "http://a:1", "NO_PROXY": "*"}, False, "http://c:3", "http://c:3"),
        ({"https": "http://c:3"}, {"HTTP_PROXY": "http://a:1"}, False, None, "http://c:3"),
        ({"http": "http://c", "no": ["example"]}, {}, False, None, None),
        ({"no": "shop.example"}, {"HTTP_PROXY": "http://a:1"}, False, None, None),
        ({"no": "other.example"}, {"HTTP_PROXY": "http://a:1"}, False, "http://a:1", "http://a:1"),
        ("http://[::1]:8", {}, False, "http://[::1]:8", "http://[::1]:8"),
    ],
)
def test_the_configuration_names_proxies_and_else_the_environment(
    given: Any, environment: Mapping[str, str], as_artillery: bool, http: str | None, https: str | None
) -> None:
    proxies = read_proxies(given, environment, as_artillery=as_artillery)
    for scheme, expected in (("http", http), ("https", https)):
        proxy = proxies.of(split_url(f"{scheme}://shop.example/")[0])
        assert (None if proxy is None else str(proxy)) == expected, scheme


@pytest.mark.parametrize("url", ["socks5://a:1", "https://a:1", "http://", "http://a:port", "//", "http://a:99999"])
def test_what_names_no_proxy_is_refused(url: str) -> None:
    with pytest.raises(ProxyFault):
        read_proxy(url, "here")


def test_a_proxy_that_is_none_is_reported_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "ftp://a")
    build = build_for({"target": "http://shop.example"})
    build.steps([*GET, *GET], ("scenarios", 0, "flow"))
    (found,) = build.diagnostics
    assert (found.code, "the environment names a proxy" in found.message) == ("LK218", True)


def test_passwords_of_proxies_are_secrets() -> None:
    given = {"http": "http://ann:p%40ss@proxy:1", "https": "token@proxy"}
    assert proxy_passwords(given, {"https_proxy": "bob:word@b:1"}) == ["p@ss", "token", "word"]
    assert "secret" not in repr(read_proxy("http://ann:secret@proxy", "here"))


def test_ways_are_noted_for_those_who_look_at_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://u:pw@proxy:1")
    build = build_for({"target": "http://shop.example"})
    build.steps([*GET, {"get": {"url": "https://127.0.0.1/"}}], ("scenarios", 0, "flow"))
    assert list(build.ways) == [
        "http://shop.example is reached through the proxy http://proxy:1, said by HTTP_PROXY",
        "https://127.0.0.1 is reached through the proxy http://proxy:1 (a tunnel), said by HTTP_PROXY",
    ]
    build = build_for({"target": "http://shop.example"})
    build.direct = True
    build.steps(GET, ("scenarios", 0, "flow"))
    assert not build.ways


# --------------------------------------------------------------------------------------------------- with a real one


def through(flow: list[Any], asked: bytes = b"", tls: Any = None, **proxy: Any) -> tuple[Ran, ProxyServer, list[bytes]]:
    """Run a flow against an echo behind a proxy; {proxy} and {target} in the flow's URLs stand for their ports."""
    seen: list[bytes] = []

    async def echo(peer: Peer) -> None:
        while request := await peer.request():
            seen.append(request)
            path = request.split(b" ")[1]
            if path == b"/from":
                await peer.send(response(b"", "302 Found", "Location: /to"))
            else:
                await peer.send(response(b"hello"))

    async def main() -> tuple[Ran, ProxyServer, list[bytes]]:
        async with raw_server(echo, tls=tls[0] if tls else None) as server, proxy_server(asked) as found:
            url = f"http://{proxy.pop('user', '')}127.0.0.1:{found.port}"
            config: dict[str, Any] = {"http": {"proxy": {"http": url, **proxy}}}
            if tls:
                config["tls"] = {"ca": str(tls[1])}
            target = f"{'https' if tls else 'http'}://localhost:{server.port}"
            ran = await run_flow(flow, target, config=config, variables={"port": server.port})
            return ran, found, seen

    made: tuple[Ran, ProxyServer, list[bytes]] = on_loop(main())
    return made


def test_an_http_target_is_asked_for_in_absolute_form() -> None:
    flow = [*GET, {"post": {"url": "/p", "body": "b{{ port }}"}}, {"get": {"url": "http://localhost:{{ port }}/v"}}]
    ran, proxy, seen = through([*flow, {"get": {"url": "/from"}}])
    assert (ran.errors, ran.count("http.codes.200"), ran.count("http.redirects")) == ({}, 4, 1)
    port = next(iter({line.split("localhost:")[1].split("/")[0] for line in proxy.lines}))
    paths = ["/x?y=1", "/p", "/v", "/from", "/to"]
    methods = ["GET", "POST", "GET", "GET", "GET"]
    assert proxy.lines == [
        f"{method} http://localhost:{port}{path} HTTP/1.1" for method, path in zip(methods, paths, strict=True)
    ]
    assert [head.split(b" ")[1].decode() for head in seen] == paths
    assert all(f"\r\nHost: localhost:{port}\r\n".encode() in head for head in proxy.heads)
    assert ran.count("http.connections") == 1


def test_a_tunnel_is_made_for_https_and_tls_is_spoken_within(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ran, proxy, seen = through([*GET, *GET], tls=(authority.context(), authority.path))
    assert (ran.errors, ran.count("http.codes.200"), ran.count("http.connections")) == ({}, 2, 1)
    assert len(proxy.lines) == 1
    assert proxy.lines[0].startswith("CONNECT localhost:")
    assert [head.split(b" ")[1] for head in seen] == [b"/x?y=1"] * 2
    for part in ("connect", "tls"):
        assert ran.summary.histogram(f"http.{part}", "/x").total == 1, part
    assert b"Proxy-" not in b"".join(seen)


def test_a_tunnel_for_http_is_made_when_asked_for() -> None:
    ran, proxy, seen = through([*GET, *GET], tunnel=True)
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 2)
    assert [line.split(" ")[0] for line in proxy.lines] == ["CONNECT"]
    assert seen[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")


def test_hosts_past_the_proxy_are_connected_to_directly() -> None:
    ran, proxy, seen = through(GET, no="localhost")
    assert (ran.errors, proxy.lines, len(seen)) == ({}, [], 1)


@pytest.mark.parametrize("tunnel", [False, True])
def test_user_and_password_are_sent_to_the_proxy_and_to_nobody_else(tunnel: bool) -> None:
    ran, proxy, seen = through(GET, BASIC, user="ann:secret%2F1@", tunnel=tunnel)
    assert (ran.errors, ran.count("http.codes.200")) == ({}, 1)
    assert b"Proxy-Authorization: " + BASIC in proxy.heads[0]
    if tunnel:
        assert b"Proxy-Authorization" not in seen[0]


def test_a_proxy_that_asks_for_a_password_is_an_error_of_that_name() -> None:
    for user in ("", "ann:wrong@"):
        ran, _, seen = through(GET, BASIC, user=user, tunnel=True)
        assert (ran.errors, seen) == ({"ERR_PROXY_AUTH_REQUIRED": 1}, [])
    ran, _, _ = through(GET, BASIC)
    assert (ran.errors, ran.count("http.codes.407")) == ({}, 1)  # the proxy's answer to the request itself


def talk(answer: Any, *, tunnel: bool = True, **http: Any) -> Ran:
    """Run one request through a proxy that does whatever `answer` does."""

    async def main() -> Ran:
        async with raw_server(answer) as server:
            proxy = {"http": server.url, "tunnel": tunnel}
            return await run_flow(GET, "http://shop.example", config={"http": {"proxy": proxy, **http}})

    ran: Ran = on_loop(main())
    return ran


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "ERR_TUNNEL_CONNECTION_FAILED"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "ERR_TUNNEL_CONNECTION_FAILED"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "ERR_TUNNEL_CONNECTION_FAILED"),
        (b"HTTP/1.1 200 OK\r\n\r\nmore", "ERR_TUNNEL_CONNECTION_FAILED"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 300_000, "ERR_TUNNEL_CONNECTION_FAILED"),
        (b"", "ERR_TUNNEL_CONNECTION_FAILED"),
    ],
    ids=["forbidden", "bad gateway", "no HTTP", "bytes behind", "endless head", "closed"],
)
def test_a_proxy_that_makes_no_tunnel_is_an_error_of_that_name(said: bytes, error: str) -> None:
    async def answer(peer: Peer) -> None:
        await peer.request()
        await peer.send(said)

    ran = talk(answer)
    assert ran.errors == {error: 1}


def test_a_proxy_that_never_answers_ends_at_the_connect_timeout() -> None:
    async def silent(peer: Peer) -> None:
        await asyncio.Event().wait()

    ran = talk(silent, connectTimeout="200ms")
    assert ran.errors == {"ETIMEDOUT_PROXY": 1}
    assert 200e6 <= ran.summary.histogram("http.failure_time").min_ns < 5e9


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-proxy.invalid"])
@pytest.mark.parametrize("tunnel", [False, True])
def test_a_proxy_that_cannot_be_reached_is_an_error_of_that_name(host: str, tunnel: bool) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        proxy = {"http": f"http://{host}:{closed.getsockname()[1]}", "tunnel": tunnel}
        ran: Ran = on_loop(run_flow(GET, "http://shop.example", config={"http": {"proxy": proxy}}))
    assert ran.errors == {"ERR_PROXY_CONNECTION_FAILED": 1}
    ((_, texts),) = ran.summary.examples.items()
    assert f"http://{host}" in texts[0][1]


def test_connections_of_a_pool_go_through_the_proxy_too() -> None:
    async def main() -> tuple[Ran, ProxyServer]:
        async def echo(peer: Peer) -> None:
            while await peer.request():
                await peer.send(response(b"x"))

        server: RawServer
        async with raw_server(echo) as server, proxy_server() as proxy:
            config = {"http": {"proxy": {"http": proxy.url, "tunnel": True}, "pool": 1}}
            return await run_flow([*GET, *GET, *GET], server.url, config=config), proxy

    ran, proxy = on_loop(main())
    assert (ran.errors, ran.count("http.codes.200"), len(proxy.heads)) == ({}, 3, 1)
