"""What is said about each invalid file, word by word and place by place; LOADKIT_UPDATE_GOLDENS=1 writes it anew."""

import os
from pathlib import Path

import pytest

from loadkit.errors import CODES, ScenarioError
from loadkit.scenario.gate import read_gates
from loadkit.scenario.gate_keys import is_gate
from loadkit.scenario.gate_plans import read_plans
from loadkit.scenario.merge import Overrides, load_document
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_source

SCENARIOS = Path(__file__).parents[2] / "scenarios"
INVALID = sorted((SCENARIOS / "invalid").glob("*.yaml"))
VALID = sorted(path for path in (SCENARIOS / "valid").iterdir() if path.suffix in (".yaml", ".json"))


def diagnose(name: str) -> str:
    """Return every diagnostic of a file of the current directory, as it is shown."""
    try:
        if is_gate(read_source(name).document):
            for gate in read_gates(name):
                read_plans(gate, Settings(seed=1))
        plan = read_plan([Path(name)], Overrides(), Settings(seed=1))
        raise ScenarioError(plan.warnings, plan.document.sources)
    except ScenarioError as error:
        return f"{error}\n"


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_is_explained(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    found, golden = diagnose(path.name), path.with_suffix(".txt")
    if os.environ.get("LOADKIT_UPDATE_GOLDENS"):
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_a_valid_file_has_no_faults(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "abc")
    plan = read_plan([path], Overrides(), Settings(seed=1))
    assert plan.warnings == ()


COMMAND_LINE_ONLY = {"LK215", "LK401", "LK402", "LK507"}  # test_merge.py and test_compile.py show those


@pytest.mark.parametrize("code", sorted(CODES.keys() - COMMAND_LINE_ONLY))
def test_every_code_has_a_golden(code: str) -> None:
    assert any(f" {code}: " in path.with_suffix(".txt").read_text(encoding="utf-8") for path in INVALID)


def test_no_golden_is_left_without_its_file() -> None:
    assert {path.stem for path in (SCENARIOS / "invalid").glob("*.txt")} == {path.stem for path in INVALID}


def test_seven_mistakes_give_seven_diagnostics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SCENARIOS / "invalid")
    with pytest.raises(ScenarioError) as caught:
        load_document(["seven-mistakes.yaml"])
    lines = [found.at.line for found in caught.value.diagnostics]
    assert lines == sorted(set(lines))
    assert len(lines) == 7
