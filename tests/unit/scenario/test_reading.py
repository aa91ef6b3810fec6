from pathlib import Path

import pytest

from loadkit.errors import ScenarioError, Severity
from loadkit.scenario.merge import Overrides
from loadkit.scenario.reading import aimed, read_plan
from loadkit.scenario.settings import Settings

TEXT = """
config:
  target: http://127.0.0.1:9
scenarios:
  - flow:
      - get: {url: /}
"""


def test_faults_of_reading_and_of_meaning_are_reported_together(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(
        TEXT.replace("config:", "config:\n  seed: 1\n  seed: 2").replace("{url: /}", '{url: "/{{ nothing }}"}')
    )
    with pytest.raises(ScenarioError) as caught:
        read_plan([path], Overrides(), Settings())
    assert {fault.code for fault in caught.value.diagnostics} == {"LK005", "LK201"}


def test_warnings_of_reading_reach_the_plan(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(TEXT)
    plan = read_plan([path], Overrides(environment="nowhere"), Settings())
    assert [warning.code for warning in plan.warnings] == ["LK507"]


def test_a_plan_aimed_elsewhere_is_the_same_plan(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(TEXT)
    plan = read_plan([path], Overrides(environment="nowhere"), Settings(tags={"team": "a"}))
    moved = aimed(plan, "http://127.0.0.1:10")
    assert (moved.target, moved.context["target"]) == ("http://127.0.0.1:10", "http://127.0.0.1:10")
    assert (moved.seed, moved.digest, moved.warnings, moved.tags) == (plan.seed, plan.digest, plan.warnings, plan.tags)


def test_a_plan_carries_what_compiles_it_again(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(TEXT)
    plan = read_plan([path], Overrides(target="http://127.0.0.1:10"), Settings())
    assert plan.document.files == (str(path),)
    assert (plan.settings.seed, plan.settings.target) == (plan.seed, "http://127.0.0.1:10")


UNSET = """\
config:
  target: "{{ $env.LOADKIT_UNSET_TARGET }}"
  phases: [{duration: "{{ $env.LOADKIT_UNSET_TIME }}", arrivalRate: 1}]
scenarios: [{flow: [{get: {url: "/{{ $processEnvironment.LOADKIT_UNSET_PATH }}"}}]}]
"""


@pytest.mark.parametrize("runs", [False, True])
def test_all_environment_variables_that_are_not_set_are_told_and_nothing_that_follows(
    tmp_path: Path, runs: bool
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(UNSET)
    with pytest.raises(ScenarioError) as caught:
        read_plan([path], Overrides(), Settings(), runs=runs)
    severity = Severity.ERROR if runs else Severity.WARNING
    assert [(one.code, one.severity, one.at.line) for one in caught.value.diagnostics] == [
        ("LK502", severity, line) for line in (2, 3, 4)
    ]


def test_a_plan_that_only_lacks_values_is_made_and_does_not_run(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        UNSET.replace("{{ $env.LOADKIT_UNSET_TARGET }}", "http://127.0.0.1:9").replace(
            "{{ $env.LOADKIT_UNSET_TIME }}", "1"
        )
    )
    plan = read_plan([path], Overrides(), Settings())
    assert [(one.code, one.severity) for one in plan.warnings] == [("LK502", Severity.WARNING)]
    with pytest.raises(ScenarioError, match="error LK502: the environment variable LOADKIT_UNSET_PATH is not set"):
        read_plan([path], Overrides(), Settings(), runs=True)
    compat = Overrides(overrides='{"config": {"compat": "artillery"}}')
    plan = read_plan([path], compat, Settings(), runs=True)
    assert [(one.code, one.severity) for one in plan.warnings] == [("LK502", Severity.WARNING)]


def test_grouped_digits_of_expected_events_are_a_count_and_no_trap(tmp_path):
    slos = "slos: [{name: up, sli: {availability: true}, target: 99%, description: 1_0, expected_events: 12_000_000}]"
    path = tmp_path / "shop.yaml"
    path.write_text(TEXT.replace("config:", f"config:\n  {slos}"))
    plan = read_plan([path], Overrides(), Settings())
    assert plan.slos[0].expected_events == 12_000_000
    assert [(one.code, one.message.split()[0]) for one in plan.warnings] == [("LK009", "1_0")]
