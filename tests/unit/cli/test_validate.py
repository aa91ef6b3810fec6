from pathlib import Path

import pytest

from loadkit.cli.validate import count_faults, validate
from loadkit.errors import Diagnostic, Position, Severity

GOOD = """
config:
  target: http://127.0.0.1:9
  phases:
    - {duration: 5, arrivalRate: 2}
  thresholds:
    - http.response_time.p95 < 250ms
scenarios:
  - flow:
      - get: {url: /}
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        path = Path("shop.yaml")
        path.write_text(text)
        return path

    return write


def test_a_file_without_faults_is_one_line(file, capsys):
    assert validate([file(GOOD)]) == 0
    assert capsys.readouterr().out == "ok: shop.yaml: 1 phase, 1 scenario, 1 threshold, 0 warnings\n"


def test_every_fault_is_printed_and_counted(file, capsys):
    bad = GOOD.replace("arrivalRate: 2", "arivalRate: 2").replace("url: /", "urll: /")
    assert validate([file(bad)]) == 2
    lines = capsys.readouterr().out.splitlines()
    faults = [line for line in lines if line.startswith("shop.yaml:")]
    assert len(faults) >= 2
    assert lines[-1] == f"{len(faults)} faults"


def test_warnings_are_shown_and_do_not_fail(file, capsys):
    warned = GOOD.replace("config:\n", "config:\n  plugins: {nonesuch: {}}\n", 1)
    assert validate([file(warned)]) == 0
    shown = capsys.readouterr().out
    assert "warning LK504" in shown
    assert shown.endswith("1 warning\n")


def test_options_change_what_is_checked(file, capsys):
    path = file(GOOD.replace("  target: http://127.0.0.1:9\n", ""))
    assert validate([path]) == 2
    assert "LK213" in capsys.readouterr().out
    assert validate([path], target="http://127.0.0.1:9") == 0


def test_faults_are_counted_apart_from_warnings():
    at = Position("shop.yaml", 1, 1)
    fault = Diagnostic(code="LK101", message="", at=at)
    warning = Diagnostic(code="LK504", message="", at=at, severity=Severity.WARNING)
    assert count_faults([fault, fault]) == "2 faults"
    assert count_faults([fault, warning]) == "1 fault, 1 warning"
