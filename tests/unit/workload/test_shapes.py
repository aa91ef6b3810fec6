"""Each shape's own arithmetic; what all shapes share is in tests/contracts/test_workloads.py."""

import itertools
from typing import Any

import pytest

from loadkit.registry import plugins
from loadkit.workload.base import NeverStarts, PhaseContext, Shard
from loadkit.workload.closed import Closed

S = 10**9


def workload(phase: dict[str, Any], duration_s: float = 10, mode: str = "uniform", seed: int = 1) -> Any:
    context = PhaseContext(duration_ns=int(duration_s * S), mode=mode, seed=seed)
    shapes = sorted(plugins("workload").values(), key=lambda shape: shape.order)
    return next(shape for shape in shapes if shape.claims(phase)).build(phase, context)


def times(phase: dict[str, Any], duration_s: float = 10, **options: Any) -> list[int]:
    return [at for _, at in workload(phase, duration_s, **options).fire_times(Shard())]


@pytest.mark.parametrize(
    ("phase", "duration_s", "arrivals"),
    [
        ({"arrivalRate": 10}, 10, 100),
        ({"arrivalRate": 0.3}, 10, 3),
        ({"arrivalRate": 0.1}, 30, 3),
        ({"arrivalRate": 0.25}, 10, 3),  # ceil(2.5)
        ({"arrivalRate": "2.5"}, 2, 5),
        ({"arrivalRate": 30_000}, 1, 30_000),
        ({"rampTo": 8}, 4, 16),
        ({"arrivalRate": 10, "rampTo": 0}, 10, 50),
        ({"arrivalRate": 5, "rampTo": 10}, 1, 8),  # ceil(7.5)
        ({"arrivalCount": 7}, 10, 7),
        ({"pause": 5}, 5, 0),
    ],
)
def test_the_number_of_arrivals_is_the_integrated_rate_rounded_up(
    phase: dict[str, Any], duration_s: float, arrivals: int
) -> None:
    assert len(times(phase, duration_s)) == workload(phase, duration_s).planned == arrivals


def test_a_steady_rate_begins_at_once_and_is_evenly_spaced() -> None:
    assert times({"arrivalRate": 4}, 1) == [0, S // 4, S // 2, 3 * S // 4]


def test_arrivals_at_an_odd_rate_do_not_drift() -> None:
    fired = times({"arrivalRate": 3}, 1000)
    assert fired[2997] == 999 * S


def test_a_ramp_fires_where_the_integrated_rate_reaches_each_number() -> None:
    fired = times({"arrivalRate": 0, "rampTo": 10}, 10)  # N(t) = t^2 / 2
    assert fired == pytest.approx([int((2 * k) ** 0.5 * S) for k in range(50)], abs=2)


def test_ramp_down_mirrors_ramp_up() -> None:
    up, down = times({"rampTo": 10}, 10), times({"arrivalRate": 10, "rampTo": 0}, 10)
    # N_down(t) = 50 - N_up(10 - t), so the k-th from the end mirrors
    mirrored = [10 * S - at for at in reversed(up[1:])]
    assert down[1:] == pytest.approx(mirrored, abs=2)


def test_a_poisson_phase_has_its_mean_rate_and_independent_gaps() -> None:
    fired = times({"arrivalRate": 100}, 100, mode="poisson")
    assert len(fired) == pytest.approx(10_000, rel=0.05)
    gaps = [after - before for before, after in itertools.pairwise(fired)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert deviation / mean == pytest.approx(1, abs=0.05)  # exponential: as wide as its mean


def test_a_poisson_phase_repeats_with_its_seed_only() -> None:
    phase = {"arrivalRate": 10}
    assert times(phase, mode="poisson", seed=7) == times(phase, mode="poisson", seed=7)
    assert times(phase, mode="poisson", seed=7) != times(phase, mode="poisson", seed=8)


def test_a_poisson_ramp_has_more_arrivals_in_its_second_half() -> None:
    fired = times({"rampTo": 100}, 20, mode="poisson")
    late = sum(at > 10 * S for at in fired)
    assert late / len(fired) == pytest.approx(0.75, abs=0.06)


@pytest.mark.parametrize(
    "phase",
    [
        {"arrivalRate": 0},
        {"arrivalRate": 0, "rampTo": 0},
        {"arrivalCount": 0},
        {"users": 0},
        {"users": 1, "throughput": 0},
    ],
)
def test_a_phase_that_never_starts_anyone_is_refused(phase: dict[str, Any]) -> None:
    with pytest.raises(NeverStarts):
        workload(phase)


@pytest.mark.parametrize(
    "phase",
    [
        {"arrivalRate": -1},
        {"arrivalRate": "many"},
        {"arrivalCount": 1.5},
        {"users": 2.5},
        {"arrivalRate": "1e400"},
        {"arrivalRate": "1e99999999"},
        {"arrivalCount": 1e19},
    ],
)
def test_numbers_that_mean_nothing_are_refused(phase: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        workload(phase)


def test_closed_users_live_for_the_whole_phase() -> None:
    assert list(workload({"users": 2}).lifetimes(Shard())) == [(0, 0, 10 * S), (1, 0, 10 * S)]


def test_closed_users_ramp_up_and_down_linearly() -> None:
    up = list(workload({"users": 1, "rampTo": 5}).lifetimes(Shard()))
    assert up == [(0, 0, 10 * S), (1, 0, 10 * S), (2, 5 * S // 2, 10 * S), (3, 5 * S, 10 * S), (4, 15 * S // 2, 10 * S)]
    down = list(workload({"users": 4, "rampTo": 0}).lifetimes(Shard()))
    assert [ends for _, _, ends in down] == [10 * S, 15 * S // 2, 5 * S, 5 * S // 2]


@pytest.mark.parametrize("throughput", ["6/s", "0.7/s", "12345/s", "100/min"])
def test_the_index_of_a_slot_is_its_instant_turned_round(throughput: str) -> None:
    closed = workload({"users": 3, "throughput": throughput})
    for user in range(3):
        for request in range(20):
            at_ns = closed.slot_ns(user, request)
            assert closed.slot_index(user, at_ns) == request
            assert closed.slot_index(user, at_ns + 1) == request + 1
        assert closed.slot_index(user, 0) == 0


def test_the_slots_of_all_users_make_one_even_schedule() -> None:
    closed = workload({"users": 3, "throughput": "6/s"})
    assert isinstance(closed, Closed)
    slots = sorted(closed.slot_ns(user, request) for user in range(3) for request in range(4))
    assert slots == [k * S // 6 for k in range(12)]
