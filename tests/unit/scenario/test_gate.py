import json
from pathlib import Path

import pytest

from loadkit.errors import ScenarioError
from loadkit.scenario.gate import ALLOWANCE_NS, fits, over_budget, planned_ns, read_gate, read_gates
from loadkit.scenario.gate_keys import is_gate
from loadkit.scenario.source import read_document
from loadkit.units import NS_PER_S

MINUTE = 60 * NS_PER_S


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("light.yaml", "stress.yaml"):
        (tmp_path / name).write_text('config: {target: "demo://"}\n')
    return tmp_path


def written(text: str, name: str = "gate.yaml") -> str:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)
    return name


def complaint(text: str, environment: str | None = None) -> str:
    with pytest.raises(ScenarioError) as caught:
        read_gate(written(text), environment)
    return str(caught.value)


def test_environments_have_budgets_without_being_written(directory):
    file = written("runs: [{scenario: light.yaml}]")
    budgets = {gate.environment: gate.budget_ns for gate in read_gates(file)}
    assert budgets == {"ci": 10 * MINUTE, "staging": 30 * MINUTE, "production": None}
    assert read_gate(file).environment == "ci"


@pytest.mark.parametrize(
    ("budget", "expected"),
    [("5m", 5 * MINUTE), ("90", 90 * NS_PER_S), (90, 90 * NS_PER_S), ("none", None), ("None", None)],
)
def test_a_budget_is_a_time_or_none(directory, budget, expected):
    file = written(json.dumps({"environments": {"ci": {"budget": budget}}, "runs": [{"scenario": "light.yaml"}]}))
    assert read_gate(file).budget_ns == expected


def test_a_run_takes_part_where_it_says(directory):
    file = written(
        "environments: {preview: {}}\n"
        "runs:\n"
        "  - {scenario: light.yaml}\n"
        "  - {scenario: stress.yaml, only: [staging, preview]}\n"
    )
    runs = {gate.environment: [run.name for run in gate.runs] for gate in read_gates(file)}
    both = ["light", "stress"]
    assert runs == {"ci": ["light"], "staging": both, "production": ["light"], "preview": both}
    assert read_gate(file, "preview").budget_ns is None


def test_paths_are_relative_to_the_gate(directory):
    (directory / "gates").mkdir()
    file = written("runs: [{scenario: [../light.yaml, ../stress.yaml]}]", "gates/gate.yaml")
    gate = read_gate(file)
    assert gate.runs[0].files == ("gates/../light.yaml", "gates/../stress.yaml")
    assert (gate.runs[0].name, gate.name) == ("light", "gate")


def test_what_a_run_says_wins_over_its_environment(directory):
    file = written(
        "environments: {ci: {target: 'http://one.example', variables: {a: 1, b: 2}}}\n"
        "runs:\n"
        "  - {scenario: light.yaml}\n"
        "  - {scenario: stress.yaml, target: 'http://two.example', variables: {b: 3}}\n"
    )
    first, second = read_gate(file).runs
    assert (first.target, json.loads(first.variables)) == ("http://one.example", {"a": 1, "b": 2})
    assert (second.target, json.loads(second.variables)) == ("http://two.example", {"a": 1, "b": 3})


def test_runs_of_different_environments_may_have_the_same_name(directory):
    file = written("runs: [{scenario: light.yaml, only: [ci]}, {scenario: light.yaml, only: [staging], weight: 2}]")
    assert [gate.runs[0].weight for gate in read_gates(file)] == [1.0, 2.0]


def test_an_environment_that_is_not_there_is_an_error(directory):
    assert 'there is no environment "stagign"' in complaint("runs: [{scenario: light.yaml}]", "stagign")
    assert 'did you mean "staging"?' in complaint("runs: [{scenario: light.yaml}]", "stagign")


def test_an_environment_without_runs_is_an_error(directory):
    said = complaint("runs: [{scenario: light.yaml, only: [staging]}]")
    assert 'gate.yaml:1:1: error LK603: no run takes part in the environment "ci"' in said


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("runs: []", True),
        ("environments: {ci: {}}", True),
        ("config: {}", False),
        ("runs: []\nscenarios: []", False),
        ("extends: base.yaml\nenvironments: {}", False),
        ("allow_hosts: [shop.example]", False),
    ],
)
def test_a_gate_is_known_by_its_keys(data, expected):
    assert is_gate(read_document(Path("some.yaml"), data)) is expected


def test_each_run_is_planned_with_an_allowance(directory):
    assert planned_ns([MINUTE, 2 * MINUTE]) == 3 * MINUTE + 2 * ALLOWANCE_NS
    gate = read_gate(
        written("environments: {ci: {budget: 3m}}\nruns: [{scenario: light.yaml}, {scenario: stress.yaml}]")
    )
    assert over_budget(gate, [MINUTE, 110 * NS_PER_S]) is None
    found = over_budget(gate, [MINUTE, 111 * NS_PER_S])
    assert found is not None
    assert (str(found.at), found.code) == ("gate.yaml:1:29", "LK601")
    assert "planned to take 3m1s, and its budget is 3m" in found.message


def test_without_a_budget_everything_fits(directory):
    gate = read_gate(written("runs: [{scenario: light.yaml}]"), "production")
    assert over_budget(gate, [100 * 60 * MINUTE]) is None
    assert fits(gate, 10**18, MINUTE)


def test_a_run_fits_until_the_budget_is_reached(directory):
    gate = read_gate(written("runs: [{scenario: light.yaml}]"))
    assert fits(gate, 9 * MINUTE, MINUTE)
    assert not fits(gate, 9 * MINUTE + 1, MINUTE)
