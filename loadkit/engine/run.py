"""Run one shard of a plan on this process's event loop, and report once a second.

waiting --start--> phases --last phase over, or stop--> draining --nobody left, or time is up--> done
                                                            |---- kill: everybody is cut off at once
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from time import perf_counter_ns as now_ns
from typing import Any

from loadkit.clock import LoopClock
from loadkit.engine.descriptors import SPARE_DESCRIPTORS, descriptor_limit
from loadkit.engine.rate import Rate
from loadkit.engine.schedule import ClosedPhase, OpenPhase
from loadkit.engine.services import Line, WorkerServices
from loadkit.engine.traced import TracedVisits
from loadkit.engine.usage import LEAST_NS, Usage
from loadkit.engine.visits import Visits
from loadkit.engine.watch import LoopWatch
from loadkit.flow.tracer import Tracer, traced_share
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import Outcome
from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.span import Span
from loadkit.protocols.tracing import prefix_of
from loadkit.scenario.plan import Phase, Plan
from loadkit.units import NS_PER_S
from loadkit.workload.base import ClosedWorkload, Shard

Emit = Callable[[Snapshot, list[Line], bool, list[Span]], None]
"""Takes an interval's snapshot, its log lines, whether the run is draining, and the spans of traced visits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """How a shard is to be run. `start_ns` is the common first instant on perf_counter_ns."""

    shard: Shard
    start_ns: int
    graceful_stop_ns: int
    debug: bool = False


class ShardRun:
    """One shard's run. `adjust`, `stop` and `kill` may be called from the loop at any time."""

    def __init__(self, plan: Plan, recorder: Recorder, orders: Orders, emit: Emit) -> None:
        self._plan = plan
        self._orders = orders
        self._emit = emit
        self._recorder = recorder
        recorder.origin_ns = orders.start_ns
        self._loop = asyncio.get_running_loop()
        self._clock = LoopClock(self._loop)
        self._services = WorkerServices(self._clock, recorder, seed=plan.seed, debug=orders.debug, secrets=plan.secrets)
        self._services.sequence = count(orders.shard.index, orders.shard.count)
        self._services.tracer = _tracer_of(plan, orders.start_ns)
        self._visits = (TracedVisits if self._services.tracer else Visits)(plan, self._services, orders.shard)
        self._rate = Rate(orders.shard)
        self._visits.on_out_of_rows = self._out_of_rows
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._phase: OpenPhase | ClosedPhase | None = None
        self._next = 0
        self._interval_start_ns = 0
        self._most_active = _most_active(plan)
        self._phase_index = 0
        self._usage = Usage()
        self._hooks_ns = 0
        self._watch = LoopWatch(self._clock, recorder)

    async def run(self) -> None:
        """Run to the end; the last snapshot has been emitted when this returns."""
        orders = self._orders
        collector = gc.get_threshold()
        gc.collect()
        gc.freeze()  # what the plan holds is never garbage; full collections would stop the load (python -m bench micro)
        gc.set_threshold(50_000, 20, 100)
        self._loop.set_exception_handler(self._unheard)
        try:
            self._watch.start()
            self._clock.at(orders.start_ns, self._next_phase)
            self._clock.at(orders.start_ns + NS_PER_S, self._tick)
            await self._done
        finally:
            self._watch.close()
            self._services.close()
            self._clock.close()
            gc.set_threshold(*collector)
            gc.unfreeze()
        self._report()
        await asyncio.sleep(0)  # let transports close
        self._loop.set_exception_handler(None)

    def adjust(self, factor: float) -> None:
        """Start so many times as many arrivals as planned from now on; with 0 nobody begins anything until another factor is set.

        The plan's time goes on. How often closed users begin visits is not the plan's to say: they only know pauses.
        """
        if self._services.draining:
            return
        self._rate.set(factor)
        if self._rate.paused:
            self._services.pause()
        elif self._services.paused:
            self._services.resume()
        if isinstance(self._phase, OpenPhase):
            self._phase.adjust()

    def stop(self) -> None:
        """Start nobody any more, and end when those at work are done or the graceful stop has passed."""
        self._next = len(self._plan.phases)
        if self._phase is not None:
            self._phase.stop()
        self._drain()
        self._clock.at(now_ns() + self._orders.graceful_stop_ns, self._cut_off)  # sooner, if it drained already

    def kill(self) -> None:
        """Cut everybody off now."""
        self.stop()
        self._services.cancel_all()
        self._finish()

    def print_line(self, text: str) -> None:
        """Print a line that nobody's virtual user wrote; the values of secrets are masked."""
        self._services.log(self._services.secrets.mask(text))

    def _next_phase(self) -> None:
        if self._services.draining:
            return
        if self._phase is not None:
            self._phase.end()
            self._phase = None
        if self._next == len(self._plan.phases) or self._visits.out_of_rows:
            self._drain()
            return
        phase = self._plan.phases[self._next]
        self._next += 1
        self._recorder.begin_phase(phase.index, self._orders.start_ns + phase.start_ns)
        self._phase_index = phase.index
        self._phase = self._make(phase)
        self._clock.at(self._orders.start_ns + phase.end_ns, self._next_phase)
        self._phase.begin(self._services)

    def _make(self, phase: Phase) -> OpenPhase | ClosedPhase:
        visits, shard, origin_ns = self._visits, self._orders.shard, self._orders.start_ns
        if isinstance(phase.workload, ClosedWorkload):
            users = ClosedPhase(phase, phase.workload, shard, origin_ns, visits)
            users.on_exhausted = self._exhausted if self._next == len(self._plan.phases) else None
            return users
        made = OpenPhase(phase, phase.workload, shard, origin_ns, visits, self._most_active, self._rate)
        if phase.workload.ends_early and self._next == len(self._plan.phases):
            made.on_exhausted = self._exhausted
        return made

    def _exhausted(self) -> None:
        """All arrivals of the last phase are at work: who ends sooner than planned costs nobody the graceful stop."""
        self._drain(since_ns=self._orders.start_ns + self._plan.duration_ns)

    def _out_of_rows(self) -> None:
        """Nobody may begin any more: stop, once the visit that took the last row is on its way."""
        self._loop.call_soon(self.stop)

    def _drain(self, since_ns: int = 0) -> None:
        if self._services.draining:
            return
        self._services.drain()
        if not self._services.active:
            self._finish()
            return
        self._services.on_idle = self._finish
        self._clock.at(max(now_ns(), since_ns) + self._orders.graceful_stop_ns, self._cut_off)

    def _cut_off(self) -> None:
        self._services.cancel_all()
        self._finish()

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _tick(self) -> None:
        self._report()
        if not self._done.done():
            passed = (now_ns() - self._orders.start_ns) // NS_PER_S
            self._clock.at(self._orders.start_ns + (passed + 1) * NS_PER_S, self._tick)

    def _unheard(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take what no coroutine heard of: an exception of a callback is our fault and is counted, a broken socket is not.

        Who uses a connection is told of its end by `connection_lost`; some transports tell the loop as well, aiofastnet with
        the class ConnectionResetError where its instance belongs.
        """
        error = context.get("exception")
        if not isinstance(error, OSError) and error is not ConnectionResetError:
            text = f"{context.get('message')}: {type(error).__name__}: {error}"
            self._recorder.error(Outcome.INTERNAL.value, text=text, mask=self._services.secrets.mask)

    def _report(self) -> None:
        services = self._services
        end_ns = max(1, now_ns() - self._orders.start_ns)
        self._recorder.gauge("phase.index", float(self._phase_index))
        self._recorder.gauge("vusers.active", float(services.active))
        for name, value in self._usage.take().items():
            self._recorder.gauge(f"worker.{name}", value)
        self._report_hooks(end_ns - self._interval_start_ns)
        spans = self._take_spans()
        snapshot = self._recorder.snapshot(self._interval_start_ns, end_ns)
        self._interval_start_ns = end_ns
        self._emit(snapshot, services.take_lines(), services.draining, spans)

    def _take_spans(self) -> list[Span]:
        """Return the spans since the last look, and count those for which there was no room."""
        tracer = self._services.tracer
        if tracer is None:
            return []
        if tracer.spans.dropped:
            self._recorder.count("traces.spans_dropped", by=tracer.spans.dropped)
        return tracer.spans.take()

    def _report_hooks(self, passed_ns: int) -> None:
        """Tell which share of its time the worker spent in functions of the processor; of too short a time nothing is told."""
        processor = self._plan.processor
        if processor is not None and passed_ns >= LEAST_NS:
            self._recorder.gauge("worker.hooks", (processor.spent_ns - self._hooks_ns) / passed_ns)
            self._hooks_ns = processor.spent_ns


def _tracer_of(plan: Plan, start_ns: int) -> Tracer | None:
    """Return what traces visits; None where no output wants to know of any."""
    share = traced_share(plan.config)
    return Tracer(share, prefix_of(plan.config), start_ns) if share else None


def _most_active(plan: Plan) -> int:
    """Return how many virtual users the descriptors allow; with a pool they hold none of their own."""
    limit = descriptor_limit()
    pooled = (plan.config.get("http") or {}).get("pool") is not None
    return sys.maxsize if pooled or not plan.connections else max(1, (limit - SPARE_DESCRIPTORS) // plan.connections)
