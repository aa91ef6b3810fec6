"""Run a plan in worker processes on this machine and yield what happens; the coordinator's side of the pipe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine
from dataclasses import asdict, dataclass
from typing import Any

from loadkit.engine.accounts import Owed
from loadkit.engine.ending import Course, Ending
from loadkit.engine.events import Event, Finished, Interval, LogLine, Started
from loadkit.engine.result import RunResult
from loadkit.engine.services import Line
from loadkit.engine.usage import Usage
from loadkit.fleet.control import AS_PLANNED, Control
from loadkit.fleet.loss import OnWorkerLoss
from loadkit.fleet.observing import Observers
from loadkit.fleet.process import WorkerProcess
from loadkit.fleet.sizing import usable_cores
from loadkit.fleet.stop import Stop
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import COORDINATOR, Snapshot, from_wire, to_wire
from loadkit.metrics.span import Span
from loadkit.scenario.plan import Plan
from loadkit.scenario.source import document_to_wire
from loadkit.slo.watch import Abort
from loadkit.units import NS_PER_S, format_duration_ns
from loadkit.workload.base import ClosedWorkload, Shard

_LEAD_NS = 20_000_000  # between "everybody is ready" and the first instant
KILL_TIMEOUT_S = 1.5
_OWN = -1  # who says a message that no worker does
_ENDED = 1 << 60  # seconds told by a worker of which nothing more is to be waited for
SILENT_NS = 6 * NS_PER_S  # a worker tells of itself once a second; one that is 5 s late hangs
_WATCH_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a plan is run. `graceful_stop_ns` is what virtual users at work get after the last phase or a signal.

    `workers` is how many are asked for, None as many as the plan is worth. A worker that says nothing for `silent_ns`
    hangs, and is ended and lost.
    """

    workers: int | None = None
    graceful_stop_ns: int = 30 * NS_PER_S
    debug: bool = False
    on_worker_loss: OnWorkerLoss = OnWorkerLoss.ABORT
    silent_ns: int = SILENT_NS


class Fleet:
    """The workers of one run, and what they have reported so far."""

    def __init__(
        self,
        plan: Plan,
        options: RunOptions,
        stop: Stop,
        workers: list[WorkerProcess],
        *,
        control: Control,
        observers: Observers,
    ) -> None:
        self._plan = plan
        self._options = options
        self._stop = stop
        self._control = control
        self._workers = workers
        self._observers = observers
        self._messages: asyncio.Queue[tuple[int, tuple[str, dict[str, Any]] | None]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._intervals: dict[int, Snapshot] = {}
        self._delays_ns: dict[int, int] = {}  # how late each second was read, at the worst
        self._usage = Usage()  # this process
        self._wires: dict[int, list[Any]] = {}
        self._spans: dict[int, list[Span]] = {}
        self._reported = [0] * len(workers)  # seconds told by each worker
        self._heard_ns = [0] * len(workers)  # when each worker last said anything
        self._draining = [False] * len(workers)
        self._due = [0] * len(workers)  # arrivals reported by each worker
        self._lost: dict[int, Owed] = {}  # worker -> its arrivals that were due and never reported
        self._died_ns: dict[int, int] = {}
        self._start_ns = time.perf_counter_ns()
        self._stopped_ns = 0  # when the user asked to stop: nothing was due after that
        self._aborted_by: Abort | None = None
        self._course = Course(plan, workers=len(workers), started_at=time.time())

    async def run(self) -> AsyncGenerator[Event, None]:
        """Run the plan and yield its events, Finished last. Raises FleetError when a worker cannot be had."""
        ready = await self._prepared()
        if ready and self._control.must_wait:
            self._control.ready()
            yield LogLine(text="note: the workers are ready; load begins when it is told to", stream="stderr")
            ready = await self._unless_stopped(self._control.begun())
        if not ready:
            yield Finished(result=self._result())
            return
        self._begin()
        yield Started(
            plan=self._plan,
            workers=len(self._workers),
            started_at=self._course.started_at,
            target=self._plan.target,
        )
        working = len(self._workers)
        while working:
            index, message = await self._messages.get()
            if message is None or message[0] == "done":
                working -= 1
                self._reported[index] = _ENDED
                if message is None:
                    self._lose(index)
                    yield await self._told(index)
            else:
                for event in self._logged(message[1]):
                    yield event
                if index != _OWN:
                    self._take(index, message[1])
            for interval in self._complete():
                yield interval
            for line in self._observers.said():
                yield line
            self._abort_if_failed()
        self._control.attach(None)
        yield Finished(result=self._result())

    def elapsed_s(self) -> float:
        """Return for how long load has been made."""
        return max(0.0, self._elapsed_ns() / NS_PER_S)

    def steerable(self) -> bool:
        """Say whether arrivals are still to come that could be made others."""
        return not (self._stopped_ns or all(self._draining)) and self._elapsed_ns() < self._plan.duration_ns

    def adjust(self, factor: float) -> None:
        """Make so many times the planned arrivals from now on."""
        for worker in self._workers:
            worker.send("adjust", rate=factor)
        to_come = [phase for phase in self._plan.phases if phase.end_ns > self._elapsed_ns()]
        closed = [phase.name for phase in to_come if isinstance(phase.workload, ClosedWorkload)]
        if closed and factor not in (0.0, AS_PLANNED):
            self.say(f"note: a rate has no effect on users of a closed model ({', '.join(closed)}); pauses have")

    def say(self, text: str) -> None:
        """Tell the outputs a line."""
        self._messages.put_nowait((_OWN, ("log", {"lines": [("stderr", text)]})))

    async def close(self) -> None:
        """End what still runs and wait until it is gone; doing it twice is no fault."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.close() for worker in self._workers))

    def abandon(self) -> None:
        """End what still runs without waiting for the event loop."""
        for task in self._tasks:
            if not task.get_loop().is_closed():
                task.cancel()
        for worker in self._workers:
            worker.abandon()

    async def _prepared(self) -> bool:
        """Wait until every worker is ready; say whether load is to begin."""
        order = self._order()
        return await self._unless_stopped(*(w.prepare({**order, "worker": i}) for i, w in enumerate(self._workers)))

    async def _unless_stopped(self, *work: Coroutine[Any, Any, None]) -> bool:
        """Wait until all of it is done. A wish to stop ends the workers before that, and False is returned."""
        asked = asyncio.create_task(self._stop.asked())
        tasks = [asyncio.create_task(one) for one in work]
        done: asyncio.Future[list[None]] = asyncio.gather(*tasks)
        try:
            either: set[asyncio.Future[Any]] = {done, asked}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                for worker in self._workers:
                    worker.kill()
                return False
            await done
            return True
        finally:  # also when a worker fails or the caller is cancelled: none is left to itself
            for task in (asked, *tasks):
                task.cancel()
            await asyncio.gather(asked, *tasks, done, return_exceptions=True)

    def _begin(self) -> None:
        """Name the first instant to the workers and listen to them."""
        self._start_ns = time.perf_counter_ns() + _LEAD_NS
        self._course.started_at = time.time() + _LEAD_NS / NS_PER_S
        self._heard_ns = [self._start_ns] * len(self._workers)
        for worker in self._workers:
            worker.send("start", start_ns=self._start_ns)
        self._observers.begin(self._start_ns)
        self._tasks = [asyncio.create_task(self._read(index)) for index in range(len(self._workers))]
        self._tasks += [asyncio.create_task(self._obey()), asyncio.create_task(self._watch())]
        self._control.attach(self)

    def _order(self) -> dict[str, Any]:
        return {
            "document": document_to_wire(self._plan.document),
            "settings": asdict(self._plan.settings),
            "indexes": [None if index is None else asdict(index) for index in self._plan.indexes],
            "workers": len(self._workers),
            "graceful_stop_ns": self._options.graceful_stop_ns,
            "debug": self._options.debug,
            "given": dict(self._plan.given),
        }

    async def _read(self, index: int) -> None:
        while True:
            try:
                message = await self._workers[index].receive()
            except ValueError:  # what it says makes no sense: it is as good as dead
                self._workers[index].kill("what it said made no sense")
                message = None
            self._heard_ns[index] = time.perf_counter_ns()
            await self._messages.put((index, message))
            if message is None or message[0] == "done":
                return

    async def _watch(self) -> None:
        """End workers that hang: stopped, or stuck in code that does not return. Their socket then says that they are gone.

        When this process was held up itself, nobody was heard for that long, and everybody gets the time anew.
        """
        while True:
            asleep_ns = time.perf_counter_ns()
            await asyncio.sleep(_WATCH_S)
            now_ns = time.perf_counter_ns()
            if now_ns - asleep_ns > NS_PER_S:
                self._heard_ns = [now_ns] * len(self._workers)
            for index, worker in enumerate(self._workers):
                silent_ns = now_ns - self._heard_ns[index]
                if self._reported[index] < _ENDED and silent_ns > self._options.silent_ns:
                    worker.kill(f"it said nothing for {format_duration_ns(self._options.silent_ns)}")

    async def _obey(self) -> None:
        """Pass the user's wish to stop on; who does not obey a kill is ended and counts as lost."""
        while True:
            requests = await self._stop.asked()
            self._stopped_ns = self._stopped_ns or self._elapsed_ns()
            for worker in self._workers:
                worker.send("stop" if requests == 1 else "kill")
            if requests > 1:
                await self._end_stuck()

    def _logged(self, fields: dict[str, Any]) -> list[LogLine]:
        return [LogLine(**Line(*line)._asdict()) for line in fields["lines"]]

    def _take(self, index: int, fields: dict[str, Any]) -> None:
        """Add a worker's interval to those of its fellows for the same second."""
        self._draining[index] = bool(fields["draining"])
        snapshot = from_wire(fields["snapshot"])
        self._due[index] += snapshot.count("arrivals.due")
        second = max(0, snapshot.end_ns - 1) // NS_PER_S  # a worker that was late tells of several at once
        second = max(second, self._reported[index])  # the run's last part is an interval of its own
        self._reported[index] = second + 1
        if second in self._intervals:
            self._intervals[second].merge(snapshot)
        else:
            self._intervals[second] = snapshot  # it came over the wire and is nobody else's: no copy
        delay_ns = max(0, self._elapsed_ns() - snapshot.end_ns)
        self._delays_ns[second] = max(delay_ns, self._delays_ns.get(second, 0))
        self._wires.setdefault(second, []).append(fields["snapshot"])
        self._spans.setdefault(second, []).extend(Span(*span) for span in fields["spans"])

    def _lose(self, index: int) -> None:
        """Take note of a dead worker; stop the others unless they are to go on without it."""
        self._died_ns[index] = self._elapsed_ns()
        self._lost[index] = Owed(self._plan, Shard(index, len(self._workers)), self._due[index])
        if self._options.on_worker_loss is OnWorkerLoss.ABORT:
            for worker in self._workers:
                worker.send("kill")
            self._tasks.append(asyncio.create_task(self._end_stuck()))

    async def _told(self, index: int) -> LogLine:
        """Say how a worker came to its end: one that was killed has no last words of its own."""
        worker = self._workers[index]
        return LogLine(text=f"error: worker {index} (process {worker.pid}) {await worker.fate()}", stream="stderr")

    def _abort_if_failed(self) -> None:
        """Cut everybody off when a threshold with `abort` has failed, unless the run comes to its end by itself."""
        if self._aborted_by or self._stopped_ns or self._lost or min(self._reported) == _ENDED:
            return
        self._aborted_by = self._course.abort()
        if self._aborted_by is not None:
            self._stopped_ns = self._elapsed_ns()
            for worker in self._workers:
                worker.send("kill")
            self._tasks.append(asyncio.create_task(self._end_stuck()))

    async def _end_stuck(self) -> None:
        """End the workers that do not obey a kill; they count as lost."""
        await asyncio.sleep(KILL_TIMEOUT_S)
        for index, worker in enumerate(self._workers):
            if self._reported[index] < _ENDED:
                worker.kill("it did not stop when told to")

    def _elapsed_ns(self) -> int:
        return time.perf_counter_ns() - self._start_ns

    def _lost_arrivals(self) -> int:
        """Return the arrivals that lost workers owed: until their death, or until the end where the others went on."""
        degraded = self._options.on_worker_loss is OnWorkerLoss.DEGRADE
        total = 0
        for index, owed in self._lost.items():
            until_ns = self._course.summary.end_ns if degraded else self._died_ns[index]
            total += owed.until(min(until_ns, self._stopped_ns or until_ns))
        return total

    def _complete(self) -> list[Interval]:
        """Return the intervals that every worker has reported, in order."""
        ready = []
        for second in sorted(second for second in self._intervals if second < min(self._reported)):
            snapshot = self._intervals.pop(second)  # forgotten once it is told: a long run stays small
            own = self._own(snapshot.end_ns, self._delays_ns.pop(second, 0))
            snapshot.merge(own)
            self._course.add(snapshot)
            ready.append(
                Interval(
                    snapshot=snapshot,
                    summary=self._course.summary,
                    draining=all(self._draining),
                    lost=self._lost_arrivals(),
                    wires=(*self._wires.pop(second), to_wire(own)),
                    budgets=self._course.budgets(),
                    standings=self._course.standings(),
                    spans=tuple(self._spans.pop(second)),
                    interventions=self._control.interventions,
                    rate=self._control.rate,
                )
            )
        return ready

    def _own(self, end_ns: int, delay_ns: int) -> Snapshot:
        """Return what this process, which makes no load, takes from the machine."""
        seen = self._usage.take()
        told: dict[str, float] = {name: seen[name] for name in ("cpu", "rss_bytes", "fds") if name in seen}
        told["delay_s"] = delay_ns / NS_PER_S
        gauges = {(f"coordinator.{name}", COORDINATOR): Gauge.seen(end_ns, value) for name, value in told.items()}
        made = self._observers.take(end_ns)
        made.gauges |= gauges
        return made

    def _result(self) -> RunResult:
        ending = Ending(
            elapsed_s=self._elapsed_ns() / NS_PER_S if self._tasks else 0.0,  # else load never began
            signal=self._stop.signal,
            aborted_by=self._aborted_by,
            lost_workers=len(self._lost),
            lost_arrivals=self._lost_arrivals(),
            cores=usable_cores(),
            interventions=self._control.interventions,
        )
        return self._course.conclude(ending)
