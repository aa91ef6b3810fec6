"""The view on a terminal that is none: what is written, and when."""

import asyncio
import io
import os
import pty
import re
import signal
from collections.abc import Iterator
from typing import TextIO

import pyte
import pytest

from loadkit.engine.events import LogLine
from loadkit.outputs.live import frames
from loadkit.outputs.live.screen import LiveView
from tests.support.results import failing_second, interval, phase, plan, second, started

XTERM = {"TERM": "xterm-256color", "COLUMNS": "90", "LINES": "24"}


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def screen(self, columns: int = 90, rows: int = 24) -> list[str]:
        made = pyte.Screen(columns, rows)
        pyte.Stream(made).feed(self.getvalue().replace("\n", "\r\n"))
        return [line.rstrip() for line in made.display]


@pytest.fixture(autouse=True)
def at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "LEAST_S", 0.0)


def view(out: io.StringIO, err: io.StringIO, **environment: str) -> LiveView:
    return LiveView(out, err, environment={**XTERM, **environment})


def test_the_view_is_taken_away_at_the_end_and_log_lines_stay() -> None:
    out, err = io.StringIO(), Terminal()
    screen = view(out, err)
    screen.start(started())
    screen.interval(interval(second(0)))
    for number in range(3):
        screen.log(LogLine(text=f"line {number}", stream="stdout"))
    screen.close()
    screen.close()
    assert out.getvalue() == "line 0\nline 1\nline 2\n"
    shown = err.screen()
    assert shown[0].startswith("loadkit ")
    assert not any(shown[1:])
    assert err.getvalue().count("\x1b[?25h") == 1


def test_log_lines_go_by_above_the_view() -> None:
    terminal = Terminal()
    screen = view(terminal, terminal)
    screen.start(started(plan=plan(phase(name="steady"))))
    for index in range(3):
        screen.interval(interval(second(index)))
        screen.log(LogLine(text=f"bought \x1b[2J{index}", stream="stdout"))
    text = [one for one in terminal.screen() if one]
    assert text[1:4] == [f"bought \\x1b[2J{index}" for index in range(3)]
    assert text[4].startswith("shop against")
    assert sum(one.startswith("shop against") for one in text) == 1


def test_frames_that_differ_in_height_leave_nothing_behind() -> None:
    terminal = Terminal()
    screen = view(io.StringIO(), terminal)
    screen.start(started())
    screen.interval(interval(failing_second(0)))
    screen.interval(interval(second(1)))  # a summary of its own here: no errors
    text = "\n".join(terminal.screen())
    assert "ECONNREFUSED" not in text
    assert text.count("generator") == 1


def test_what_has_not_changed_is_not_written_again() -> None:
    terminal = Terminal()
    screen = view(io.StringIO(), terminal)
    screen.start(started())
    screen.interval(interval(second(0)))
    length = len(terminal.getvalue())
    screen.interval(interval(second(1)))
    assert "0:02 of" in terminal.getvalue()[length:]
    assert "thresholds" not in terminal.getvalue()[length:]
    assert "slowest" not in terminal.getvalue()[length:]


def test_a_line_that_is_wider_than_was_thought_ends_at_the_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terminals do not agree on flags and on what is joined of several characters."""
    monkeypatch.setattr("loadkit.outputs.live.line.width_of", lambda text: len(text.replace("w", "")))
    terminal = Terminal()
    screen = view(io.StringIO(), terminal)
    screen.start(started(plan=plan(phase(name="w" * 200))))
    for index in range(3):
        screen.interval(interval(second(index)))
    shown = terminal.screen()
    assert sum("www" in one for one in shown) == 2  # the state, and the phases
    assert sum(one.startswith("generator") for one in shown) == 1


def test_no_color_draws_without_colour() -> None:
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        terminal = Terminal()
        screen = view(io.StringIO(), terminal, **environment)
        screen.start(started())
        screen.interval(interval(failing_second(0)))
        screen.close()
        assert bool(re.search(r"\x1b\[[0-9;]*m", terminal.getvalue())) is coloured


def test_there_are_at_most_four_frames_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "LEAST_S", 0.25)
    terminal = Terminal()

    async def run() -> float:
        screen = view(io.StringIO(), terminal)
        loop = asyncio.get_running_loop()
        began = loop.time()
        screen.start(started())
        for index in range(200):
            screen.interval(interval(second(index)))
            screen.log(LogLine(text="x", stream="stdout"))
            await asyncio.sleep(0.003)
        screen.close()
        return loop.time() - began

    took_s = asyncio.run(run())
    drawn = len(re.findall("\x1b\\[\\d+A", terminal.getvalue()))
    assert 1 <= drawn <= took_s * 4 + 2  # the first one, and the one that takes it away


def test_a_stream_that_knows_only_ascii_gets_nothing_else() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="backslashreplace")
    screen = view(io.StringIO(), stream)
    screen.start(started(plan=plan(phase(name="日本"), name="größer")))
    screen.interval(interval(second(0)))
    screen.close()
    stream.flush()
    assert b"gr??er against" in raw.getvalue()


def test_a_terminal_that_has_gone_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as gone:
        screen = LiveView(io.StringIO(), gone, environment=XTERM)
        screen.start(started())
        screen.interval(interval(second(0)))
        screen.close()


class Steering:
    """A run that may be steered; `done` is what somebody did to it."""

    def __init__(self, *, must_wait: bool = False) -> None:
        self.rate = 1.0
        self.stops = 0
        self.must_wait = self.held = must_wait
        self.done: list[object] = []

    def begin(self, *, by: str) -> bool:
        self.done.append("begin")
        self.must_wait = self.held = False
        return True

    def pause(self, *, by: str) -> bool:
        self.done.append("pause")
        self.rate = 0.0
        return True

    def resume(self, *, by: str) -> bool:
        self.done.append("resume")
        self.rate = 1.0
        return True

    def set_rate(self, factor: float, *, by: str) -> bool:
        self.done.append(factor)
        self.rate = factor
        return True

    def stop(self, *, by: str) -> bool:
        self.done.append("stop")
        self.stops += 1
        return True


def after_a_signal(number: signal.Signals, **changed: str) -> str:
    """What is written to a terminal because of a signal."""
    terminal, environment = Terminal(), dict(XTERM)

    async def run() -> str:
        screen = LiveView(io.StringIO(), terminal, environment=environment)
        screen.attend(Steering())
        screen.start(started())
        screen.interval(interval(second(0)))
        length = len(terminal.getvalue())
        environment.update(changed)
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            while len(terminal.getvalue()) == length:
                await asyncio.sleep(0.005)
        written = terminal.getvalue()[length:]
        screen.close()
        return written

    before = signal.getsignal(number)
    written = asyncio.run(run())
    assert signal.getsignal(number) == before
    return written


def test_another_size_clears_the_screen_and_begins_at_its_top() -> None:
    written = after_a_signal(signal.SIGWINCH, COLUMNS="40", LINES="10")
    assert written.startswith("\x1b[2J\x1b[H\x1b[?7l\x1b[2K")
    assert written.count("\r\n") == 8


def test_the_same_size_writes_what_stands_there_already_no_second_time() -> None:
    assert re.fullmatch(r"\x1b\[\?7l\r\x1b\[\d+A(\r\n)+\x1b\[\?7h", after_a_signal(signal.SIGWINCH))


def test_a_run_that_goes_on_after_a_stop_is_drawn_anew() -> None:
    assert after_a_signal(signal.SIGCONT).startswith("\x1b[2J\x1b[H\x1b[?7l\x1b[2K")


def test_a_stop_is_said_whoever_asked_for_it() -> None:
    terminal, steering = Terminal(), Steering()

    async def run() -> None:
        screen = view(io.StringIO(), terminal)
        screen.attend(steering)
        screen.start(started())
        screen.interval(interval(second(0)))
        assert "STOPPING" not in "\n".join(terminal.screen())
        steering.stops = 1  # by a signal, say
        screen.interval(interval(second(1)))
        assert "STOPPING" in "\n".join(terminal.screen())
        screen.close()

    asyncio.run(run())


@pytest.mark.parametrize("place", ["Seen.add", "blocks"])
def test_a_fault_of_the_view_costs_the_view_and_not_the_run(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    out, err = io.StringIO(), Terminal()
    screen = view(out, err)
    screen.start(started())
    screen.interval(interval(second(0)))

    def fails(*arguments: object) -> None:
        raise ZeroDivisionError("no \x1b[2J width")

    monkeypatch.setattr(f"loadkit.outputs.live.screen.{place}", fails)
    for index in range(1, 4):
        screen.interval(interval(second(index)))
        screen.log(LogLine(text=f"line {index}", stream="stdout"))
    screen.close()
    assert out.getvalue() == "line 1\nline 2\nline 3\n"
    shown = "\n".join(err.screen(200))
    assert shown.count("warning: the live view is closed by a fault of its own, the run goes on") == 1
    assert r"ZeroDivisionError: no \x1b[2J width" in shown
    assert "generator" not in shown
    assert shown.count("response time p50 25ms") == 3  # the second that it happened in, too
    assert err.getvalue().count("\x1b[?25l") == err.getvalue().count("\x1b[?25h") == 1


class Sitting:
    """Somebody at a terminal of whose jobs this process is said to be the one in the foreground."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.foreground = True
        monkeypatch.setattr(os, "tcgetpgrp", lambda fd: os.getpgrp() + (not self.foreground))
        self.master, slave = pty.openpty()
        self.typed: TextIO = os.fdopen(slave)
        self.shown = Terminal()
        self.shown.fileno = self.typed.fileno  # type: ignore[method-assign]

    def view(self) -> LiveView:
        return LiveView(io.StringIO(), self.shown, typed=self.typed, environment=XTERM)

    async def press(self, keys: str, steering: Steering, done: list[object]) -> None:
        os.write(self.master, keys.encode())
        async with asyncio.timeout(30):
            while steering.done != done:
                await asyncio.sleep(0.005)


@pytest.fixture
def sitting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sitting]:
    made = Sitting(monkeypatch)
    yield made
    made.typed.close()
    os.close(made.master)


@pytest.mark.parametrize(
    ("rate", "keys", "done"),
    [
        (1.0, "p", ["pause"]),
        (1.0, "pr+", ["pause", "resume", 1.1]),
        (1.0, "++-+++qq", [1.4, "stop", "stop"]),
        (1.0, "------------", [0.1]),
        (9.9, "+++q", [10.0, "stop"]),
        (0.05, "-q", ["stop"]),  # somebody at the page went lower than keys do
        (1.0, "b?e+", ["begin", 1.1]),
    ],
)
def test_keys_that_come_together_are_all_obeyed(sitting: Sitting, rate: float, keys: str, done: list[object]) -> None:
    steering = Steering()
    steering.rate = rate

    async def run() -> None:
        screen = sitting.view()
        screen.attend(steering)
        screen.start(started())
        await sitting.press(keys, steering, done)
        screen.close()

    asyncio.run(run())


@pytest.mark.parametrize(("key", "done"), [("b", "begin"), ("\n", "begin"), ("q", "stop")])
def test_a_run_that_is_held_is_begun_or_ended_by_a_key(sitting: Sitting, key: str, done: str) -> None:
    steering = Steering(must_wait=True)

    async def run() -> None:
        screen = sitting.view()
        screen.attend(steering)
        assert "load waits: b or Enter begins" in sitting.shown.getvalue()
        screen.log(LogLine(text="note: ready", stream="stderr"))
        assert "note: ready" in "\n".join(sitting.shown.screen())
        await sitting.press(key, steering, [done])
        if done == "begin":
            screen.start(started())
            text = "\n".join(sitting.shown.screen())
            assert ("starting" in text, "HELD" in text) == (True, False)
        screen.close()

    asyncio.run(run())
    assert sitting.shown.getvalue().count("\x1b[?25l") == sitting.shown.getvalue().count("\x1b[?25h")


def test_a_fault_while_a_run_is_held_leaves_it_plain_text(sitting: Sitting, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        screen = sitting.view()
        monkeypatch.setattr("loadkit.outputs.live.screen.held_blocks", lambda *arguments, **options: 1 // 0)
        screen.attend(Steering(must_wait=True))
        screen.start(started())
        screen.interval(interval(second(0)))
        screen.close()

    asyncio.run(run())
    text = "\n".join(sitting.shown.screen(200))
    assert text.count("closed by a fault of its own") == text.count("response time p50") == 1
    assert "generator" not in text


def test_a_view_that_is_left_behind_takes_away_nothing_that_came_after_it(sitting: Sitting) -> None:
    async def run() -> None:
        screen = sitting.view()
        screen.attend(Steering())
        screen.start(started())
        screen.interval(interval(second(0)))
        sitting.foreground = False  # by SIGSTOP, of which nobody is told, and `bg`
        left = len(sitting.shown.getvalue())
        for index in range(1, 4):
            screen.interval(interval(second(index)))
        screen.close()
        after = sitting.shown.getvalue()[left:]
        assert after.count("response time p50") == 3
        assert after.count("\x1b[?25h") == 1
        assert "\x1b[J" not in after

    asyncio.run(run())


def test_in_the_background_a_run_is_plain_text(sitting: Sitting) -> None:
    async def run() -> None:
        screen = sitting.view()
        sitting.foreground = False
        screen.attend(Steering())
        screen.start(started())
        screen.interval(interval(second(0)))
        assert "\x1b" not in sitting.shown.getvalue()
        assert sitting.shown.getvalue().count("response time p50") == 1
        sitting.foreground = True
        screen.interval(interval(second(1)))
        assert sitting.shown.getvalue().count("response time p50") == 1
        assert "? keys" in "\n".join(sitting.shown.screen())
        screen.close()

    asyncio.run(run())
