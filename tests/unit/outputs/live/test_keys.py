"""Keys, told from what else comes from a terminal."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import select
import termios
from collections.abc import Iterator
from typing import TextIO

import pytest

from loadkit.outputs.live.keys import Keys, Typed

KNOWN = "prqe?b+-\n"


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"p", "p"),
        (b"qq", "qq"),
        (b"px", "p"),
        (b"pr+", "pr+"),  # typed fast, or over a slow connection
        (b"++++++++-q", "++++++++-q"),
        (b"\n", "\n"),
        (b"q\n", "q"),
        (b"\x00", ""),
        (b"\xc3\xa9", ""),  # a letter that is none of ours
        (b"\x1b", ""),
        (b"\x1b[A", ""),  # cursor up
        (b"\x1bOQ", ""),
        (b"\x1bq", ""),  # with Alt
        (b"\x1b[1;5Cp\x1b[B+", "p+"),  # between others
        (b"quit please", ""),
        (b"per\n", ""),  # a line
        (b"q" * 17, ""),
        (b"\x1b[200~q\x1b[201~", ""),
        (b"p\x1b[200~q\x1b[201~r", "pr"),
        (b"q\x1b[201~r", "r"),  # the rest of a paste whose beginning nobody saw
    ],
)
def test_what_is_typed_is_told_from_what_is_pasted(data: bytes, keys: str) -> None:
    assert Typed(KNOWN).keys(data, 10.0) == keys


def test_what_is_pasted_does_nothing_however_it_is_cut() -> None:
    pasted = b"\x1b[200~" + b"q" * 5000 + b"\x1b[201~"
    for size in (1, 5, 7, 4096):
        typed = Typed(KNOWN)
        parts = [pasted[at : at + size] for at in range(0, len(pasted), size)]
        assert "".join(typed.keys(part, 10.0 + 0.0001 * number) for number, part in enumerate(parts)) == ""
        assert typed.keys(b"p", 10.6) == "p"


def test_what_a_function_key_sends_does_nothing_however_it_is_cut() -> None:
    typed = Typed(KNOWN)
    assert [typed.keys(bytes([byte]), 10.0) for byte in b"\x1b[1;5qp"] == ["", "", "", "", "", "", "p"]
    assert typed.keys(b"\x1b", 20.0) == ""
    assert typed.keys(b"p", 20.6) == "p"  # Escape, and a key some time later


def test_the_end_of_a_paste_without_marks_does_nothing() -> None:
    typed = Typed(KNOWN)
    assert typed.keys(b"x" * 4096, 10.0) == ""
    assert typed.keys(b"q", 10.05) == ""
    assert typed.keys(b"q", 10.2) == ""
    assert typed.keys(b"q", 10.6) == "q"


def test_a_paste_that_never_ends_is_over_some_time() -> None:
    typed = Typed(KNOWN)
    assert typed.keys(b"\x1b[200~qq", 10.0) == ""
    assert typed.keys(b"q", 14.0) == ""
    assert typed.keys(b"p", 20.0) == "p"


@pytest.mark.parametrize("stream", [None, io.StringIO("q")])
def test_what_is_no_terminal_gives_no_keys(stream: io.StringIO | None) -> None:
    echo = io.StringIO()
    keys = Keys(stream, echo, lambda key: None, known=KNOWN, environment={})
    keys.open()
    keys.close()
    assert (keys.open_now, echo.getvalue()) == (False, "")


class Pair:
    """Both ends of a terminal, of which the process is said to be the foreground."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.stream: TextIO = os.fdopen(slave)
        self.before = self.attributes()
        self.pressed: list[str] = []
        self.echo = io.StringIO()

    def keys(self, **environment: str) -> Keys:
        return Keys(self.stream, self.echo, self.pressed.append, known=KNOWN, environment=environment)

    def attributes(self) -> list[object]:
        return termios.tcgetattr(self.stream.fileno())


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(os, "tcgetpgrp", lambda fd: os.getpgrp())
    made = Pair()
    yield made
    made.stream.close()
    if made.master >= 0:
        os.close(made.master)


async def until(pair: Pair, pressed: list[str]) -> None:
    async with asyncio.timeout(5):
        while pair.pressed != pressed:
            await asyncio.sleep(0.005)


def test_keys_come_one_by_one_without_enter_and_the_terminal_is_left_as_it_was(pair: Pair) -> None:
    async def run() -> None:
        keys = pair.keys()
        keys.open()
        keys.open()
        changed = pair.attributes()
        assert changed[3] == pair.before[3] & ~(termios.ECHO | termios.ICANON)  # type: ignore[operator]
        assert changed[:3] == pair.before[:3]
        assert changed[6][termios.VMIN] == 1  # type: ignore[index]  # who is left with 0 reads an end of input
        os.write(pair.master, b"p")
        await until(pair, ["p"])
        keys.close()
        keys.close()
        assert not keys.open_now

    asyncio.run(run())
    assert pair.attributes() == pair.before
    assert pair.echo.getvalue() == "\x1b[?2004h\x1b[?2004l"


def test_what_was_typed_before_keys_are_read_does_nothing(pair: Pair) -> None:
    async def run() -> None:
        os.write(pair.master, b"q\n")
        assert select.select([pair.stream], [], [], 5)[0]  # it has come to the other end
        keys = pair.keys()
        keys.open()
        os.write(pair.master, b"p")
        await until(pair, ["p"])
        keys.close()

    asyncio.run(run())


def test_the_terminal_is_left_as_it_was_when_nobody_closes(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    safety = []
    monkeypatch.setattr("atexit.register", safety.append)

    async def run() -> None:
        pair.keys().open()

    asyncio.run(run())
    assert pair.attributes() != pair.before
    (restore,) = safety
    restore()
    assert pair.attributes() == pair.before


def test_a_terminal_that_goes_away_closes_the_keys(pair: Pair) -> None:
    async def run() -> None:
        keys = pair.keys()
        keys.open()
        os.close(pair.master)
        pair.master = -1
        async with asyncio.timeout(5):
            while keys.open_now:
                await asyncio.sleep(0.005)

    asyncio.run(run())


@pytest.mark.parametrize(("environment", "foreground"), [({"CI": "true"}, True), ({}, False)])
def test_in_ci_and_in_the_background_no_keys_are_taken(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], foreground: bool
) -> None:
    monkeypatch.setattr(os, "tcgetpgrp", lambda fd: os.getpgrp() + (not foreground))

    async def run() -> None:
        keys = pair.keys(**environment)
        keys.open()
        assert not keys.open_now

    asyncio.run(run())
    assert pair.attributes() == pair.before
