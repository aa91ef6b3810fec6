"""What every workload shape promises: pure fire times, in order, within the phase, the same for any number of shards."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.registry import plugins
from loadkit.workload.base import PhaseContext, Shape, Shard
from loadkit.workload.poisson import Poisson

S = 10**9
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "constant": [{"arrivalRate": 7}, {"arrivalRate": 0.7}],
    "ramp": [{"arrivalRate": 1, "rampTo": 30}, {"arrivalRate": 30, "rampTo": 0}, {"rampTo": 5}],
    "count": [{"arrivalCount": 11}],
    "pause": [{"pause": 3}],
    "steps": [{"arrivalRate": 1, "steps": {"to": 7.5, "count": 4}}, {"steps": {"to": 0.1, "count": 3}}],
    "spike": [
        {"arrivalRate": 2, "spike": {"to": 30, "after": 3, "rampUp": "2s", "hold": 4, "rampDown": 1.5}},
        {"spike": {"to": 11, "hold": 20}},
        {"arrivalRate": 9, "spike": {"to": 0, "hold": 1}},
    ],
    "replay": [{"replay": "log.log"}, {"replay": {"path": "t.csv", "speed": "0.3", "column": "at"}}],
    "iterations": [{"users": 4, "iterations": 9}, {"iterationsPerUser": 3, "users": 2, "rampTo": 7}],
    "closed": [{"users": 9}, {"users": 2, "rampTo": 9, "throughput": 20}],
}
MODES = ("uniform", "poisson")
CLOSED = ("closed", "iterations")
FILES = Path(__file__).parents[1] / "scenarios" / "arrivals"


def test_every_shape_has_examples_here() -> None:
    assert set(EXAMPLES) == set(plugins("workload"))


CASES = [(name, phase, mode) for name, phases in EXAMPLES.items() for phase in phases for mode in MODES]


OPEN = [case for case in CASES if case[0] not in CLOSED]


def make(name: str, phase: dict[str, Any], mode: str, seed: int = 3, compat: bool = False) -> Any:
    shape: Shape = plugins("workload")[name]
    assert shape.claims(phase)
    return shape.build(phase, PhaseContext(duration_ns=20 * S, mode=mode, seed=seed, base=FILES, compat=compat))


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


@pytest.mark.parametrize(("name", "phase", "mode"), OPEN)
def test_open_shapes_know_how_many_arrivals_they_plan(name: str, phase: dict[str, Any], mode: str) -> None:
    workload = make(name, phase, mode)
    fired = list(workload.fire_times(Shard()))
    assert [number for number, _ in fired] == list(range(workload.planned))
    assert workload.rate_at(S) >= 0
    assert workload.reserved >= workload.planned


@pytest.mark.parametrize(("name", "phase", "mode"), OPEN)
@pytest.mark.parametrize("compat", [False, True], ids=["", "compat"])
def test_open_shapes_know_their_rate(name: str, phase: dict[str, Any], mode: str, compat: bool) -> None:
    workload = make(name, phase, mode, compat=compat)
    end = workload.duration_ns
    arrived = [workload.arrived_by(end * part // 50) for part in range(51)]
    assert arrived == sorted(arrived)
    assert arrived[0] == 0
    if not isinstance(workload, Poisson):
        assert arrived[-1] == pytest.approx(workload.planned, abs=1.01)
        fired = [at for _, at in workload.fire_times(Shard())]
        for part in range(51):
            assert arrived[part] == pytest.approx(sum(at < end * part // 50 for at in fired), abs=1.01)
    rates = [workload.rate_at(end * part // 1000) for part in range(1000)]
    assert max(rates) <= workload.peak_per_s * 1.0001
    assert sum(rates) / 1000 * end / S == pytest.approx(arrived[-1], rel=0.06, abs=1 if name == "replay" else 0.2)


@pytest.mark.parametrize(("name", "phase", "mode"), OPEN)
@given(count=st.integers(1, 7))
def test_shards_together_are_the_single_schedule_as_artillery_counts(
    name: str, phase: dict[str, Any], mode: str, count: int
) -> None:
    whole = schedule(make(name, phase, mode, compat=True), Shard())
    parts = [schedule(make(name, phase, mode, compat=True), Shard(index, count)) for index in range(count)]
    assert sorted(item for part in parts for item in part) == whole
    assert [number for number, _ in whole] == list(range(len(whole)))
    instants = [at for _, at in whole]
    assert instants == sorted(instants)
    assert all(0 <= at < 20 * S for at in instants)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_key_is_described(name: str) -> None:
    shape: Shape = plugins("workload")[name]
    for key, schema in shape.keys.items():
        assert {"title", "description", "examples"} <= schema.keys(), key
