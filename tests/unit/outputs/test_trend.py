from loadkit.analysis.trend import Trend, point_of, trend
from loadkit.outputs.base import ansi
from loadkit.outputs.trend import trend_lines
from tests.support.histories import run_id, run_report


def shown(size: int, metric: str = "p95", *, of: str | None = None, left_out: dict[str, int] | None = None) -> Trend:
    reports = [
        run_report(number, p95_ms=200 if number < size // 2 else 250, errors=0 if number < size // 2 else 200)
        for number in range(size)
    ]
    points = [point_of(run_id(number), report, metric, of) for number, report in enumerate(reports)]
    return trend("shop", metric, [point for point in points if point], of=of, left_out=left_out)


def text(found: Trend, **choices: object) -> str:
    return "\n".join(trend_lines(found, width=80, **choices))  # type: ignore[arg-type]


def test_a_change_is_named_with_run_date_size_and_p() -> None:
    lines = text(shown(20))
    assert lines.startswith("p95 of response time, all requests: 20 comparable runs of shop\n")
    assert (
        f"A  since {run_id(10)} (2026-01-11 09:00): 200ms -> 250ms, +25% slower, p < 1e-6; "
        f"the last before it was {run_id(9)}" in lines
    )


def test_errors_are_told_in_points() -> None:
    assert "0% -> 2%, 2 points more errors" in text(shown(20, "error_rate"))


def test_no_change_says_what_would_have_been_one() -> None:
    assert "no change of 5% or more (p < 0.001) in 20 runs" in text(shown(20, "request_rate"))


def test_runs_that_are_left_out_are_counted() -> None:
    assert "1 run left out: of another scenario\n2 runs left out: broken" in text(
        shown(20, left_out={"of another scenario": 1, "broken": 2, "none": 0})
    )


def test_a_request_name_is_said() -> None:
    assert text(shown(12, of="/products")).startswith("p95 of response time, /products: 12 comparable runs of shop")


def test_few_runs_have_a_chart_and_say_what_is_missing() -> None:
    lines = text(shown(3))
    assert "o" in lines
    assert "changes are looked for from 12 comparable runs on; there are 3" in lines


def test_no_runs_are_no_error() -> None:
    assert "0 comparable runs" in text(shown(0))


def test_what_became_slower_is_red() -> None:
    assert "\x1b[31m+25% slower\x1b[0m" in text(shown(20), paint=ansi)
