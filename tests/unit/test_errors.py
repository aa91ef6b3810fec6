"""How diagnostics look, and what exceptions know."""

import pytest

from loadkit import errors
from loadkit.errors import CODES, Diagnostic, ExitCode, Position, ScenarioError, Severity


def test_a_diagnostic_shows_the_line_a_caret_and_a_hint() -> None:
    made = Diagnostic(
        code="LK101",
        message='unknown key "arivalRate"',
        at=Position("a.yaml", 2, 3),
        hint='did you mean "arrivalRate"?',
        length=10,
    )
    assert made.render({"a.yaml": "phases:\n  arivalRate: 5\n"}) == (
        'a.yaml:2:3: error LK101: unknown key "arivalRate"\n'
        "      arivalRate: 5\n"
        "      ^^^^^^^^^^\n"
        '    hint: did you mean "arrivalRate"?'
    )


def test_a_caret_stands_under_its_character_behind_tabs() -> None:
    made = Diagnostic(code="LK003", message="tab", at=Position("a", 1, 2), severity=Severity.WARNING)
    assert made.render({"a": "\tx: 1"}) == "a:1:2: warning LK003: tab\n    \tx: 1\n    \t^"


def test_a_place_outside_the_text_is_named_without_a_line() -> None:
    assert Diagnostic(code="LK001", message="m", at=Position("gone", 9, 9)).render({}) == "gone:9:9: error LK001: m"


def test_control_characters_do_not_reach_the_terminal() -> None:
    made = Diagnostic(code="LK210", message="no file a\n\x1b[2Jb", at=Position("a", 1, 4), hint="not\x9b1m")
    shown = "a:1:4: error LK210: no file a\\n\\x1b[2Jb\n    x: \ufffd[2Jy\n       ^\n    hint: not\\x9b1m"
    assert made.render({"a": "x: \x1b[2Jy"}) == shown


def test_a_scenario_error_holds_every_diagnostic() -> None:
    faults = [Diagnostic(code="LK101", message=str(n), at=Position("a", n, 1)) for n in (1, 2)]
    error = ScenarioError(faults, {})
    assert error.exit_code is ExitCode.INVALID_INPUT
    assert len(error.diagnostics) == len(str(error).splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "code"),
    [("UsageError", 2), ("PluginError", 2), ("PreflightError", 6), ("FleetError", 5), ("LoadkitError", 1)],
)
def test_every_exception_knows_its_exit_code(name: str, code: int) -> None:
    assert getattr(errors, name)("x").exit_code == code


def test_codes_are_well_formed() -> None:
    assert all(code.startswith("LK") and len(code) == 5 and text for code, text in CODES.items())
