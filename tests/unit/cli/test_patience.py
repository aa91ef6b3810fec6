"""LOADKIT_TIMEOUT_MULTIPLIER: slow machines wait longer for everything."""

from pathlib import Path

import pytest

from loadkit.cli.limits import timeout_multiplier
from loadkit.errors import UsageError
from loadkit.outputs.summary import summary
from loadkit.report.journal import header_frame
from loadkit.report.rebuild import rebuild
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.plan import Plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document
from tests.support.results import report_of, result, started

TEXT = """
config:
  target: http://127.0.0.1:9
  http: {timeout: 4, connectTimeout: 2}
before:
  timeout: 7
  flow:
    - get: {url: /}
scenarios:
  - flow:
      - get: {url: /slow, timeout: 30s}
      - get: {url: /usual}
"""


def plan_of(multiplier: float, text: str = TEXT) -> Plan:
    settings = Settings(seed=1, timeout_multiplier=multiplier)
    return compile_plan(read_document(Path("shop.yaml"), text), settings)


@pytest.mark.parametrize(("text", "found"), [("", 1.0), ("2", 2.0), ("1.5", 1.5), (" 3 ", 3.0), ("0.5", 0.5)])
def test_a_number_says_how_much_longer(text: str, found: float) -> None:
    assert timeout_multiplier({"LOADKIT_TIMEOUT_MULTIPLIER": text}) == found
    assert timeout_multiplier({}) == 1.0


@pytest.mark.parametrize("text", ["two", "0", "-1", "nan", "inf", "1000", "2x"])
def test_what_is_no_sensible_number_is_an_error_that_names_the_variable(text: str) -> None:
    with pytest.raises(UsageError, match="LOADKIT_TIMEOUT_MULTIPLIER="):
        timeout_multiplier({"LOADKIT_TIMEOUT_MULTIPLIER": text})


def test_all_timeouts_are_longer() -> None:
    usual, patient = plan_of(1), plan_of(2.5)
    assert usual.before is not None
    assert patient.before is not None
    assert patient.before.timeout_ns == 2.5 * usual.before.timeout_ns
    assert patient.digest == usual.digest


def test_the_report_and_the_summary_say_so() -> None:
    made = result(plan=plan_of(2))
    assert report_of(made)["loadkit"]["timeout_multiplier"] == 2
    assert "  timeouts are 2 times as long as written" in list(summary(made))
    assert not any("timeouts are" in line for line in summary(result(plan=plan_of(1))))


def test_a_journal_remembers_it(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(header_frame(started(plan=plan_of(3))))
    assert rebuild(path).report()["loadkit"]["timeout_multiplier"] == 3
