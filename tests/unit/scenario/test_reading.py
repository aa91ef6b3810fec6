import pytest

from loadkit.errors import ScenarioError
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
