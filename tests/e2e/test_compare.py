"""Stored runs of the demo, one of them slower: `loadkit compare` finds that, and finds nothing where nothing is."""

import json
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from tests.support.command import finish, loadkit, start, write_yaml

SHOP: dict[str, Any] = {
    "config": {
        "target": "demo://",
        "phases": [
            {"duration": 4, "arrivalRate": 2, "warmup": True},  # while the others of the same time start
            {"duration": 11, "arrivalRate": 60},
        ],
    },
    "scenarios": [{"name": "search", "flow": [{"get": {"url": "/search?q=lamp"}}]}],
}
TRIES = 3


def make_runs(directory: Path, slowdowns: dict[str, str]) -> dict[str, str]:
    """Make runs at the same time, each kept in the one history; return their ids. What this machine disturbed is repeated."""
    made: dict[str, str] = {}
    for _ in range(TRIES):
        files = {name: directory / f"{name}.json" for name in slowdowns if name not in made}
        begun = {name: begin(directory, file, slowdowns[name]) for name, file in files.items()}
        for name, process in begun.items():
            result = finish(process, files[name])
            assert result.report is not None, result.err
            if result.code == 0:
                made[name] = result.report["loadkit"]["run"]
        if len(made) == len(slowdowns):
            return made
    pytest.skip("this machine was too busy to keep the schedule")


def begin(directory: Path, file: Path, slowdown: str) -> Popen[str]:
    environment = {"LOADKIT_DEMO_SLOWDOWN": slowdown}
    return start("run", "test.yaml", "-o", file, "-q", cwd=directory, store=True, environment=environment)


@pytest.mark.alone
def test_a_slower_shop_is_a_critical_regression_and_an_unchanged_one_none(tmp_path: Path) -> None:
    write_yaml(tmp_path, SHOP)
    runs = make_runs(tmp_path, {"old 1": "1", "old 2": "1", "old 3": "1", "slow": "2", "same": "1"})
    slow, same, base = runs["slow"], runs["same"], [runs[f"old {number}"] for number in (1, 2, 3)]

    found = loadkit("compare", slow, *base, cwd=tmp_path)
    assert found.code == 4, found.out + found.err
    assert found.out.startswith("REGRESSION critical: p95 /search ")
    assert "3 baseline runs" in found.out

    unchanged = loadkit("compare", same, *base, "--json", cwd=tmp_path)
    data = json.loads(unchanged.out)
    assert (unchanged.code, data["severity"], data["verdict"]) == (0, None, "inconclusive")

    itself = loadkit("compare", same, same, cwd=tmp_path)
    assert (itself.code, "cannot be compared with itself" in itself.err) == (2, True)
