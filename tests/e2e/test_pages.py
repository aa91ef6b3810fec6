"""`loadkit ui` and `loadkit view` as processes: the URL, what stands behind it, and how they end."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from loadkit.report.history import open_store
from tests.support.command import finish, loadkit, start
from tests.support.histories import run_id, run_report
from tests.support.pages import ask


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a history of two runs, and one's report as a file."""
    made = tmp_path_factory.mktemp("place")
    with open_store(f"sqlite:///{made}/.loadkit/history.db") as store:
        for number in range(2):
            store.add(run_report(number))
    (made / "kept.json").write_bytes(msgspec.json.encode(run_report(7)))
    return made


@contextmanager
def serving(place: Path, *arguments: object) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = start(*arguments, cwd=place, store=True, environment={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found, (line, process.stderr.read() if process.stderr and process.poll() is not None else "")
        yield found[0], process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_the_ui_serves_the_history_until_it_is_interrupted(place: Path) -> None:
    with serving(place, "ui") as (url, process):
        assert run_id(1) in ask(url).text
        assert ask(url, host="evil.example").status == 421
        process.send_signal(signal.SIGINT)
        ended = finish(process, timeout=20)
        assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(
    ("run", "shown"), [("latest", run_id(1)), (run_id(0)[:8], run_id(0)), ("kept.json", run_id(7))]
)
def test_a_run_is_viewed_by_any_of_its_names(place: Path, run: str, shown: str) -> None:
    with serving(place, "view", run, "--no-open", "--port", 0) as (url, process):
        assert json.loads(ask(url, "/api/run").body)["run"] == shown
        assert json.loads(ask(url, "/report.json").body)["loadkit"]["run"] == shown
        process.send_signal(signal.SIGTERM)
        assert finish(process, timeout=20).code == 0


def test_what_cannot_be_viewed_is_said_before_anything_is_served(place: Path) -> None:
    (place / "other.json").write_text("{}")
    for run, words in (("nothing", "there is no run nothing"), ("other.json", "is not a report of loadkit")):
        ended = loadkit("view", run, cwd=place)
        assert (ended.code, words in ended.err) == (2, True), ended.err


def test_a_port_that_is_taken_is_said(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = loadkit("ui", "--port", port, cwd=place)
    assert ended.code == 6
    assert f"--port: port {port} is taken" in ended.err
