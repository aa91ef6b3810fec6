"""Which load stands for the phases of a file."""

from pathlib import Path

import pytest

from loadkit.scenario.merge import Overrides
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.steady import steady_load
from loadkit.scenario.trial import Load
from tests.support.command import scenario, write_yaml


@pytest.mark.parametrize(
    ("phases", "load", "name"),
    [
        ([{"duration": 10, "arrivalRate": 50}], Load(rate=50), "phase 1"),
        (
            [{"duration": 10, "arrivalRate": 9}, {"name": "hold", "duration": 30, "arrivalRate": 20}],
            Load(rate=20),
            "hold",
        ),
        (
            [{"duration": 99, "arrivalRate": 9, "warmup": True}, {"duration": 3, "arrivalRate": 20}],
            Load(rate=20),
            "phase 2",
        ),
        ([{"duration": 10, "arrivalRate": 10, "rampTo": 30}], Load(rate=20), "phase 1"),
        ([{"duration": 10, "arrivalCount": 25}], Load(rate=2.5), "phase 1"),
        ([{"duration": 10, "arrivalRate": 5}, {"duration": 10, "users": 8}], Load(users=8), "phase 2"),
        ([{"duration": 10, "users": 8, "throughput": "100/s"}], Load(users=8, throughput=100.0), "phase 1"),
        ([{"pause": 60}, {"duration": 10, "arrivalRate": 5}], Load(rate=5), "phase 2"),
    ],
)
def test_it_is_that_of_the_longest_phase_that_is_judged(tmp_path: Path, phases: list, load: Load, name: str) -> None:
    plan = read_plan([write_yaml(tmp_path, scenario("demo://", phases, [{"get": "/"}]))], Overrides(), Settings(seed=1))
    found = steady_load(plan)
    assert found is not None
    assert (found.load, found.phase) == (load, name)


def test_a_file_without_phases_says_nothing(tmp_path: Path) -> None:
    data = scenario("demo://", [], [{"get": "/"}])
    del data["config"]["phases"]
    assert steady_load(read_plan([write_yaml(tmp_path, data)], Overrides(), Settings(seed=1))) is None
