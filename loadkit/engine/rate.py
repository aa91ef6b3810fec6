"""By which factor a worker's arrivals differ from the plan, applied exactly: what is left over of each arrival is carried on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from loadkit.workload.base import Shard

_WHOLE = 1_000_000
_FIRST_ADDED = 1 << 52  # far above the numbers of all phases, and a whole number for JavaScript, too


class Rate:
    """The factor that holds now, with the fraction of an arrival that it has left over. Shards begin with different
    fractions, so that they take turns where each keeps every other arrival.
    """

    def __init__(self, shard: Shard) -> None:
        self._millionths = _WHOLE
        self._carried = _WHOLE * shard.index // shard.count
        self.numbers: Iterator[int] = count(_FIRST_ADDED + shard.index, shard.count)
        """Numbers of virtual users that the plan knows nothing of."""

    def set(self, factor: float) -> None:
        """Let a factor hold from here on, exact to a millionth."""
        self._millionths = round(factor * _WHOLE)

    @property
    def as_planned(self) -> bool:
        """Say whether arrivals are what the plan says."""
        return self._millionths == _WHOLE

    @property
    def paused(self) -> bool:
        """Say whether nobody is to be started."""
        return self._millionths == 0

    @property
    def adds(self) -> bool:
        """Say whether there are to be more arrivals than planned."""
        return self._millionths > _WHOLE

    def keep(self, arrivals: int = 1) -> int:
        """Return how many of the next planned arrivals are to be started."""
        if self._millionths >= _WHOLE:
            return arrivals
        kept, self._carried = divmod(self._carried + arrivals * self._millionths, _WHOLE)
        return kept

    def add(self, part_ns: int, gap_ns: int) -> int:
        """Return how many arrivals are to be added within `part_ns` of the `gap_ns` between two planned ones."""
        if not self.adds or gap_ns <= 0:
            return 0
        more = (self._millionths - _WHOLE) * min(part_ns, gap_ns) // gap_ns
        added, self._carried = divmod(self._carried + max(0, more), _WHOLE)
        return added
