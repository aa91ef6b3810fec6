import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from loadkit.cli.main import app


def invoke(*arguments: str):
    return CliRunner().invoke(app, ["init", *arguments])


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("url", "target", "path"),
    [
        ("demo:///products", "demo://", "/products"),
        ("https://shop.example", "https://shop.example", "/"),
        ("shop.example:8080/a?b=1", "http://shop.example:8080", "/a?b=1"),
        ("http://[::1]:8080/x", "http://[::1]:8080", "/x"),
    ],
)
def test_the_first_scenario_is_valid_without_a_warning(url, target, path):
    assert invoke("--url", url, "--rate", "20", "--duration", "90", "--p95", "0.25").exit_code == 0
    made = yaml.safe_load(Path("load.yaml").read_text())
    assert made["config"]["target"] == target
    assert made["scenarios"][0]["flow"] == [{"get": path}]
    assert made["config"]["phases"][1] == {"name": "load", "duration": "1m30s", "arrivalRate": 20}
    assert made["config"]["thresholds"][0] == "http.response_time.p95 < 250ms"
    shown = CliRunner().invoke(app, ["validate", "load.yaml", "--strict"])
    assert shown.exit_code == 0, shown.output


def test_its_commented_part_is_valid_too(monkeypatch):
    monkeypatch.setenv("PASSWORD", "something")
    invoke("--url", "demo://")
    lines = Path("load.yaml").read_text().splitlines()
    Path("load.yaml").write_text("\n".join(line.replace("      # ", "      ", 1) for line in lines))
    assert len(yaml.safe_load(Path("load.yaml").read_text())["scenarios"][0]["flow"]) == 4
    shown = CliRunner().invoke(app, ["validate", "load.yaml", "--strict"])
    assert shown.exit_code == 0, shown.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "there is no terminal to ask on"),
        (["--url", "ftp://x/"], "--url: "),
        (["--url", "http://ann:pw@x/"], "--url: write a plain URL"),
        (["--url", "demo://", "--rate", "0"], "--rate: 0 is not a rate above zero"),
        (["--url", "demo://", "--p95", "soon"], "--p95: 'soon' is not a duration"),
    ],
)
def test_what_cannot_be_is_refused(arguments, words):
    shown = invoke(*arguments)
    assert shown.exit_code == 2
    assert words in shown.output
    assert not Path("load.yaml").exists()


def test_a_file_is_not_replaced_unless_asked_for():
    Path("load.yaml").write_text("mine")
    assert invoke("--url", "demo://").exit_code == 2
    assert Path("load.yaml").read_text() == "mine"
    assert invoke("--url", "demo://", "--force").exit_code == 0


def test_on_a_terminal_it_asks_and_asks_again(here):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "loadkit", "init"], stdin=theirs, stdout=theirs, stderr=theirs, cwd=here,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "NO_COLOR": "1"},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, b"https://shop.example/a\nmany\n7\n\n1s\n")
    shown = _until_closed(ours)
    assert process.wait(30) == 0, shown
    assert "many" in shown
    made = yaml.safe_load((here / "load.yaml").read_text())
    assert made["config"]["phases"][1] == {"name": "load", "duration": "1m", "arrivalRate": 7}
    assert made["config"]["thresholds"][0] == "http.response_time.p95 < 1s"


def _until_closed(descriptor: int) -> str:
    """Return what is written to a terminal until its other side is closed, in 30 seconds at most."""
    text, end = b"", time.monotonic() + 30
    try:
        while time.monotonic() < end and select.select([descriptor], [], [], 1) is not None:
            text += os.read(descriptor, 4096)
    except OSError:  # EIO: nobody holds the other side any more
        pass
    finally:
        os.close(descriptor)
    return text.decode()
