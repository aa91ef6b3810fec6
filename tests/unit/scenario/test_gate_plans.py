import pytest

from loadkit.errors import ScenarioError
from loadkit.scenario.gate import read_gate
from loadkit.scenario.gate_plans import read_plans, warnings_of
from loadkit.scenario.settings import Settings

SCENARIO = """
config:
  target: "http://here.example"
  environments:
    staging: {target: "http://staging.example"}
  phases: [{duration: 60, arrivalRate: 1}]
  variables: {word: lamp}
scenarios:
  - name: buy
    flow: [{get: "/{{ word }}"}]
"""


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(SCENARIO)
    return tmp_path


def plans(directory, gate: str, environment: str | None = None, **given):
    (directory / "gate.yaml").write_text(gate)
    found = read_gate("gate.yaml", environment)
    return found, read_plans(found, Settings(), **given)


def test_the_environment_of_the_gate_is_that_of_a_scenario_which_has_it(directory):
    gate = "runs: [{scenario: shop.yaml}, {scenario: shop.yaml, name: here, environment: other}]"
    _, (first, second) = plans(directory, gate, "staging")
    assert first.target == "http://staging.example"
    assert second.target == "http://here.example"
    assert [warning.code for warning in second.warnings] == ["LK507"]  # it was asked for by name


def test_a_scenario_without_the_environment_is_no_reason_to_warn(directory):
    gate, made = plans(directory, "runs: [{scenario: shop.yaml}]")
    assert made[0].target == "http://here.example"
    assert warnings_of(gate, made)[0] == ()


def test_a_run_changes_its_scenario(directory):
    run = """{scenario: shop.yaml, name: quick, target: "http://run.example", variables: {word: chair}, seed: 7,
      tags: {team: shop}, overrides: {config: {phases: [{duration: 5, arrivalRate: 2}]}}}"""
    _, (plan,) = plans(directory, f"name: release\nruns: [{run}]")
    assert (plan.name, plan.target, plan.seed, plan.duration_ns) == ("quick", "http://run.example", 7, 5 * 10**9)
    assert plan.document.data["config"]["variables"] == {"word": "chair"}
    assert plan.tags == {"gate": "release", "environment": "ci", "team": "shop"}


def test_the_target_of_the_command_line_wins(directory):
    _, (plan,) = plans(
        directory, "runs: [{scenario: shop.yaml, target: 'http://run.example'}]", target="http://t.example"
    )
    assert plan.target == "http://t.example"


def test_the_faults_of_all_scenarios_are_told_at_once(directory):
    (directory / "one.yaml").write_text("config: {target: 'http://x.example', phazes: []}\nscenarios: [{flow: []}]")
    (directory / "two.yaml").write_text("config: {target: 'http://x.example'}\nscenarios: [{flow: [{gett: /}]}]")
    with pytest.raises(ScenarioError) as caught:
        plans(directory, "runs: [{scenario: one.yaml}, {scenario: shop.yaml}, {scenario: two.yaml}]")
    assert {(found.at.file, found.code) for found in caught.value.diagnostics} == {
        ("one.yaml", "LK101"),
        ("two.yaml", "LK107"),
    }
    assert "phazes" in str(caught.value)


def test_more_planned_time_than_there_is_is_an_error(directory):
    with pytest.raises(ScenarioError, match="planned to take 1m5s, and its budget is 1m"):
        plans(directory, "environments: {ci: {budget: 1m}}\nruns: [{scenario: shop.yaml}]")


def test_a_file_that_an_earlier_run_has_written_is_written_by_no_other(directory):
    (directory / "shop.yaml").write_text(
        SCENARIO.replace("config:\n", "config:\n  outputs: ['csv:rows.csv', 'prometheus:9464']\n")
    )
    twice = "runs: [{scenario: shop.yaml}, {scenario: shop.yaml, name: again}]"
    with pytest.raises(ScenarioError) as raised:
        plans(directory, twice)
    (found,) = raised.value.diagnostics  # a port is free again when the run is over
    assert (found.code, str(found.at), found.severity.value) == ("LK242", "shop.yaml:3:13", "error")
    assert "two runs both write rows.csv" in found.message
    own = "overrides: {config: {outputs: ['csv:other.csv']}}"
    assert len(plans(directory, twice.replace("name: again", f"name: again, {own}"))[1]) == 2
    (directory / "shop.yaml").write_text((directory / "shop.yaml").read_text().replace("rows.csv", "{{ $testId }}.csv"))
    assert len(plans(directory, twice)[1]) == 2
