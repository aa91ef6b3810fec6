"""Phases and scenarios, a line each."""

import re
from dataclasses import replace

import pytest

from loadkit.engine.result import RunResult
from loadkit.outputs.breakdown import MOST, phase_lines, scenario_lines
from loadkit.outputs.summary import summary
from loadkit.scenario.plan import Phase
from tests.support.results import phase, plan, result
from tests.unit.report.test_parts import RUN, conclude


def text_of(made: RunResult) -> str:
    return "\n".join(summary(made))


def test_each_phase_that_starts_anybody_has_a_line() -> None:
    _, head, *rows = phase_lines(RUN)
    assert head.split() == ["requests", "rate", "errors", "p50", "p95", "p99"]
    assert re.fullmatch(r"warm \(warm-up\) +500 +100\.0/s +0( +[\d.]+ms| +[\d.]+s){3}", rows[0])
    assert re.fullmatch(r"load +11,000 +100\.0/s +0( +[\d.]+ms){3}", rows[1])
    assert len(rows) == 2


def test_each_scenario_has_a_line_without_the_warm_up() -> None:
    _, _, *rows = scenario_lines(RUN)
    assert [row.split()[:4] for row in rows] == [["browse", "8,250", "0", "8,250"], ["buy", "2,750", "0", "2,750"]]


def test_tables_fit_into_a_terminal() -> None:
    assert max(len(f"  {line}") for line in (*phase_lines(RUN), *scenario_lines(RUN))) <= 80


def test_a_single_phase_needs_no_table() -> None:
    assert list(phase_lines(result())) == []
    assert list(scenario_lines(result())) == []


@pytest.mark.parametrize(("name", "shown"), [("x" * 30, "x" * 18 + "..."), ("a\x1b[2Jb", "a\\x1b[2Jb")])
def test_names_are_cut_and_cannot_command_the_terminal(name: str, shown: str) -> None:
    made = result(plan=plan(phase(0, name=name), phase(1)))
    assert list(phase_lines(made))[2].startswith(f"{shown} ")


def test_many_phases_are_cut_and_counted() -> None:
    many: list[Phase] = [phase(index) for index in range(MOST + 3)]
    assert list(phase_lines(result(plan=plan(*many))))[-1].startswith("... and 3 more phases")


def test_the_summary_says_what_leaves_the_warm_up_out() -> None:
    text = text_of(RUN)
    assert "\nTimes, without warm-up\n" in text
    assert "\nScenarios, without warm-up\n" in text
    assert re.search(r"\nOutcomes, with warm-up\n +11,500 requests \(95\.8/s\)", text)
    assert re.search(r"response time +11,000", text)
    assert "warm-up" not in text_of(conclude(phases=[{"duration": 9, "arrivalRate": 100}]))


def test_an_interval_stands_beside_what_was_measured() -> None:
    assert re.search(r"p95 < 250ms +measured [\d.]+ms \(95% CI [\d.]+ms to [\d.]+ms\)", text_of(RUN))
    assert " CI " not in text_of(RUN).replace("95% CI", "")


def test_a_short_run_says_once_that_its_intervals_are_not_certified() -> None:
    thresholds = ("http.response_time.p95 < 250ms", "http.response_time.p50 < 250ms")
    text = text_of(conclude(phases=[{"duration": 40, "arrivalRate": 100}], thresholds=thresholds))
    assert text.count("is certified with 100 s of steady load") == 1


def test_a_percentile_without_enough_samples_says_so() -> None:
    made = conclude(phases=[{"duration": 10, "arrivalRate": 100}], thresholds=("http.response_time.p99.9 < 1s",))
    assert "(not enough samples: p99.9 needs at least 2,995, has 1,000)" in text_of(made)


def test_a_run_of_seconds_says_once_that_it_has_no_intervals() -> None:
    thresholds = ("http.response_time.p95 < 250ms", "http.error_rate < 1%")
    text = text_of(conclude(phases=[{"duration": 3, "arrivalRate": 100}], thresholds=thresholds))
    assert text.count("no confidence intervals (CI) in less than 4 s of steady load") == 1
    assert "too short" not in text


def test_an_interval_with_one_end_says_which() -> None:
    (verdict,) = RUN.verdicts
    text = text_of(replace(RUN, verdicts=(replace(verdict, low=205e6, high=None, note="not enough samples"),)))
    assert "(95% CI above 205ms)  (not enough samples)" in text
