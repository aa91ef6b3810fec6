"""What an interval decides about a limit."""

import pytest

from loadkit.slo.confidence import decides
from loadkit.slo.expression import Operator


@pytest.mark.parametrize(
    ("operator", "limit", "low", "high", "decided"),
    [
        ("<", 250, 205, 219, True),
        ("<", 210, 205, 219, None),
        ("<", 200, 205, 219, False),
        ("<", 219, 205, 219, None),  # the upper end itself does not hold
        ("<=", 219, 205, 219, True),
        ("<", 205, 205, 219, False),
        ("<=", 205, 205, 219, None),
        (">", 200, 205, 219, True),
        (">", 210, 205, 219, None),
        (">", 219, 205, 219, False),
        (">=", 219, 205, 219, None),
        (">=", 205, 205, 219, True),
        ("==", 210, 205, 219, None),
        ("==", 300, 205, 219, False),
        ("==", 0, 0, 0, True),
        ("!=", 300, 205, 219, True),
        ("!=", 210, 205, 219, None),
        ("!=", 0, 0, 0, False),
        # an end that is not known proves nothing
        ("<", 250, 205, None, None),
        ("<", 200, 205, None, False),
        ("<", 250, None, 219, True),
        (">", 200, None, 219, None),
        (">", 250, None, 219, False),
        ("<", 250, None, None, None),
        ("==", 250, None, None, None),
        ("!=", 200, 205, None, True),
    ],
)
def test_an_interval_decides_only_as_a_whole(
    operator: str, limit: float, low: float | None, high: float | None, decided: bool | None
) -> None:
    assert decides(Operator(operator), limit, low, high) is decided
