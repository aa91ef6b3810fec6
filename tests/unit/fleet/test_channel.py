"""Frames between coordinator and worker."""

import asyncio
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.fleet.channel import Channel


def talk(write: Any) -> Any:
    """Let `write` use one end's channel (and socket); return what the other end receives until the end."""

    async def main() -> list[Any]:
        mine, theirs = socket.socketpair()
        here, there = await Channel.open(mine), await Channel.open(theirs)
        await write(here, mine)
        await here.close()
        received = []
        try:
            while (message := await there.receive()) is not None:
                received.append(message)
        finally:
            await there.close()
        return received

    return asyncio.run(main())


def test_messages_arrive_whole_and_in_order() -> None:
    async def write(channel: Channel, sock: socket.socket) -> None:
        channel.send("first", number=1, data=b"\0" * 200_000)
        channel.send("second", nested=[["a", {"b": None}]])

    assert talk(write) == [
        ("first", {"number": 1, "data": b"\0" * 200_000}),
        ("second", {"nested": [["a", {"b": None}]]}),
    ]


def test_a_message_that_is_cut_off_is_the_end() -> None:
    async def write(channel: Channel, sock: socket.socket) -> None:
        channel._writer.write(b"\0\0\0\xff123")

    assert talk(write) == []


def test_a_size_beyond_reason_is_refused() -> None:
    async def write(channel: Channel, sock: socket.socket) -> None:
        channel._writer.write(b"\xff\xff\xff\xff")

    with pytest.raises(ValueError, match="message of"):
        talk(write)


@given(st.binary(max_size=40))
def test_what_is_not_a_message_is_refused(data: bytes) -> None:
    async def write(channel: Channel, sock: socket.socket) -> None:
        channel._writer.write(len(data).to_bytes(4, "big") + data)

    try:
        received = talk(write)
    except ValueError:
        return
    assert all(isinstance(kind, str) and isinstance(fields, dict) for kind, fields in received)
