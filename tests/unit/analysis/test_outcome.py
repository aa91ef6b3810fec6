"""What a trial came to, by its numbers."""

import random
from dataclasses import dataclass, field

import pytest

from loadkit.analysis.outcome import QUEUE, Outcome, grows, see
from loadkit.slo.evaluate import Status, Verdict

PASS, FAIL, UNSURE, INVALID = Outcome.PASS, Outcome.FAIL, Outcome.UNSURE, Outcome.INVALID
S = 10**9


def verdict(status: Status, observed: float = 100.0, limit: str = "< 200") -> Verdict:
    return Verdict(
        objective_text="p99 < 200", status=status, observed=observed, observed_text=f"{observed:g}", limit_text=limit,
        samples=100, limit=200.0,
    )  # fmt: skip


@dataclass
class Numbers:
    """A trial of 30 s at 100 visits/s that went well, unless a test says otherwise."""

    seconds: float = 30.0
    offered_each: tuple[int, ...] = (100,) * 30
    ended_each: tuple[int, ...] = (100,) * 30
    in_flight: tuple[float, ...] = (4.0, 5.0, 3.0) * 10
    session_p99_ns: float = 0.05 * S
    verdicts: tuple[Verdict, ...] = (verdict(Status.PASS),)
    valid: bool = True
    reasons: tuple[str, ...] = ()
    overrun: bool = False
    times: dict[str, object] = field(default_factory=dict)
    requests_per_s: float = 200.0
    visits_per_s: float = 100.0
    errors: int = 0


QUEUED = tuple(float(number) for number in range(5, 305, 10))


@pytest.mark.parametrize(
    ("numbers", "outcome", "criterion"),
    [
        (Numbers(), PASS, ""),
        (Numbers(verdicts=(verdict(Status.PASS), verdict(Status.FAIL))), FAIL, "p99 < 200"),
        (Numbers(verdicts=(verdict(Status.INCONCLUSIVE),)), UNSURE, "p99 < 200"),
        (Numbers(ended_each=(96,) * 30), FAIL, QUEUE),
        (Numbers(ended_each=(98,) * 30), PASS, ""),
        (Numbers(in_flight=QUEUED), FAIL, QUEUE),
        (Numbers(overrun=True, in_flight=(500.0,)), FAIL, QUEUE),
        (Numbers(valid=False, reasons=("late",), verdicts=(verdict(Status.FAIL),)), INVALID, ""),
        (Numbers(in_flight=(4.0,) * 3), UNSURE, QUEUE),
    ],
)
def test_the_outcome_is_what_the_numbers_say(numbers: Numbers, outcome: Outcome, criterion: str) -> None:
    found = see(numbers, 5)
    assert (found.outcome, found.criterion) == (outcome, criterion), found.reason


def test_a_load_of_long_visits_fills_up_before_anything_is_said_of_its_queue() -> None:
    """Visits of 12 s: for 12 s none ends, and 1200 are at work from then on."""
    filling = tuple(100.0 * min(12, second) for second in range(6, 36))
    ended = tuple(0 if second < 12 else 100 for second in range(6, 36))
    numbers = Numbers(in_flight=filling, ended_each=ended, session_p99_ns=12 * S)
    assert see(numbers, 5).outcome is PASS
    assert see(Numbers(in_flight=filling, ended_each=ended), 5).outcome is FAIL
    short = Numbers(in_flight=filling[:8], ended_each=ended[:8], offered_each=(100,) * 8, session_p99_ns=12 * S)
    assert see(short, 5).outcome is UNSURE


def test_the_margin_is_that_of_the_criterion_that_is_closest() -> None:
    numbers = Numbers(verdicts=(verdict(Status.PASS, 50), verdict(Status.PASS, 150), verdict(Status.PASS, 199, "> 0")))
    assert see(numbers, 5).margin == pytest.approx(0.25)
    assert see(Numbers(verdicts=()), 5).margin is None


def test_a_queue_that_wavers_does_not_grow() -> None:
    draw = random.Random(4)
    wrong = sum(grows([draw.expovariate(1 / 8) for _ in range(30)]) for _ in range(2000))
    assert wrong < 60


def test_a_queue_that_grows_by_a_hundredth_of_the_load_is_noticed() -> None:
    """700/s of which 7/s are too much."""
    draw = random.Random(5)
    found = [grows([7 * second + draw.expovariate(1 / 10) for second in range(30)]) for _ in range(100)]
    assert all(found)
