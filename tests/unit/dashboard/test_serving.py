import asyncio
import os
import socket
import threading
import time

import pytest
from aiohttp import web

from loadkit.dashboard.address import Address
from loadkit.dashboard.guard import Guard
from loadkit.dashboard.serving import Serving
from loadkit.errors import PreflightError
from tests.support.pages import ask


def application(address: Address) -> web.Application:
    app = Guard(address, "token").application()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begun\n")
        await asyncio.Event().wait()
        return response

    async def which(request: web.Request) -> web.Response:
        return web.Response(text=threading.current_thread().name)

    app.router.add_get("/endless", endless)
    app.router.add_get("/", which)
    return app


def test_it_serves_in_a_thread_of_its_own_on_a_free_port() -> None:
    address = Address(port=0)
    server = Serving(application(address), address)
    try:
        url = server.start()
        assert url == f"http://127.0.0.1:{server.port}/"
        assert ask(url).text == "serving"
    finally:
        server.close()


def test_what_is_called_happens_on_its_loop_and_nothing_happens_after_its_end() -> None:
    address = Address(port=0)
    server = Serving(application(address), address)
    server.start()
    done = threading.Event()
    where: list[str] = []
    server.call(lambda: (where.append(threading.current_thread().name), done.set()))
    assert done.wait(10)
    assert where == ["serving"]
    server.close()
    server.close()
    server.call(where.append, "later")
    assert where == ["serving"]


def test_it_ends_although_somebody_still_reads() -> None:
    address = Address(port=0)
    server = Serving(application(address), address)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as reader:
        reader.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        got = b""
        while b"begun" not in got:
            got += reader.recv(4096)
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < 20
        assert not [thread for thread in threading.enumerate() if thread.name == "serving" and thread.is_alive()]
        while reader.recv(4096):
            pass  # the connection is closed, so this comes to an end
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=30)


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET / HTTP/1.1\r\nCookie: " + b"a" * 9000]
)
def test_what_is_not_http_is_refused_and_nothing_is_printed(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    address = Address(port=0)
    server = Serving(application(address), address)
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(sent)
            assert client.recv(4096).startswith(b"HTTP/1.0 400 ")
    finally:
        server.close()
    assert not caplog.records


def test_one_connection_too_many_is_closed_and_there_is_room_again_when_others_have_gone() -> None:
    address = Address(port=0)
    server = Serving(application(address), address, most=2)
    url = server.start()
    try:
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=30) as first,
            socket.create_connection(("127.0.0.1", server.port), timeout=30) as second,
        ):
            for one in (first, second):
                one.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert one.recv(4096).startswith(b"HTTP/1.1 200 ")
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as third:
                assert third.recv(4096) == b""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                assert ask(url).status == 200
                return
            except OSError:  # those that went may still be counted
                time.sleep(0.01)
        raise AssertionError("there is no room again")
    finally:
        server.close()


def test_a_port_that_is_taken_is_said_with_who_has_it_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address(port=taken.getsockname()[1])
        with pytest.raises(PreflightError) as raised:
            Serving(application(address), address).start()
    said = str(raised.value)
    assert f"port {address.port} is taken" in said
    assert f"(process {os.getpid()})" in said
    assert "choose another one, or 0" in said


def test_an_address_of_another_machine_is_said() -> None:
    address = Address(host="192.0.2.1", port=0)
    with pytest.raises(PreflightError, match=r"192\.0\.2\.1 is not an address of this machine"):
        Serving(application(address), address, "--port").start()


def test_localhost_listens_on_this_machine() -> None:
    address = Address(host="localhost", port=0)
    server = Serving(application(address), address)
    try:
        assert ask(server.start().replace("localhost", "127.0.0.1"), host=f"localhost:{server.port}").status == 200
    finally:
        server.close()
