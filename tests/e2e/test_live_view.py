"""The live view as somebody sees it who sits at a terminal, and what the keys do."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import write_yaml
from tests.support.terminal import STOPPED, Terminal

HOSTILE = "cart \x1b[2J\x1b]0;x\x07 \u202e"
PHASES = [{"name": "warm up", "duration": 1, "arrivalRate": 10}, {"name": "steady", "duration": 60, "arrivalRate": 20}]


def shop(directory: Path) -> Path:
    flow = [
        {"get": {"url": "/products"}},
        {"get": {"url": "/products/1", "name": HOSTILE}},
        {"get": {"url": "http://127.0.0.1:9/", "name": "refused"}},
    ]
    config = {
        "target": "demo://",
        "phases": PHASES,
        "thresholds": ["http.response_time.p50 < 10s", "http.error_rate < 1%", "http.requests > 1000000"],
        "slos": [{"name": "available", "sli": {"availability": True}, "target": "99%", "window": "30d"}],
    }
    return write_yaml(directory, {"config": config, "scenarios": [{"name": "it", "flow": flow}]})


@dataclass
class Watched:
    """What was seen of a run that somebody watched and steered."""

    before: list[Any]
    during: list[Any] = field(default_factory=list)
    stopped: list[Any] = field(default_factory=list)
    after: list[Any] = field(default_factory=list)
    screens: dict[str, str] = field(default_factory=dict)
    colours: set[str] = field(default_factory=set)
    frames: list[float] = field(default_factory=list)
    lasted_s: float = 0.0
    hidden: bool = True
    code: int = -1
    end: str = ""
    report: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    directory = tmp_path_factory.mktemp("watched")
    report = directory / "report.json"
    began = time.monotonic()
    with Terminal("run", shop(directory), "-o", report, "--yes", cwd=directory) as terminal:
        seen = Watched(before=terminal.before)
        terminal.until("slo available", "2 of 2", "ECONNREFUSED", "FAIL")
        seen.screens["usual"] = terminal.text()
        seen.during, seen.colours = terminal.attributes(), terminal.colours()

        terminal.press("?")
        seen.screens["keys"] = terminal.until("p pause  r resume")
        terminal.press("\x1b[200~qqqq\x1b[201~")
        terminal.press("q" * 300)
        time.sleep(0.3)  # what comes right behind a paste belongs to it
        terminal.press("e")
        seen.screens["full"] = terminal.until("    GET refused")
        terminal.press("e")
        terminal.until("slowest", gone="    GET refused")
        terminal.press("p")
        seen.screens["paused"] = terminal.until("PAUSED", "nobody is started")
        terminal.press("r")
        terminal.until("resumed by keyboard", gone="PAUSED")

        terminal.press("\x1a")
        seen.screens["stopped"] = terminal.until(STOPPED, gone="generator")
        seen.stopped = terminal.attributes()
        terminal.press("\n")
        terminal.until("generator", "? less")
        assert terminal.attributes() == seen.during

        terminal.press("+")
        terminal.until("RATE 110%")
        terminal.resize(120, 40)
        seen.screens["large"] = terminal.until("coordinator", "rate x1.1")
        terminal.resize(40, 10)
        seen.screens["small"] = terminal.redrawn()
        terminal.press("q")
        seen.code = terminal.end()
        seen.lasted_s = time.monotonic() - began
        seen.after, seen.end, seen.hidden = terminal.attributes(), terminal.text(), terminal.cursor_hidden()
        seen.frames = terminal.frames()
    seen.report = json.loads(report.read_text())["loadkit"]
    return seen


def test_everything_is_on_one_screen(watched: Watched) -> None:
    lines = watched.screens["usual"].split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith("test against http://127.0.0.1"))
    shown = lines[at:]
    assert len(shown) <= 23
    begins = [line.split(" ")[0] for line in shown]
    for word in ("requests", "p95", "errors", "users", "generator", "thresholds", "budget", "slowest"):
        assert word in begins, watched.screens["usual"]
    assert re.search(r"0:\d\d of 1:01$", shown[0])
    assert "steady (2 of 2)" in shown[1]
    assert "▲" in shown[3]
    assert re.search(r"thresholds \d fails? · 1 holds · 1 open", "\n".join(shown))
    assert re.search(r"FAIL +\d[\d.]*%  http.error_rate < 1%", "\n".join(shown))
    assert {"red", "green"} <= watched.colours
    assert "? keys" in shown


def test_hostile_names_are_shown_and_not_obeyed(watched: Watched) -> None:
    assert r"cart \x1b[2J\x1b]0;x\x07 \u202e" in watched.screens["large"]


def test_errors_are_shown_in_full_on_demand(watched: Watched) -> None:
    assert "    GET refused" in watched.screens["full"]
    assert "    GET refused" not in watched.screens["usual"]


def test_what_the_keys_did_is_in_the_report(watched: Watched) -> None:
    done = watched.report["interventions"]
    assert [(one["kind"], one["by"], one["value"]) for one in done] == [
        ("pause", "keyboard", 0.0),
        ("resume", "keyboard", 1.0),
        ("pause", "keyboard", 0.0),  # while it was stopped
        ("resume", "keyboard", 1.0),
        ("rate", "keyboard", 1.1),
        ("stop", "keyboard", 1.1),
    ]
    assert watched.report["metrics"]["counters"]["arrivals.withheld"] > 0
    assert "nobody is started meanwhile; `fg` resumes" in watched.screens["stopped"]


def test_a_resized_terminal_shows_the_view_once_and_whole(watched: Watched) -> None:
    for name, columns, rows in (("large", 120, 40), ("small", 40, 10)):
        lines = watched.screens[name].split("\n")
        assert sum(line.startswith("generator") for line in lines) == 1
        assert len(lines) <= rows
        assert all(len(line) <= columns for line in lines)
    assert "test.yaml:" in watched.screens["large"]
    assert re.search(r"changed +rate x1.1 at .* by keyboard\n +paused .* by keyboard", watched.screens["large"])
    assert "thresholds" in watched.screens["small"]
    assert "slowest" not in watched.screens["small"]


def test_there_were_at_most_four_frames_a_second(watched: Watched) -> None:
    times = watched.frames
    assert len(times) >= watched.lasted_s / 3
    assert not [first for first, tenth in zip(times, times[9:], strict=False) if tenth - first < 1.5]


def test_the_terminal_is_as_it_was(watched: Watched) -> None:
    assert watched.during != watched.before
    assert watched.stopped == watched.before
    assert watched.after == watched.before
    assert not watched.hidden
    assert "slowest" not in watched.end


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGQUIT, 128 + signal.SIGQUIT)])
def test_signals_leave_the_terminal_as_it_was(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with Terminal("run", shop(tmp_path), "--yes", cwd=tmp_path, environment={"NO_COLOR": "1"}) as terminal:
        terminal.until("? keys")
        assert terminal.attributes() != terminal.before
        assert not terminal.colours()
        os.kill(terminal.job(), number)
        assert terminal.end() == code
        assert terminal.attributes() == terminal.before
        assert not terminal.cursor_hidden()
        assert not re.search(rb"\x1b\[[0-9;]*m", terminal.written)


def test_a_lost_worker_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with Terminal("run", shop(tmp_path), "--yes", cwd=tmp_path, columns=100, rows=30) as terminal:
        terminal.until("? keys")
        os.kill(terminal.worker(), signal.SIGKILL)
        assert terminal.end() == 5
        assert "INVALID" in terminal.text()
        assert terminal.attributes() == terminal.before


def test_without_somebody_at_the_keys_there_is_a_view_all_the_same(tmp_path: Path) -> None:
    with Terminal("run", shop(tmp_path), "--yes", cwd=tmp_path, redirected="</dev/null") as terminal:
        text = terminal.until("generator", "slowest")
        assert "keys" not in text
        assert terminal.attributes() == terminal.before
        terminal.press("q")  # nobody reads it
        terminal.until("0:03")
        terminal.press("\x03")
        assert terminal.end() == 130


def test_a_run_that_is_held_is_begun_at_the_terminal(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ("--hold", "-o", report, "--yes")
    with Terminal("run", shop(tmp_path), *options, cwd=tmp_path) as terminal:
        terminal.until("HELD", "load waits: b or Enter begins")
        terminal.press("?")
        terminal.until("b or Enter begin  q end without load")
        terminal.press("\n")
        terminal.until("generator", gone="HELD")
        terminal.press("q")
        terminal.end()
    done = json.loads(report.read_text())["loadkit"]["interventions"]
    assert [(one["kind"], one["by"]) for one in done] == [("begin", "keyboard"), ("stop", "keyboard")]
