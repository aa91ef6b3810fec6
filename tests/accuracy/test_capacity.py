"""The capacity of a queue whose true capacity Erlang's formula says: M/M/16, through the command.

The trials are short, so one of them may err: a second search decides then. A machine that is busy with other things is found to
be the limit, and then nothing is known of the queue.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from loadkit.demo.theory import largest_rate
from tests.support.command import loadkit, scenario, write_yaml

pytestmark = pytest.mark.alone

SERVERS, SERVICE_MS, LIMIT_MS = 16, 20, 120
TARGET = f"demo://queue?servers={SERVERS}&service={SERVICE_MS}ms"
TRUE = largest_rate(SERVERS, SERVICE_MS / 1000, 0.99, LIMIT_MS / 1000)
SHORT = ("--trial", "6s", "--confirm", "6s", "--settle", "1s", "--start", "640")


def searched(directory: Path, attempt: int) -> dict[str, Any]:
    answer = directory / f"answer-{attempt}.json"
    file = write_yaml(
        directory,
        scenario(TARGET, [{"duration": 9, "arrivalRate": 300}], [{"get": {"url": "/"}}], http={"pool": 300}),
    )
    slo = f"http.response_time.p99 < {LIMIT_MS}ms"
    loadkit("capacity", file, "--slo", slo, *SHORT, "-o", answer, "--seed", str(attempt), timeout=600)
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


def error(found: dict[str, Any]) -> float:
    assert found["capacity"] is not None, found
    return abs(found["capacity"]["requests_per_s"] / TRUE - 1)


def test_the_capacity_of_a_queue_is_found_within_a_twentieth(tmp_path: Path) -> None:
    """At 744/s of 800/s the p99 of M/M/16 with services of 20 ms reaches 120 ms."""
    found = searched(tmp_path, 1)
    if found["status"] != "generator limit" and (found["status"] != "found" or error(found) > 0.05):
        found = searched(tmp_path, 2)
    if found["status"] == "generator limit":
        pytest.skip(f"this machine was the limit: {found['limiting']}")
    assert error(found) <= 0.05, found
    low, high = (found["interval"][end]["requests_per_s"] for end in ("low", "high"))
    assert 0.9 * TRUE < low < high < 1.12 * TRUE
    assert found["confirmed"]
