"""What every workload shape promises: pure fire times, in order, within the phase, the same for any number of shards."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.registry import plugins
from loadkit.workload.base import PhaseContext, Shape, Shard

S = 10**9
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "constant": [{"arrivalRate": 7}, {"arrivalRate": 0.7}],
    "ramp": [{"arrivalRate": 1, "rampTo": 30}, {"arrivalRate": 30, "rampTo": 0}, {"rampTo": 5}],
    "count": [{"arrivalCount": 11}],
    "pause": [{"pause": 3}],
    "closed": [{"users": 9}, {"users": 2, "rampTo": 9, "throughput": 20}],
}
MODES = ("uniform", "poisson")


def test_every_shape_has_examples_here() -> None:
    assert set(EXAMPLES) == set(plugins("workload"))


CASES = [(name, phase, mode) for name, phases in EXAMPLES.items() for phase in phases for mode in MODES]


def make(name: str, phase: dict[str, Any], mode: str, seed: int = 3) -> Any:
    shape: Shape = plugins("workload")[name]
    assert shape.claims(phase)
    return shape.build(phase, PhaseContext(duration_ns=20 * S, mode=mode, seed=seed))


def schedule(workload: Any, shard: Shard) -> list[tuple[int, ...]]:
    if hasattr(workload, "lifetimes"):
        return list(workload.lifetimes(shard))
    return list(workload.fire_times(shard))


@pytest.mark.parametrize(("name", "phase", "mode"), CASES)
@given(count=st.integers(1, 7))
def test_shards_together_are_the_single_schedule(name: str, phase: dict[str, Any], mode: str, count: int) -> None:
    whole = schedule(make(name, phase, mode), Shard())
    parts = [schedule(make(name, phase, mode), Shard(index, count)) for index in range(count)]
    assert sorted(item for part in parts for item in part) == sorted(whole)
    for index, part in enumerate(parts):
        assert all(number % count == index for number, *_ in part)


@pytest.mark.parametrize(("name", "phase", "mode"), CASES)
def test_instants_are_ordered_and_within_the_phase(name: str, phase: dict[str, Any], mode: str) -> None:
    workload = make(name, phase, mode)
    instants = [item[1] for item in schedule(workload, Shard())]
    assert instants == sorted(instants)
    assert all(0 <= at < workload.duration_ns for at in instants)


@pytest.mark.parametrize(("name", "phase", "mode"), [case for case in CASES if case[0] != "closed"])
def test_open_shapes_know_how_many_arrivals_they_plan(name: str, phase: dict[str, Any], mode: str) -> None:
    workload = make(name, phase, mode)
    fired = list(workload.fire_times(Shard()))
    assert [number for number, _ in fired] == list(range(workload.planned))
    assert workload.rate_at(S) >= 0
    assert workload.reserved >= workload.planned


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_key_is_described(name: str) -> None:
    shape: Shape = plugins("workload")[name]
    for key, schema in shape.keys.items():
        assert {"title", "description", "examples"} <= schema.keys(), key
