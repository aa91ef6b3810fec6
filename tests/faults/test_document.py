"""The page on faults says what is tested here, in names that exist."""

import re
from pathlib import Path

from loadkit.metrics.sample import Outcome
from tests.support.command import ROOT


def test_each_error_on_the_page_exists_and_is_the_outcome_of_a_test() -> None:
    page = (ROOT / "docs/concepts/faults.md").read_text()
    rows = [line.split("|")[2] for line in page.splitlines() if line.startswith("| ")]
    named = {name for cell in rows for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert len(named) > 15
    assert named <= {outcome.value for outcome in Outcome}
    tested = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))
    assert not {name for name in named if name not in tested}
