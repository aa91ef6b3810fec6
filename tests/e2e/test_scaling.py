"""`loadkit capacity --users` on real processes: a target that serves one request after another."""

import json
import signal
from pathlib import Path

import jsonschema
import pytest

from tests.support.command import ROOT, Result, finish, loadkit, scenario, start, write_yaml
from tests.support.queue_server import queue_server

SERVICE_MS = 10
LIMIT = "http.response_time.p95 < 15ms"


def file(directory: Path, target: str) -> Path:
    data = scenario(
        target, [{"duration": 1, "arrivalRate": 1}], [{"get": "/"}], thresholds=[LIMIT], outputs=["statsd:127.0.0.1:9"]
    )
    return write_yaml(directory, data)


def read(directory: Path) -> dict:
    data = json.loads((directory / "found.json").read_text())
    jsonschema.validate(data, json.loads((ROOT / "schemas" / "scalability.schema.json").read_text()))
    return data


def test_too_few_steps_are_a_table_without_a_law(tmp_path: Path) -> None:
    with queue_server(SERVICE_MS) as url:
        found = loadkit(
            "capacity",
            file(tmp_path, url),
            "--users",
            "3,1",
            "--trial",
            "2s",
            "--settle",
            "1s",
            "-o",
            tmp_path / "found.json",
        )
    data = read(tmp_path)
    assert (found.code, data["exit_code"], data["trusted"], data["peak"]["status"]) == (5, 5, False, "unknown")
    assert [step["users"] for step in data["steps"]] == [1, 3]
    assert 0.3 < data["steps"][1]["rate"] / (1000 / SERVICE_MS) < 1.15  # less where this machine is busy
    assert data["steps"][1]["missed"] == [LIMIT]  # three users wait for two others each
    assert found.out.strip().startswith("no scalability law: see below why")
    assert "! 3 users: misses http.response_time.p95 < 15ms" in found.out
    assert (
        "not to be relied on: the law needs at least 6 different numbers of users that can be used, has 2" in found.out
    )
    assert "steps of 1, 3 users, 2s each after 1s to settle: 9s in all" in found.err
    assert "note: outputs (statsd) are told nothing of these trials, only of `loadkit run`" in found.err


def test_an_interrupt_tells_the_steps_that_were_made(tmp_path: Path) -> None:
    with queue_server(SERVICE_MS) as url:
        process = start(
            "capacity",
            file(tmp_path, url),
            "--users",
            "1,2,3",
            "--trial",
            "2s",
            "--settle",
            "0s",
            "-o",
            tmp_path / "found.json",
        )
        assert process.stderr is not None
        while "1 user:" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        found = finish(process)
    data = read(tmp_path)
    assert (found.code, data["signal"], [step["users"] for step in data["steps"]]) == (130, "SIGINT", [1])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--users", "many"],
            "--users many is no list of numbers of users; write --users 1,2,4,8,16,32 or --users auto",
        ),
        (["--users", "0,4"], "--users 0,4 is no list of numbers of users"),
        (["--users", "1,2", "--trial", "1s"], "--trial 1s is too short"),
        (
            ["--users", "1,2", "--max-rate", "50"],
            "2 users of test make as many requests as the target answers, and only 50/s",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_load(tmp_path: Path, options: list[str], said: str) -> None:
    found: Result = loadkit("capacity", file(tmp_path, "http://127.0.0.1:9"), *options)
    assert found.code == 2
    assert said in found.err
