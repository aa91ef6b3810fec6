"""Proxies and sockets through the command: what is said, what is written down, and what stays secret."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.test_run import serving
from tests.support.command import ends_with, loadkit, run, scenario, write_yaml
from tests.support.proxy_server import ProxyServer
from tests.support.raw_server import Peer, response

ONCE = [{"duration": 1, "arrivalCount": 2}]
FLOW = [{"get": {"url": "/x"}}]
PASSWORD = "canary-of-a-proxy"


async def hello(peer: Peer) -> None:
    while await peer.request():
        await peer.send(response(b"hello"))


@contextmanager
def proxied() -> Iterator[tuple[str, ProxyServer]]:
    proxy = ProxyServer()
    with serving(proxy.serve) as url:
        yield url, proxy


def test_the_proxy_of_the_environment_is_used_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(hello) as target, proxied() as (url, proxy):
        named = url.replace("://", f"://ann:{PASSWORD}@")
        monkeypatch.setenv("HTTP_PROXY", named)
        data = scenario(target, ONCE, FLOW)
        result = run(tmp_path, data, "--debug")
        way = f"{target} is reached through the proxy {url}, said by HTTP_PROXY"
        assert ends_with(result, 0), result.err
        assert proxy.lines == [f"GET {target}/x HTTP/1.1"] * 2
        assert f"note: {way}\n" in result.err
        assert result.report is not None
        assert result.report["loadkit"]["ways"] == [way]
        foreseen = loadkit("plan", write_yaml(tmp_path, data))
        assert way in foreseen.out
        monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
        direct = run(tmp_path, data)
        assert (direct.report or {})["loadkit"]["ways"] == []
        assert len(proxy.lines) == 2
        for text in (result.out, result.err, str(result.report), foreseen.out, foreseen.err):
            assert PASSWORD not in text


def test_the_demo_is_behind_no_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    result = run(tmp_path, scenario("demo://", ONCE, [{"get": {"url": "/products"}}]))
    assert ends_with(result, 0), result.err
    assert result.counters["http.codes.200"] == 2
    assert "proxy" not in result.err


def test_a_socket_is_a_target(tmp_path: Path) -> None:
    path, started, stop = tmp_path / "shop.sock", threading.Event(), threading.Event()

    async def serve() -> None:
        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await hello(Peer(0, reader, writer))
            writer.close()

        server = await asyncio.start_unix_server(accepted, path)
        started.set()
        await asyncio.to_thread(stop.wait)
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(10)
        result = run(tmp_path, scenario(f"http://unix:{path}", ONCE, FLOW), "--allow-host", "localhost")
        refused = run(tmp_path, scenario(f"http://unix:{path}", ONCE, FLOW), "--allow-host", "shop.example")
    finally:
        stop.set()
        thread.join()
    assert ends_with(result, 0), result.err
    assert result.counters["http.codes.200"] == 2
    assert (refused.code, "LK401" in refused.err) == (2, True)


def test_source_addresses_of_another_machine_end_the_command_before_load(tmp_path: Path) -> None:
    http = {"localAddresses": ["127.0.0.2", "203.0.113.7"]}
    result = run(tmp_path, scenario("http://127.0.0.1:1", ONCE, FLOW, http=http))
    assert result.code == 6
    assert "connections cannot come from 203.0.113.7" in result.err
