from collections.abc import Iterator

import pytest

from loadkit.analysis.capacity import Capacity, Status
from loadkit.outputs.capacity import Answer, answer_lines
from loadkit.outputs.capacity_report import answer_data


def answer(status: Status, low: float, high: float | None, planned: float) -> Answer:
    return Answer(
        name="shop",
        target="http://127.0.0.1:9",
        files=("shop.yaml",),
        digest="0",
        seed=1,
        criteria=("http.response_time.p99 < 120ms",),
        criteria_from="--slo",
        capacity=Capacity(status=status, low=low, high=high, confirmed=status is Status.FOUND),
        findings=(),
        planned=planned,
        planned_from="--planned",
        signal=None,
        started_at=0.0,
        elapsed_s=1.0,
        exit_code=0,
    )


def planned_line(made: Answer) -> str:
    lines: Iterator[str] = answer_lines(made)
    return next(line for line in lines if "planned load" in line)


@pytest.mark.parametrize(
    ("status", "high", "planned", "headroom", "text"),
    [
        (Status.FOUND, 105.0, 80.0, 0.25, ": 25% headroom"),
        (Status.FOUND, 105.0, 400.0, -0.75, ": exceeds it by 75% of the plan"),
        (Status.AT_LEAST, None, 80.0, 0.25, ": at least 25% headroom"),
        (Status.INTERRUPTED, None, 400.0, None, ": not known, since the search did not come to it"),
    ],
)
def test_headroom_is_said_as_far_as_it_is_known(
    status: Status, high: float | None, planned: float, headroom: float | None, text: str
) -> None:
    made = answer(status, 100.0, high, planned)
    assert answer_data(made)["headroom"] == headroom
    assert planned_line(made).endswith(text)
