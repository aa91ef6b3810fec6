"""The hub, over real connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web

from loadkit.dashboard.address import Address
from loadkit.dashboard.events import Events
from loadkit.dashboard.guard import Guard


@asynccontextmanager
async def served(events: Events) -> AsyncIterator[tuple[ClientSession, str]]:
    app = Guard(Address(port=0)).application()
    app.router.add_get("/api/events", events.stream)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with ClientSession() as client:
            yield client, f"http://127.0.0.1:{runner.addresses[0][1]}/api/events"
    finally:
        await runner.cleanup()


async def connected(events: Events, number: int) -> None:
    while events.viewers < number:
        await asyncio.sleep(0.001)


async def read_frames(content, until: bytes) -> list[bytes]:  # type: ignore[no-untyped-def]
    data = b""
    async with asyncio.timeout(10):
        while until not in data:
            data += await content.readany()
    return [frame for frame in data.split(b"\n\n") if frame]


def test_viewers_get_what_is_published_after_they_came_in_order():
    async def scenario() -> list[bytes]:
        events = Events()
        async with served(events) as (client, url), client.get(url) as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            await connected(events, 1)
            events.publish("second", b'{"a":1}')
            events.publish("end", b'{"a":2}')
            return await read_frames(response.content, b'"a":2}\n\n')

    hello, *frames = asyncio.run(scenario())
    assert hello.startswith(b"retry:")
    assert [frame.split(b"\n")[1:] for frame in frames] == [
        [b"event: second", b'data: {"a":1}'],
        [b"event: end", b'data: {"a":2}'],
    ]


def test_who_comes_back_gets_what_was_missed():
    async def scenario() -> list[list[bytes]]:
        events, found = Events(kept=3), []
        for number in range(1, 6):
            events.publish("second", b'{"n":%d}' % number)
        events.end()
        async with served(events) as (client, url):
            for last in (
                f"{events.epoch}.3",
                f"{events.epoch}.1",
                "another.5",
                f"{events.epoch}.99",
                f"{events.epoch}.x",
                f"{events.epoch}.{'9' * 5000}",
            ):
                async with client.get(url, headers={"Last-Event-ID": last}) as response:
                    found.append((await response.read()).split(b"\n\n")[1:-1])
            async with client.get(url, params={"after": f"{events.epoch}.4"}) as response:
                found.append((await response.read()).split(b"\n\n")[1:-1])
        return found

    after_three, too_long_ago, other_server, future, nonsense, endless, by_query = asyncio.run(scenario())
    assert [frame.split(b"data: ")[1] for frame in after_three] == [b'{"n":4}', b'{"n":5}']
    assert [frame.split(b"data: ")[1] for frame in by_query] == [b'{"n":5}']
    for frames in (too_long_ago, other_server, future, nonsense, endless):
        assert [b"event: reset" in frame for frame in frames] == [True]


def test_a_slow_viewer_is_let_go_and_the_others_do_not_notice():
    async def scenario() -> tuple[int, int, int]:
        events, big = Events(queue=4), b'{"x":"%b"}' % (b"x" * 1_000_000)
        async with served(events) as (client, url), client.get(url) as quick:
            await connected(events, 1)
            _, slow = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/")[0]), limit=1)
            slow.write(f"GET /api/events HTTP/1.1\r\nHost: {url.split('/')[2]}\r\n\r\n".encode())
            await connected(events, 2)
            got = 0
            for _ in range(40):
                events.publish("second", big)
                while got < len(big):
                    got += len(await quick.content.readany())
                got = 0
            left = events.viewers
            slow.close()
            return events.dropped, left, quick.status

    assert asyncio.run(scenario()) == (1, 1, 200)


def test_one_viewer_too_many_is_told_to_come_back():
    async def scenario() -> tuple[int, str | None, str]:
        events = Events(most=2)
        async with served(events) as (client, url), client.get(url), client.get(url):
            await connected(events, 2)
            async with client.get(url) as third:
                return third.status, third.headers.get("Retry-After"), (await third.json())["error"]

    assert asyncio.run(scenario()) == (503, "5", "2 viewers are watching already.")


def test_a_quiet_connection_shows_that_it_lives():
    async def scenario() -> list[bytes]:
        events = Events(beat_s=0.01)
        async with served(events) as (client, url), client.get(url) as response:
            return await read_frames(response.content, b"event: beat\n")

    assert b"event: beat" in asyncio.run(scenario())[-1]


def test_the_end_is_waited_for_until_everybody_has_it():
    async def scenario() -> bytes:
        events = Events()
        async with served(events) as (client, url), client.get(url) as response:
            await connected(events, 1)
            events.publish("end", b"{}")
            events.end()
            async with asyncio.timeout(10):
                await events.drained()
            return await response.read()

    assert b"event: end" in asyncio.run(scenario())


def test_viewers_that_vanish_at_once_leave_no_trace(caplog: pytest.LogCaptureFixture):
    async def scenario() -> int:
        events = Events()
        async with served(events) as (_, url):
            host = url.split("/")[2]
            for _ in range(200):
                _, writer = await asyncio.open_connection("127.0.0.1", int(host.split(":")[1]))
                writer.write(f"GET /api/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                writer.transport.abort()
            async with asyncio.timeout(10):
                await asyncio.sleep(0.05)
                await events.drained()
        return events.viewers

    assert asyncio.run(scenario()) == 0
    assert caplog.records == []
