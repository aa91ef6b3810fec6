"""Runs that a calibration makes; each is a process, which is played here: tests/e2e has the real ones of other commands."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.report.history import open_store
from loadkit.report.noise import calibration_of
from tests.support.histories import run_report

LEVELS = (200, 206, 194, 203, 198)


class Runs:
    """Plays `loadkit run`: exits with the codes it is given, one after another, and writes a report each time."""

    def __init__(self, codes: Iterator[int]) -> None:
        self.codes = codes
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], **_: Any) -> SimpleNamespace:
        number = len(self.commands)
        self.commands.append(command)
        report = run_report(number, p95_ms=LEVELS[number % len(LEVELS)])
        Path(command[command.index("-o") + 1]).write_text(json.dumps(report))
        return SimpleNamespace(returncode=next(self.codes))


def calibrate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codes: list[int], *more: str) -> tuple[Any, Runs]:
    (tmp_path / "shop.yaml").write_text("")
    runs, module = Runs(iter(codes)), sys.modules["loadkit.cli.calibrate"]
    monkeypatch.setattr(module, "subprocess", SimpleNamespace(run=runs))
    arguments = ["baseline", "calibrate", str(tmp_path / "shop.yaml"), "--store", str(tmp_path / "h.db"), *more]
    return CliRunner().invoke(app, arguments), runs


def test_so_many_runs_are_made_and_what_they_differ_by_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, runs = calibrate(tmp_path, monkeypatch, [0] * 5, "--", "-e", "staging")
    assert done.exit_code == 0, done.output
    assert len(runs.commands) == 5
    assert runs.commands[0][-4:] == ["-e", "staging", "--store", str(tmp_path / "h.db")]
    with open_store(str(tmp_path / "h.db")) as store:
        found = calibration_of(store, "f1")
    assert found is not None
    assert (found.runs, found.tau) == (5, pytest.approx(0.02, abs=0.01))


def test_a_run_that_was_invalid_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, runs = calibrate(tmp_path, monkeypatch, [0, 5, 0, 5, 3], "--runs", "3")
    assert (done.exit_code, len(runs.commands)) == (0, 5), done.output


def test_a_machine_that_is_too_busy_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, runs = calibrate(tmp_path, monkeypatch, [5] * 6, "--runs", "3")
    assert (done.exit_code, len(runs.commands)) == (6, 6)
    assert "6 of 6 runs were INVALID" in done.output


def test_a_run_that_could_not_be_made_ends_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, runs = calibrate(tmp_path, monkeypatch, [2, 0, 0, 0], "--runs", "3")
    assert (done.exit_code, len(runs.commands)) == (6, 1)
    assert "the run ended with 2" in done.output
