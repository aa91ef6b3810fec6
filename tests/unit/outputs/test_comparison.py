"""How a comparison reads: the verdict first, a line for each series, what could be detected, what would settle it."""

from typing import Any

import pytest

from loadkit.analysis.compare import Comparison, Settings, compare
from loadkit.analysis.policy import BlockOn
from loadkit.outputs.base import ansi
from loadkit.outputs.comparison import comparison_lines, quiet_lines, verdict_line
from tests.support.compared import baseline, name_of, run_of


def found(ms: float, settings: Settings | None = None, *, k: int = 5, **figures: Any) -> Comparison:
    return compare(run_of(name_of(p95=ms, **figures)), baseline(k), settings, name="main")


def test_the_verdict_says_what_how_much_and_the_exit_code() -> None:
    assert verdict_line(found(320)) == (
        "REGRESSION critical: p95 /buy 200 -> 320 ms, +60 % (95 % CI +45..+78 %), 5 baseline runs, "
        "n_eff 3,333 of 10,000; exit code 4"
    )
    assert verdict_line(found(202)) == (
        "INCONCLUSIVE: no regression was found beside 5 baseline runs, but one of 10% is not excluded"
    )


def test_each_series_has_its_line() -> None:
    lines = list(comparison_lines(found(236)))
    assert lines[0] == "20261121-090201-aaaa beside 5 runs of main, 180 s of steady load"
    assert (
        "  p95 /buy 200 -> 236 ms, +18 % (95 % CI +7..+31 %), REGRESSION minor, 5 baseline runs, n_eff 3,333 of 10,000"
        in (lines)
    )
    assert "  errors /buy 0 -> 0 %, pass (no errors in both, so below 0.03 %), 5 baseline runs" in lines
    assert lines[-2] == "could detect, four times out of five: p95 >= +18 % of /buy"
    assert lines[-1] == "not blocked: --block-on critical stops graver ones only"


def test_what_only_informs_is_not_called_a_regression() -> None:
    """Whoever searches the output of an unchanged run for the word finds nothing."""
    names = [name_of("/buy"), name_of("/rare", requests=300)]
    slower = [name_of("/buy"), name_of("/rare", requests=300, p95=900)]
    made = compare(run_of(*slower), [run_of(*names, seed=30 + n) for n in range(5)])
    text = "\n".join([verdict_line(made), *comparison_lines(made)])
    assert "p95 /rare 200 -> 900 ms" in text
    assert ", slower, 5 baseline runs" in text
    assert "REGRESSION" not in text


def test_an_open_result_says_what_would_settle_it() -> None:
    lines = list(comparison_lines(found(202)))
    assert lines[-1].startswith("what would settle it: some 3 runs on each side")
    noisy = list(comparison_lines(compare(run_of(name_of(error=0.09)), baseline(error=0.09))))
    assert noisy[-1].startswith("what would settle it: 16m21s of steady load in both runs (now 180 s)")
    hopeless = list(comparison_lines(compare(run_of(name_of(error=0.3)), baseline(error=0.3))))
    assert "loadkit ab" in hopeless[-1]


def test_other_requests_are_not_called_faster() -> None:
    text = "\n".join(comparison_lines(found(50, errors=900)))
    assert "p95 /buy 200 -> 50 ms, not comparable (error rates differ by 9 points" in text
    assert "errors /buy 0 -> 9 %, +9 points (95 % CI +8.5..+9.6), REGRESSION critical" in text


def test_runs_that_were_left_out_are_named() -> None:
    base = baseline(4)
    base[0]["loadkit"]["exit_code"] = 3
    made = compare(run_of(name_of()), base)
    assert "left out: 20261121-090210-aaaa: it did not pass (exit code 3)" in list(comparison_lines(made))
    assert verdict_line(compare(run_of(name_of()), base[:1])).startswith(
        "INVALID: none of the baseline's runs can be compared with: 20261121-090210-aaaa: it did not pass"
    )


def test_quiet_says_nothing_where_nothing_is_wrong() -> None:
    assert list(quiet_lines(found(202))) == []
    assert list(quiet_lines(found(320))) == [verdict_line(found(320))]


def test_names_cannot_command_a_terminal() -> None:
    name = "/\x1b[31m\n::error::"
    made = compare(run_of(name_of(name, p95=320)), [run_of(name_of(name), seed=30 + n) for n in range(5)])
    text = [verdict_line(made), *comparison_lines(made)]
    assert not any("\x1b" in line or "\n" in line for line in text)


@pytest.mark.parametrize(("ms", "colour"), [(320, "\x1b[31m"), (202, "\x1b[33m"), (130, "\x1b[32m")])
def test_the_verdict_has_a_colour_where_there_are_colours(ms: float, colour: str) -> None:
    assert verdict_line(found(ms), paint=ansi).startswith(colour)


def test_many_names_are_cut() -> None:
    names = [name_of(f"/{n}") for n in range(19)]
    made = compare(run_of(*names), [run_of(*names, seed=30 + n) for n in range(5)], Settings(block_on=BlockOn.NONE))
    lines = list(comparison_lines(made))
    assert len(lines) < 60
    assert any("and 14 others" in line for line in lines)
