"""Each shape's own arithmetic; what all shapes share is in tests/contracts/test_workloads.py."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.registry import plugins
from loadkit.workload.base import BadFile, BadPhase, NeverStarts, PhaseContext, Shard
from loadkit.workload.closed import Closed

S = 10**9


def workload(phase: dict[str, Any], duration_s: float = 10, mode: str = "uniform", seed: int = 1, **more: Any) -> Any:
    context = PhaseContext(duration_ns=int(duration_s * S), mode=mode, seed=seed, **more)
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
        ({"arrivalRate": 10, "steps": {"to": 50, "count": 5}}, 10, 300),
        ({"steps": {"to": 1, "count": 2}}, 9, 5),  # ceil(4.5)
        ({"arrivalRate": 2, "spike": {"to": 10, "rampUp": 1, "hold": 2, "rampDown": 1}}, 10, 44),
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
        {"steps": {"to": 0, "count": 3}},
        {"spike": {"to": 0, "hold": 3}},
        {"users": 3, "iterations": 0},
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
        {"steps": {"to": 10, "count": 1}},
        {"steps": {"to": 10, "count": 2.5}},
        {"iterations": 1.5},
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


def test_steps_are_steady_and_equally_long() -> None:
    stairs = workload({"arrivalRate": 10, "steps": {"to": 40, "count": 4}}, 8)
    assert [stairs.rate_at(at * S) for at in range(8)] == [10, 10, 20, 20, 30, 30, 40, 40]
    fired = [at for _, at in stairs.fire_times(Shard())]
    assert [sum(at // (2 * S) == step for at in fired) for step in range(4)] == [20, 40, 60, 80]
    assert fired[20:23] == [2 * S, 2 * S + S // 20, 2 * S + S // 10]


def test_a_spike_rises_once_and_comes_down_again() -> None:
    phase = {"arrivalRate": 4, "spike": {"to": 100, "after": "3s", "rampUp": "1s", "hold": "2s", "rampDown": "2s"}}
    spike = workload(phase, 10)
    rates = [spike.rate_at(at * S // 2) for at in (0, 6, 7, 8, 11, 12, 14, 16, 19)]
    assert rates == [4, 4, 52, 100, 100, 100, 52, 4, 4]
    assert spike.peak_per_s == 100
    fired = [at for _, at in spike.fire_times(Shard())]
    assert sum(4 * S <= at < 6 * S for at in fired) == 200


def test_a_spike_is_in_the_middle_unless_told_otherwise() -> None:
    spike = workload({"spike": {"to": 10, "hold": 2}}, 10)
    assert {at // S for _, at in spike.fire_times(Shard())} == {4, 5}


def test_a_spike_must_fit_into_its_phase() -> None:
    with pytest.raises(BadPhase, match="the spike takes 12s, and the phase 10s"):
        workload({"spike": {"to": 10, "after": 9, "hold": 3}})


def test_random_arrivals_follow_a_profile_too() -> None:
    phase = {"arrivalRate": 10, "spike": {"to": 1000, "after": 4, "hold": 1}}
    spike = workload(phase, 20, mode="poisson")
    fired = [at for _, at in spike.fire_times(Shard())]
    assert len(fired) == pytest.approx(1190, rel=0.1)
    assert sum(4 * S <= at < 5 * S for at in fired) == pytest.approx(1000, rel=0.12)
    assert len(fired) == spike.planned <= spike.reserved


@pytest.mark.parametrize(
    ("phase", "duration_s", "arrivals"),
    [  # as Artillery 2.0.34 starts them with one worker
        ({"arrivalRate": 7}, 10, 70),
        ({"arrivalRate": 700}, 10, 7002),
        ({"arrivalRate": 7000}, 1, 7042),
        ({"arrivalCount": 7}, 10, 7),
        ({"arrivalCount": 7000}, 10, 7002),
        ({"rampTo": 8}, 4, 16),
        ({"rampTo": 10}, 5, 26),
        ({"arrivalRate": 5, "rampTo": 10}, 1, 8),
        ({"arrivalRate": 10, "rampTo": 0}, 3, 15),
    ],
)
def test_artillerys_arithmetic_is_kept_where_it_is_wanted(
    phase: dict[str, Any], duration_s: float, arrivals: int
) -> None:
    for mode in ("uniform", "poisson") if "rampTo" in phase else ("uniform",):
        made = workload(phase, duration_s, mode=mode, compat=True)
        assert made.planned == len(list(made.fire_times(Shard()))) == arrivals


def test_iterations_are_shared_or_the_same_for_each_user() -> None:
    shared, each = workload({"users": 4, "iterations": 10}), workload({"users": 4, "iterationsPerUser": 3})
    assert (shared.iterations, shared.each, shared.users) == (10, None, 4)
    assert (each.iterations, each.each) == (12, 3)
    assert workload({"iterations": 5}).users == 1
    with pytest.raises(BadPhase, match="leave one out"):
        workload({"iterations": 5, "iterationsPerUser": 2})


@pytest.fixture
def replayed(tmp_path: Path) -> Callable[..., list[float]]:
    """Return what gives the arrivals of a file, in seconds."""

    def replay(name: str, text: str, duration_s: float = 0, **keys: Any) -> list[float]:
        (tmp_path / name).write_text(text)
        made = workload({"replay": {"path": name, **keys}}, duration_s, base=tmp_path)
        return [at / S for _, at in made.fire_times(Shard())]

    return replay


@pytest.mark.parametrize(
    ("name", "text", "keys", "times"),
    [
        ("a.csv", "0.5\n1\n0.25\n", {}, [0.25, 0.5, 1]),
        ("a.csv", "time,x\n0.5,1\n\n1,2\n", {}, [0.5, 1]),
        ("a.csv", "id,at\n7,0.5\n8,1\n", {"column": "at", "speed": 2}, [0.25, 0.5]),
        ("a.csv", "2026-03-01T12:00:00Z\n2026-03-01T13:00:01.250+01:00\n", {}, [0, 1.25]),
        ("a.jsonl", '{"time": 1770000000.5}\n{"time": 1770000001}\n', {}, [0, 0.5]),
        ("a.ndjson", '{"ts": 1770000000500}\n{"ts": "1770000001000"}\n', {"column": "ts"}, [0, 0.5]),
        ("a.jsonl", "1.5\n2\n", {}, [1.5, 2]),
        ("a.txt", "2026-03-01T12:00:00.5 GET /\n2026-03-01T12:00:01 GET /\n", {}, [0, 0.5]),
        (
            "access.log",
            "".join(
                f'::1 - - [28/Feb/2026:23:59:{s} -0500] "GET / HTTP/1.1" 200 1\n' for s in (58, 58, 59, 59, 59, 59)
            ),
            {"speed": "0.5"},
            [0, 1, 2, 2.5, 3, 3.5],
        ),
        ("access.log", "[28/Feb/2026:23:59:59 +0000] a\n[01/Mar/2026:01:00:00 +0100] b\n", {}, [0, 1]),
    ],
)
def test_arrivals_are_replayed_as_they_came(
    replayed: Callable[..., list[float]], name: str, text: str, keys: dict[str, Any], times: list[float]
) -> None:
    assert replayed(name, text, **keys) == times


def test_a_replay_lasts_as_long_as_its_arrivals_unless_told_otherwise(replayed: Callable[..., list[float]]) -> None:
    assert replayed("a.csv", "1\n2\n3\n", duration_s=2.5) == [1, 2]
    with pytest.raises(NeverStarts, match="comes within the phase's duration"):
        replayed("a.csv", "5\n", duration_s=2)


def test_a_replay_at_an_odd_speed_does_not_drift(replayed: Callable[..., list[float]]) -> None:
    fired = replayed("a.csv", "".join(f"{second}\n" for second in range(3001)), speed=3)
    assert fired[3000] == 1000
    assert fired[1] == 333333333 / S


@pytest.mark.parametrize(
    ("name", "text", "keys", "says"),
    [
        ("a.csv", "", {}, "no arrivals"),
        ("a.csv", "at\nnever\n", {}, "line 2 has no time"),
        ("a.csv", "at\n1\n", {"column": "time"}, 'no column "time"; there are: at'),
        ("a.csv", "-1\n1\n", {}, "before the start"),
        ("a.csv", "1e99\n1e99\n", {}, "no arrivals|no time"),
        ("a.jsonl", "{\n", {}, "line 1 is not JSON"),
        ("a.jsonl", '{"at": 1}\n', {}, "line 1 has no time"),
        ("a.log", "x [31/Feb/2026:00:00:00 +0000]\n", {}, "line 1 has no time"),
        ("a.log", "x" * 2_000_000, {}, "longer than"),
    ],
)
def test_what_is_wrong_with_a_file_of_arrivals_is_said(
    replayed: Callable[..., list[float]], name: str, text: str, keys: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadFile, match=says):
        replayed(name, text, **keys)


@pytest.mark.parametrize("phase", [{"replay": "missing.csv"}, {"replay": "a\0b"}, {"replay": "."}])
def test_a_file_of_arrivals_that_cannot_be_read_is_said(phase: dict[str, Any]) -> None:
    with pytest.raises(BadFile, match="cannot read"):
        workload(phase)


def test_a_replay_needs_a_speed() -> None:
    with pytest.raises(BadPhase, match="speed of 0"):
        workload({"replay": {"path": "a.csv", "speed": 0}})


_TIMES = st.sampled_from(
    ["1", "0.5", "-3", "1e9", "1e99", "2026-03-01", "2026-03-01T12:00:00Z", "[01/Mar/2026:00:00:00 +0100]"]
)


@given(
    lines=st.lists(_TIMES | st.text(alphabet='T:-+[]/0123456789,"{}', max_size=12), max_size=6),
    suffix=st.sampled_from(["csv", "jsonl", "log"]),
)
def test_any_file_gives_arrivals_in_order_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], suffix: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / f"any.{suffix}").write_text("\n".join(lines))
    try:
        made = workload({"replay": f"any.{suffix}"}, 0, base=folder)
    except BadPhase as fault:
        assert str(fault)  # noqa: PT017  # the text is what is tested
        return
    fired = [at for _, at in made.fire_times(Shard())]
    assert fired == sorted(fired)
    assert 0 < len(fired) <= len(lines)
    assert 0 <= fired[0] <= fired[-1] < made.duration_ns
