"""What is said of steps of users."""

import jsonschema
import pytest

from loadkit.analysis.scalability import Step, analyse
from loadkit.outputs.scalability import scalability_lines, step_line
from loadkit.outputs.scalability_report import scalability_report, scalability_schema
from loadkit.stats.intervals import Estimate
from loadkit.stats.usl import Law

DOUBLING = [1, 2, 4, 8, 16, 32, 64]
PEAKED = Law(rate=100, contention=0.05, coherency=0.002)
SETTINGS = {
    "name": "shop",
    "target": "demo://",
    "files": ["shop.yaml"],
    "digest": "0a",
    "seed": 1,
    "criteria": ["http.response_time.p95 < 250ms"],
    "criteria_from": "the file's thresholds",
    "step_s": 30,
    "settle_s": 5,
    "started_at": 1_700_000_000.0,
    "elapsed_s": 250.0,
    "signal": None,
    "exit_code": 0,
}


def steps(law: Law, users: list[int] | None = None, **changes: object) -> list[Step]:
    made = []
    for number in users or DOUBLING:
        rate = law.throughput(number)
        p95 = Estimate(value=2e9 * number / rate, low=1.9e9 * number / rate, high=2.1e9 * number / rate)
        made.append(Step(users=number, rate=rate, response_s=number / rate, p95_ns=p95, seconds=30, **changes))
    return made


def said(law: Law, users: list[int] | None = None, **changes: object) -> list[str]:
    return [*scalability_lines(analyse(steps(law, users, **changes)))]


def test_a_peak_is_told_first_with_the_best_number_of_users() -> None:
    lines = said(PEAKED)
    assert lines[0] == "peak: 740 requests/s with 21.8 users"
    assert lines[1].startswith("  95% CI: ")
    assert any(line.startswith("  optimal concurrency: 8 users, with ") for line in lines)
    assert any(line.startswith("  efficiency at scale: 8% with 64 users") for line in lines)
    assert any(
        line.startswith("  Universal Scalability Law: X(N) = 100 N / (1 + 0.05 (N-1) + 0.002 N (N-1)), R² 1")
        for line in lines
    )


@pytest.mark.parametrize(
    ("law", "users", "start", "never"),
    [
        (
            PEAKED,
            [1, 2, 4, 8, 12, 16],
            "peak: 740 requests/s with 21.8 users, predicted a little beyond the 16 users",
            "x",
        ),
        (
            PEAKED,
            [1, 2, 3, 4, 5, 6],
            "peak not reached: by the law it lies beyond 1.5 times the 6 users measured",
            "21.8",
        ),
        (Law(rate=100, contention=0.2), DOUBLING, "no peak: throughput still rises with the 64 users measured", "x"),
        (PEAKED, [1, 2, 4, 8, 16], "no scalability law: see below why", "21.8"),
    ],
)
def test_no_more_is_said_than_was_measured(law: Law, users: list[int], start: str, never: str) -> None:
    lines = said(law, users)
    assert lines[0].startswith(start)
    assert not any(f"{never} users" in line for line in lines)


def test_a_law_without_peak_comes_close_to_a_ceiling() -> None:
    assert any(line.startswith("  it comes close to 500 requests/s") for line in said(Law(rate=100, contention=0.2)))


def test_what_is_left_out_and_what_is_missed_is_marked() -> None:
    made = steps(PEAKED, [1, 2, 4, 8, 16, 24])
    made += steps(PEAKED, [32], missed=("http.response_time.p95 < 50ms",)) + steps(
        PEAKED, [64], limit="a core was full"
    )
    lines = [*scalability_lines(analyse(made))]
    assert "  ! 32 users: misses http.response_time.p95 < 50ms" in lines
    assert "  * 64 users: not in the law, generator limit: a core was full" in lines
    assert sum(line.endswith(("  !", "  *")) for line in lines) == 2
    assert any(line.startswith("  optimal concurrency: none") for line in said(PEAKED, missed=("all",)))


def test_a_step_has_a_line() -> None:
    (made,) = steps(Law(rate=100), [1], failed=0.02, missed=("p95 < 1ms",), limit="a core was full")
    assert step_line(made) == (
        "    1 user: 100 requests/s, mean 10ms, p95 20ms, 2% failed, generator limit: a core was full, misses p95 < 1ms"
    )


@pytest.mark.parametrize("law", [PEAKED, Law(rate=100, contention=0.2), Law(rate=100)])
@pytest.mark.parametrize("users", [DOUBLING, [1, 2, 3, 4, 5, 6], [1, 2, 4]])
def test_the_document_is_as_its_schema_says(law: Law, users: list[int]) -> None:
    jsonschema.validate(scalability_report(analyse(steps(law, users)), SETTINGS), scalability_schema())
