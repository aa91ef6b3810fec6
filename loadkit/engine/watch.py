"""Whether a worker's event loop comes when it is called, and what kept it: garbage collections, or the machine.

A wake-up is due every 20 ms; how late it comes is `generator.loop_lag`, and so long may a response have lain unread. What holds
up the loop for a second is fifty late wake-ups, and all fifty are recorded: percentiles are shares of time. Where the process
had no processor time in between, the machine did not run it: `generator.stall`.
"""

from __future__ import annotations

import gc
from time import perf_counter_ns as now_ns
from time import process_time_ns

from loadkit.clock import Clock
from loadkit.metrics.recorder import Recorder

EVERY_NS = 20_000_000
STALL_NS = 50_000_000
_MOST_MISSED = 3000  # a minute; after a suspend nobody needs more of them


class LoopWatch:
    """Watches the loop of a clock from `start` to `close`. The label of its times is "worker N"."""

    def __init__(self, clock: Clock, recorder: Recorder) -> None:
        self._clock = clock
        self._lags = recorder.times("generator.loop_lag", recorder.label)
        self._pauses = recorder.times("generator.gc_pause", recorder.label)
        self._stalls = recorder.times("generator.stall", recorder.label)
        self._collected: list[int] = []  # a collection may come at any moment, even while times are being read
        self._due_ns = 0
        self._woke_ns = 0
        self._cpu_ns = 0
        self._collecting_ns = 0
        self._closed = False

    def start(self) -> None:
        """Begin to watch."""
        gc.callbacks.append(self._collect)
        self._cpu_ns, self._woke_ns = process_time_ns(), self._clock.now_ns()
        self._due_ns = self._woke_ns + EVERY_NS
        self._clock.at(self._due_ns, self._wake)

    def close(self) -> None:
        """Watch no longer."""
        self._closed = True
        if self._collect in gc.callbacks:
            gc.callbacks.remove(self._collect)
        self._note_collections()

    def _wake(self) -> None:
        if self._closed:
            return
        now, cpu_ns = self._clock.now_ns(), process_time_ns()
        late_ns = max(0, now - self._due_ns)
        stalled_ns = min(late_ns, now - self._woke_ns - (cpu_ns - self._cpu_ns))
        if stalled_ns >= STALL_NS:
            self._stalls.append(stalled_ns)
        self._woke_ns, self._cpu_ns = now, cpu_ns
        missed = min(late_ns // EVERY_NS, _MOST_MISSED)
        self._lags.extend(late_ns - EVERY_NS * before for before in range(missed + 1))
        self._note_collections()
        self._due_ns += (late_ns // EVERY_NS + 1) * EVERY_NS
        self._clock.at(self._due_ns, self._wake)

    def _note_collections(self) -> None:
        if self._collected:
            collected, self._collected = self._collected, []
            self._pauses += collected

    def _collect(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting_ns = now_ns()
        elif self._collecting_ns:
            self._collected.append(now_ns() - self._collecting_ns)
            self._collecting_ns = 0
