"""Windows of whole seconds over a run, and what was found in them. Below, x is a second in which the condition is false.

for: 3s       fails when it is false in 3 seconds in a row, each by itself; what is shorter is forgiven

              . . x x . . x x x .
                              ^ fails

over: 3s      fails when it is false for the numbers of 3 seconds taken together, judged each second, from the first
              whole window on

              [. . .]
                [. . x]
                  [. x x]     fails, if the three together are bad

within: 3s    the same from the first second on, when there are fewer than 3 yet: no bad beginning is missed

              [.]
              [. x]           fails, if the two together are bad
              [. x x]
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Logic(Enum):
    """How a window looks at the seconds of a run."""

    FOR = "for"
    OVER = "over"
    WITHIN = "within"


@dataclass(frozen=True, slots=True)
class Window:
    """The last seconds of a run, judged anew each second."""

    logic: Logic
    seconds: int

    def __str__(self) -> str:
        return f"{self.logic.value} {self.seconds} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaches:
    """What was found second by second; instants are whole seconds since the run's start, each the end of a window.

    `judged` is how often a value was compared, `bad` how often it did not hold, `row` the longest time it did not hold without a
    break. `failed_s` is when the objective failed, None when it did not, and `at_failure` the value then. `worst` is the
    value furthest to the wrong side, and `samples` what that rests on.
    """

    judged: int = 0
    bad: int = 0
    row: int = 0
    first_bad_s: int | None = None
    failed_s: int | None = None
    at_failure: float | None = None
    worst: float | None = None
    worst_s: int | None = None
    samples: int = 0


def clock(second: int) -> str:
    """Return an instant of a run as a clock shows it: "0:42", "1:02:03"."""
    minutes, seconds = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
