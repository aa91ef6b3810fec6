"""loadkit comes to what Artillery came to with the same scripts: counters, summaries, requests, exit code."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from tests.differential.case import Case, Tool, cases, run
from tests.differential.compare import differences, unexpected
from tests.support.command import ROOT

LOADKIT = Tool(
    [sys.executable, "-m", "loadkit"], "py", {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "LOADKIT_NO_STORE": "1"}
)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_loadkit_comes_to_what_artillery_came_to(case: Case) -> None:
    assert case.record.exists(), "not recorded yet: make differential"
    recorded = json.loads(case.record.read_text())
    assert recorded["digest"] == case.digest, "the script was changed since it was recorded: make differential"
    outcome, said = asyncio.run(run(case, LOADKIT))
    found = unexpected(case, differences(recorded, outcome), said)
    assert not found, "\n".join([*found, "", said])
