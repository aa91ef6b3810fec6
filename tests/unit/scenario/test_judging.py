"""Which verdicts fail a run, and which only report."""

from typing import Any

import pytest

from loadkit.metrics.snapshot import Snapshot
from loadkit.scenario.judging import judge
from loadkit.scenario.settings import Settings
from loadkit.slo.evaluate import Status
from tests.unit.scenario.test_compile import plan_of


def failing(thresholds: list[Any], *, solo: bool = False, **counters: int) -> list[str]:
    """The objectives that fail a run with these counters of requests "/" and "/x"."""
    flow: list[Any] = [{"get": {"url": "/"}}, {"get": {"url": "/x"}}]
    plan = plan_of({"thresholds": thresholds}, [{"flow": flow}], settings=Settings(seed=1, solo=solo))
    summary = Snapshot(end_ns=10**9)
    for name, count in {"checks_ok": 9, **counters}.items():
        metric, _, label = name.partition("__")
        summary.counters[metric.replace("_", "."), f"/{label}"] = count
    _, verdicts = judge(plan, summary, summary, lost=0)
    return [verdict.objective_text for verdict in verdicts if verdict.strict and verdict.status is Status.FAIL]


@pytest.mark.parametrize(
    ("thresholds", "fails"),
    [
        ([], ["expectations"]),
        (["checks.pass_rate >= 50%"], []),
        (["checks.failed < 5"], []),
        (["checks.failed < 5 of /x"], []),  # the only request whose checks failed
        (['checks.failed < 5 of "/"'], ["expectations"]),
        (["checks.ok > 0"], ["expectations"]),
        ([{"expr": "checks.failed < 5", "over": "1s"}], []),
        ([{"expr": "checks.failed < 1", "severity": "warning"}], []),
        ([{"expr": "checks.failed < 5", "scope": "each"}], []),
        (['checks.failed < 5 in phase "solo"'], ["expectations"]),  # what fails elsewhere is undecided
        (['checks.failed < 5 in scenario "scenario 0"'], ["expectations"]),
    ],
)
def test_a_threshold_on_failed_checks_decides_what_it_is_about(thresholds: list[Any], fails: list[str]) -> None:
    assert failing(thresholds, checks_failed__x=1) == fails


def test_the_verdict_on_all_checks_names_the_first_expect() -> None:
    flow: list[Any] = [{"get": {"url": "/"}}, {"get": {"url": "/x", "expect": {"statusCode": 200}}}]
    plan = plan_of(None, [{"flow": flow}])
    summary = Snapshot(counters={("checks.ok", "/x"): 1})
    _, (verdict,) = judge(plan, summary, summary, lost=0)
    assert verdict.at is not None
    assert verdict.at.line == 10


def test_solo_judges_the_visit_and_its_checks_whatever_the_thresholds() -> None:
    assert failing(["http.requests > 100"], solo=True, vusers_created=1, vusers_completed=1) == []
    assert failing([], solo=True, vusers_created=1, vusers_failed=1) == ["the visit is completed"]
    assert failing(["checks.pass_rate >= 1%"], solo=True, vusers_created=1, checks_failed__x=1) == ["expectations"]
