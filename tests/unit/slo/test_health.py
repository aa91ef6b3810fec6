import pytest

from loadkit.slo.alert import Level
from loadkit.slo.health import health, overall


@pytest.mark.parametrize(
    ("left", "burn", "score"),
    [
        (1, 0, 100),
        (1, 1, 100),
        (0.5, 1, 50),
        (1, 14.4, 0),
        (1, 100, 0),
        (-0.5, 1, 0),
        (1, 14.4**0.5, 50),
        (2, 0.5, 100),
    ],
)
def test_what_is_left_and_how_fast_it_burns(left: float, burn: float, score: float) -> None:
    assert health(left, burn) == pytest.approx(score)


@pytest.mark.parametrize(
    ("scores", "firing", "score"),
    [
        ([100, 50], [], 75),
        ([100], [Level.WARNING], 79),
        ([100], [Level.WARNING, Level.CRITICAL], 49),
        ([30], [Level.WARNING], 30),
        ([], [], None),
    ],
)
def test_all_together(scores: list[float], firing: list[Level], score: float | None) -> None:
    assert overall(scores, firing) == score
