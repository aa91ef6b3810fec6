"""Watch until somebody says that it is enough: one look an interval, told as it comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from time import perf_counter_ns as now_ns

from loadkit import registry
from loadkit.monitor.monitor import Monitor, Row
from loadkit.monitor.state import State
from loadkit.observe.watching import OPEN_WITHIN_S, Watching, refuse
from loadkit.slo.observed import Observed, Place
from loadkit.units import NS_PER_S

Tell = Callable[[Row, State, Sequence[str]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What came of it."""

    state: State
    rows: Sequence[Row]


class Watch:
    """Looks at what is `observed` once in `every_ns`, from `open` to `stop` or the end of `duration_ns`."""

    def __init__(self, observed: Observed, *, every_ns: int, duration_ns: int | None) -> None:
        self.observed = observed
        self._every_ns = every_ns
        self._duration_ns = duration_ns
        self._stop = threading.Event()
        opens = {name: plugin.open for name, plugin in registry.plugins("sampler").items()}
        self._watching = Watching(observed.sources, opens, Place(), every_ns)
        self.started_at = time.time()

    def open(self) -> State:
        """Find what is to be watched, and return the state of the beginning. Raises PreflightError where it is not there."""
        wait(self._watching.start(), timeout=OPEN_WITHIN_S)
        refuse(self._watching.missing(), "`ps -ef` and `ss -ltnp` show what there is")
        self.started_at = time.time()
        return State(
            at=self.started_at,
            elapsed_s=0.0,
            every_s=self._every_ns / NS_PER_S,
            observed=self.observed,
            ages_s={source.name: None for source in self.observed.sources},
        )

    def stop(self) -> None:
        """End it, from any thread or signal handler."""
        self._stop.set()

    def run(self, tell: Tell) -> Watched:
        """Watch, and tell of each interval as it ends."""
        start_ns, number = now_ns(), 0
        self.started_at = time.time()
        monitor = Monitor(self.observed, self._watching, every_ns=self._every_ns, started_at=self.started_at)
        self._watching.begin(start_ns)
        state = None
        while state is None or not self._over(number):
            number += 1
            self._stop.wait(max(0, start_ns + number * self._every_ns - now_ns()) / NS_PER_S)
            row, state, remarks = monitor.take(now_ns() - start_ns)
            if row.values or remarks or not self._stop.is_set():  # who stops it between two looks has seen all
                tell(row, state, remarks)
            number = max(number, (now_ns() - start_ns) // self._every_ns)
        return Watched(state=state, rows=monitor.rows)

    def close(self) -> None:
        """Let go of everything; doing it twice is no fault."""
        self._watching.close()

    def _over(self, number: int) -> bool:
        over = self._duration_ns is not None and number * self._every_ns >= self._duration_ns
        return over or self._stop.is_set()
