"""A value that is looked at once a second, such as a worker's share of its core: the last one seen, the largest, the smallest,
the mean.

Merging is associative and commutative, so the gauges of a run's intervals, of a window of them, and of a journal read
back add up to the same. For that the sum is kept as whole thousandths: floats do not add up to the same in any order.
"""

from __future__ import annotations

from typing import NamedTuple

_PER_UNIT = 1000


class Gauge(NamedTuple):
    """`value` is the last one, seen at `at_ns` since the run's start; `most` the largest, first seen at `most_at_ns`.

    `least` is the smallest; None where that is not known, in journals of versions that did not keep it.
    """

    at_ns: int
    value: float
    most: float
    most_at_ns: int
    thousandths: int
    times: int
    least: float | None = None

    @classmethod
    def seen(cls, at_ns: int, value: float) -> Gauge:
        """Return what one look at a value comes to."""
        return cls(at_ns, value, value, at_ns, round(value * _PER_UNIT), 1, value)

    @property
    def mean(self) -> float:
        """Return the mean of all looks, good to a thousandth."""
        return self.thousandths / _PER_UNIT / self.times if self.times else 0.0

    def merged(self, other: Gauge) -> Gauge:
        """Return both together."""
        at_ns, value = max((self.at_ns, self.value), (other.at_ns, other.value))
        most, before_ns = max((self.most, -self.most_at_ns), (other.most, -other.most_at_ns))
        least = None if self.least is None or other.least is None else min(self.least, other.least)
        sum_of, times = self.thousandths + other.thousandths, self.times + other.times
        return Gauge(at_ns, value, most, -before_ns, sum_of, times, least)
