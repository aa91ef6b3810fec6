"""The verdict on all checks."""

from __future__ import annotations

import pytest

from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.evaluate import Status
from loadkit.slo.expectation import expectation_verdict
from loadkit.slo.expression import parse_threshold


def checks(ok: int, failed: int, **kinds: int) -> Snapshot:
    counters = {("checks.ok", "/"): ok, ("checks.failed", "/"): failed}
    return Snapshot(
        counters=counters | {(f"plugins.expect.failed.{kind}", "/"): count for kind, count in kinds.items()}
    )


def test_a_failed_expectation_fails_the_run_and_names_the_kinds() -> None:
    verdict = expectation_verdict(checks(3387, 13, hasHeader=1, statusCode=12))

    assert verdict is not None
    assert (verdict.status, verdict.strict, verdict.origin) == (Status.FAIL, True, "expect")
    assert f"{verdict.objective_text}: {verdict.observed_text}" == (
        "expectations: 13 of 3400 checks failed (statusCode 12, hasHeader 1)"
    )
    assert (verdict.observed, verdict.limit_text, verdict.samples) == (13, "== 0", 3400)


def test_expectations_that_all_hold_pass() -> None:
    verdict = expectation_verdict(checks(3400, 0))

    assert verdict is not None
    assert verdict.status is Status.PASS
    assert verdict.observed_text == "0 of 3400 checks failed"


def test_without_checks_there_is_no_verdict_on_them() -> None:
    assert expectation_verdict(Snapshot()) is None


@pytest.mark.parametrize(
    ("threshold", "strict"),
    [
        ("checks.pass_rate >= 99%", False),
        ("checks.failed < 10", False),
        ("plugins.expect.failed.statusCode < 10", False),
        ("http.error_rate < 1%", True),
    ],
)
def test_a_threshold_on_checks_decides_how_many_may_fail(threshold: str, strict: bool) -> None:
    verdict = expectation_verdict(checks(99, 1), [parse_threshold(threshold)])

    assert verdict is not None
    assert (verdict.status, verdict.strict) == (Status.FAIL, strict)
