"""What is observed while a run goes on, as the coordinator takes it: gauges for its snapshots, and lines for who looks on."""

from __future__ import annotations

import asyncio
import math

from loadkit import registry
from loadkit.engine.events import LogLine
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.observe.watching import OPEN_WITHIN_S, Seen, Watching, refuse
from loadkit.scenario.plan import Plan
from loadkit.slo.observed import LOST, OBSERVED, Place


class Observers:
    """The sources of a plan. A plan that observes nothing costs nothing."""

    def __init__(self, plan: Plan, demo_pid: int | None = None) -> None:
        self._plan = plan
        self._lines: list[LogLine] = []
        opens = (
            {name: plugin.open for name, plugin in registry.plugins("sampler").items()} if plan.observed.sources else {}
        )
        self._watching = Watching(plan.observed.sources, opens, Place(target=plan.target, demo_pid=demo_pid))

    async def start(self) -> None:
        """Find all sources. Raises PreflightError where one that is required is not there."""
        opening = [asyncio.wrap_future(opened) for opened in self._watching.start()]
        if opening:
            await asyncio.wait(opening, timeout=OPEN_WITHIN_S)
            for opened in opening:
                if opened.done():
                    opened.exception()  # it is said below
                else:
                    opened.cancel()
            hint = "start it first, or write `required: false` for what may come later"
            refuse(map(self._plan.secrets.mask, self._watching.missing()), hint)

    def begin(self, start_ns: int) -> None:
        """Look at everything once a second from the run's first instant on."""
        self._watching.begin(start_ns)

    def take(self, end_ns: int) -> Snapshot:
        """Return what was seen since the last time. `end_ns` is the end of the second that is told."""
        seen = self._watching.take()
        made = Snapshot()
        for look in seen.looks:
            for series, value in look.values.items():
                if math.isfinite(value) and look.source.get(series) is not None:
                    key, gauge = (look.source.gauge(series), COORDINATOR), Gauge.seen(look.at_ns, value)
                    made.gauges[key] = made.gauges[key].merged(gauge) if key in made.gauges else gauge
        for name, lost in seen.lost.items():
            made.gauges[f"{LOST}{name}", COORDINATOR] = Gauge.seen(end_ns, float(lost))
        self._remark(seen, made)
        return made

    def said(self) -> list[LogLine]:
        """Return what was remarked since the last time."""
        lines, self._lines = self._lines, []
        return lines

    async def close(self) -> None:
        """Observe no longer."""
        await asyncio.to_thread(self._watching.close)

    def abandon(self) -> None:
        """Observe no longer, without waiting."""
        self._watching.abandon()

    def _remark(self, seen: Seen, made: Snapshot) -> None:
        for remark in seen.remarks:
            name, text = remark.source.name, self._plan.secrets.mask(remark.text)
            made.examples.setdefault(f"{OBSERVED}{name}", []).append((remark.at_ns, text))
            self._lines.append(LogLine(text=f"warning: observing {name}: {text}", stream="stderr"))
