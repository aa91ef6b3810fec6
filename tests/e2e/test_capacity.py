"""`loadkit capacity` from the outside: what it refuses, what it answers, and what it knows when it is stopped."""

import json
import signal
import threading
from pathlib import Path

import jsonschema
import pytest

from tests.support.command import ROOT, Result, loadkit, scenario, start, write_yaml

SCHEMA = json.loads((ROOT / "schemas" / "capacity.schema.json").read_text())
GET = [{"get": {"url": "/"}}]
SLO = ("--slo", "http.response_time.p95 < 20s")
SHORT = ("--trial", "5s", "--confirm", "5s", "--settle", "0s")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_yaml(
        tmp_path, scenario("demo://queue?servers=8&service=5ms", [{"duration": 9, "arrivalRate": 40}], GET)
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "--slo"),
        ((*SLO, "--start", "200", "--max", "100"), "--start 200 is above the most"),
        ((*SLO, "--trial", "1s"), "--trial 1s is too short"),
        ((*SLO, "--planned", "0"), "--planned 0"),
        (("--slo", "http.response_time.p99 < fast"), "--slo:1:"),
        ((*SLO, "-t", "demo://queue?servers=4"), "mean time of a service"),
        ((*SLO, "--slo", 'http.error_rate < 1% of "/other"'), "--slo:2:"),
    ],
)
def test_what_means_nothing_is_refused_before_any_load(file: Path, options: tuple[str, ...], words: str) -> None:
    result = loadkit("capacity", file, *options)
    assert result.code == 2, result.err
    assert words in result.err


def test_an_answer_that_cannot_be_written_is_told_before_any_load(file: Path) -> None:
    result = loadkit("capacity", file, *SLO, "-o", "/no/such/directory/answer.json")
    assert result.code == 6
    assert "/no/such/directory" in result.err


def is_busy(result: Result) -> bool:
    """Say whether this machine could not keep the schedule: the command then says that it was the limit."""
    return result.code == 5 and "generator" in result.out


def test_the_most_that_may_be_tried_is_confirmed_and_told_as_a_lower_bound(file: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    options = ("--start", "40", "--max-rate", "40", "--planned", "20", "-o", answer)
    result = loadkit("capacity", file, *SLO, *SHORT, *options, timeout=200)
    data = json.loads(answer.read_text())
    jsonschema.validate(data, SCHEMA)
    if is_busy(result):
        assert data["status"] == "generator limit"
        return
    assert result.code == 0, result.err
    assert (data["status"], data["confirmed"]) == ("at least", True)
    assert data["capacity"] == {"requests_per_s": pytest.approx(40, rel=0.2), "visits_per_s": 40}
    assert data["headroom"] == pytest.approx(1)
    assert data["criteria_from"] == "--slo"
    assert "Capacity: at least" in result.out
    assert "100% headroom" in result.out
    assert result.err.count(" pass ") >= 4


def test_ctrl_c_tells_what_is_known_by_then(file: Path) -> None:
    process = start("capacity", file, *SLO, *SHORT, "--start", "30", "--trial", "8s")
    assert process.stderr is not None
    told = threading.Event()
    lines: list[str] = []

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            if " ramp " in line:
                told.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert told.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        out = process.stdout.read()
        code = process.wait(30)
    finally:
        process.kill()
        reader.join()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
    assert code == 130, lines
    assert "Capacity: " in out
    assert "SIGINT" in out
    if " pass " in "".join(lines):
        assert "at least 30 requests/s" in out
