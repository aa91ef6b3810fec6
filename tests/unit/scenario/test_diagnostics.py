"""What is said about each invalid file, word by word and place by place; LOADKIT_UPDATE_GOLDENS=1 writes it anew."""

import os
from pathlib import Path

import pytest

from loadkit.errors import CODES, ScenarioError
from loadkit.scenario.check import check_schema
from loadkit.scenario.merge import load_document

SCENARIOS = Path(__file__).parents[2] / "scenarios"
INVALID = sorted((SCENARIOS / "invalid").glob("*.yaml"))
VALID = sorted(path for path in (SCENARIOS / "valid").iterdir() if path.suffix in (".yaml", ".json"))


def diagnose(name: str) -> str:
    """Return every diagnostic of a file of the current directory, as it is shown."""
    try:
        document, warnings = load_document([name])
        raise ScenarioError([*warnings, *check_schema(document)], document.sources)
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
    document, warnings = load_document([path])
    assert [*warnings, *check_schema(document)] == []


@pytest.mark.parametrize("code", [code for code in CODES if code < "LK200"])
def test_every_code_of_reading_has_a_golden(code: str) -> None:
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
