"""`loadkit ab` on real processes: two targets of known speed, one that is not there, and a user who has seen enough."""

import json
import re
import signal
from pathlib import Path

import jsonschema
import pytest
from junitparser import JUnitXml

from tests.support.command import ROOT, finish, loadkit, scenario, start, write_yaml
from tests.support.steady_server import steady_server

GET = [{"get": {"url": "/", "name": "home"}}]
PHASES = [
    {"duration": 5, "arrivalRate": 1, "warmup": True},
    {"name": "hold", "duration": 30, "arrivalRate": 40},
    {"duration": 9, "arrivalRate": 5},
]
NOWHERE = "http://127.0.0.1:9"


@pytest.mark.alone
def test_a_slower_target_is_found_and_ends_with_4(tmp_path: Path) -> None:
    report, junit = tmp_path / "ab.json", tmp_path / "ab.xml"
    options = ["--block", "1s", "--of", "home", "--metric", "p50", "--seed", 7, "-o", report, "--junit", junit]
    with steady_server(10) as a, steady_server(25) as b:
        file = write_yaml(tmp_path, scenario(a, PHASES, GET))
        found = loadkit("ab", file, "--against", b, *options, timeout=240)
    data = json.loads(report.read_text())
    jsonschema.validate(data, json.loads((ROOT / "schemas" / "ab.schema.json").read_text()))
    assert found.code == 4, found
    assert (data["verdict"], data["severity"], data["ended"], data["exit_code"]) == ("slower", "critical", "decided", 4)
    assert data["a"]["load"] == {"rate": 40.0, "users": None, "throughput": None}  # that of the longest phase
    assert 10 <= data["difference"]["a_ms"] < data["difference"]["b_ms"]
    assert data["difference"]["b_ms"] >= 25
    assert data["difference"]["low_percent"] > 0
    assert all(40 <= pair[side]["home"]["requests"] <= 130 for pair in data["blocks"] for side in "ab")
    assert {pair["order"] for pair in data["blocks"]} == {"AB", "BA"}
    assert found.out.startswith("B is SLOWER (critical): p50 of home ")
    assert len(re.findall(r"^pair +\d+ (?:AB|BA) \| p50 A ", found.err, re.MULTILINE)) == len(data["blocks"])
    assert JUnitXml.fromfile(str(junit)).failures == 1
    assert "with 40 arrivals/s, seed 7: " in found.err


def test_a_target_that_is_not_there_is_told_before_anything_is_compared(tmp_path: Path) -> None:
    with steady_server(1) as a:
        outputs = ["prometheus:9464", "csv:/nowhere/at/all.csv", "csv:b.csv"]
        file = write_yaml(tmp_path, scenario(a, [{"duration": 30, "users": 2}], GET, outputs=outputs))
        found = loadkit("ab", file, "--against", NOWHERE, "--block", "1s", "--rate", 20)
    assert found.code == 6
    assert f"error: B, test against {NOWHERE}: none of its " in found.err
    assert "requests was answered (ECONNREFUSED); there is nothing to compare" in found.err
    assert found.err.count("note: outputs (prometheus, csv) are told nothing of these trials") == 1


def test_an_interrupted_session_tells_what_is_known(tmp_path: Path) -> None:
    with steady_server(1) as a, steady_server(1) as b:
        file = write_yaml(tmp_path, scenario(a, PHASES, GET))
        process = start("ab", file, "--against", b, "--block", "1s", "-o", tmp_path / "ab.json", "--max-pairs", 50)
        assert process.stderr is not None
        while "pair  1" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        found = finish(process)
    assert found.code == 130
    assert "1 pair, " in found.out
    assert ": the user stopped it" in found.out
    data = json.loads((tmp_path / "ab.json").read_text())
    assert (data["ended"], data["exit_code"], data["pairs"], data["verdict"]) == ("signal", 130, 1, "undecided")
