"""What people may do to a run while it goes on, from its event loop; each thing that had an effect is an Intervention.

held --begin--> load as planned <--resume-- paused         pause and rate change the arrivals that come after them,
                      |  ^---set_rate---v      ^            never the plan's time: phases end when planned
                      |       load at a factor-'
                      '--stop--> draining --stop--> cut off     nothing but stop has an effect any more
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from loadkit.engine.interventions import LEAST_RATE, MOST_RATE, Intervention, Kind
from loadkit.fleet.stop import Stop
from loadkit.slo.window import clock

AS_PLANNED = 1.0


class Steered(Protocol):
    """The load that goes on."""

    def elapsed_s(self) -> float:
        """Return for how long."""

    def steerable(self) -> bool:
        """Say whether arrivals are still to come."""

    def adjust(self, factor: float) -> None:
        """Make so many times the planned arrivals from now on."""

    def say(self, text: str) -> None:
        """Tell the outputs a line."""


class Control:
    """Obeys, and keeps what was done. A method that returns a bool says whether it had an effect; what has none is not kept."""

    def __init__(self, stop: Stop, *, hold: bool = False) -> None:
        self._stop = stop
        self._load: Steered | None = None
        self._over = False
        self._factor = AS_PLANNED
        self._paused = False
        self._begun = asyncio.Event()
        self._ready = False
        self._interventions: list[Intervention] = []
        if not hold:
            self._begun.set()

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """Return what was done so far, in order."""
        return tuple(self._interventions)

    @property
    def rate(self) -> float:
        """Return how many times the planned arrivals are made: 0 in a pause, 1 as long as nobody intervenes."""
        return 0.0 if self._paused else self._factor

    @property
    def stops(self) -> int:
        """Return how often the run was asked to stop, by signals too."""
        return self._stop.requests

    @property
    def must_wait(self) -> bool:
        """Say whether load may not begin yet."""
        return not self._begun.is_set()

    @property
    def held(self) -> bool:
        """Say whether the workers are ready and wait for `begin`."""
        return self._ready and not self._begun.is_set()

    def pause(self, by: str) -> bool:
        """Start nobody until `resume`."""
        if not self._steerable() or self._paused:
            return False
        self._paused = True
        self._adjust("pause", by, 0.0, f"paused by {by}: nobody is started, and the plan's time goes on")
        return True

    def resume(self, by: str) -> bool:
        """Start again who is due, at the factor that was set last."""
        if not self._steerable() or not self._paused:
            return False
        self._paused = False
        self._adjust("resume", by, self._factor, f"resumed by {by}")
        return True

    def set_rate(self, factor: float, by: str) -> bool:
        """Make so many times the planned arrivals; in a pause, after it. Raises ValueError for what is no factor."""
        factor = float(factor)  # True and 2 are kept as what readers of a report expect
        if not LEAST_RATE <= factor <= MOST_RATE:
            raise ValueError(f"a rate is {LEAST_RATE:g} to {MOST_RATE:g} times the planned one, not {factor:g}")
        if not self._steerable() or factor == self._factor:
            return False
        self._factor = factor
        what = "as planned" if factor == AS_PLANNED else f"{factor:g} times the planned one"
        self._adjust(
            "rate", by, factor, f"arrival rate set to {what} by {by}{', after the pause' if self._paused else ''}"
        )
        return True

    def stop(self, by: str) -> bool:
        """Start nobody any more and let those at work finish; the second time, cut them off.

        The first time it is not kept where nobody was to be started any more: it changes nothing about such a run.
        """
        if self._stop.requests or self._load is None or self._load.steerable():
            self._keep("stop", by, self.rate)
        if self._load is not None:
            end = "those at work are cut off" if self._stop.requests else "those at work may finish"
            self._load.say(f"stopped by {by}: {end}")
        self._stop.request()
        return True

    def begin(self, by: str) -> bool:
        """Let a load begin that is held, as soon as its workers are ready."""
        if self._begun.is_set() or self._stop.requests:
            return False
        self._keep("begin", by, self.rate)
        self._begun.set()
        return True

    def ready(self) -> None:
        """Say that nothing but `begin` is waited for."""
        self._ready = True

    async def begun(self) -> None:
        """Wait until load may begin."""
        try:
            await self._begun.wait()
        finally:
            self._ready = False

    def attach(self, load: Steered | None) -> None:
        """Say which load goes on, None when it is over: what is done after that is no part of it."""
        self._load = load
        self._over = load is None

    def _steerable(self) -> bool:
        return self._load is not None and not self._stop.requests and self._load.steerable()

    def _adjust(self, kind: Kind, by: str, value: float, text: str) -> None:
        self._keep(kind, by, value)
        if self._load is not None:
            self._load.adjust(self.rate)
            self._load.say(f"note: {clock(int(self._load.elapsed_s()))}  {text}")

    def _keep(self, kind: Kind, by: str, value: float) -> None:
        if self._over:
            return
        at_s = 0.0 if self._load is None else self._load.elapsed_s()
        self._interventions.append(Intervention(at_s=at_s, kind=kind, by=by, value=value))
