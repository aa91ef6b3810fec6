"""Run a plan in worker processes on this machine and yield what happens; the coordinator's side of the pipe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import asdict, dataclass, replace
from typing import Any

from loadkit.engine.events import Event, Finished, Interval, LogLine, Started
from loadkit.engine.result import RunResult
from loadkit.fleet.accounts import lost_arrivals, settle
from loadkit.fleet.loss import OnWorkerLoss
from loadkit.fleet.process import WorkerProcess
from loadkit.metrics.snapshot import Snapshot, from_wire
from loadkit.scenario.compile import Settings
from loadkit.scenario.judging import BusyStreak, active_s, judge
from loadkit.scenario.plan import Plan
from loadkit.scenario.source import Document, document_to_wire
from loadkit.units import NS_PER_S
from loadkit.workload.base import Shard

_LEAD_NS = 20_000_000  # between "everybody is ready" and the first instant
KILL_TIMEOUT_S = 1.5
_ENDED = 1 << 60  # seconds told by a worker of which nothing more is to be waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a plan is run. `graceful_stop_ns` is what virtual users at work get after the last phase or a signal."""

    graceful_stop_ns: int = 30 * NS_PER_S
    debug: bool = False
    on_worker_loss: OnWorkerLoss = OnWorkerLoss.ABORT


class Stop:
    """Asks a run to end: the first request stops arrivals and drains, the second cuts everybody off."""

    def __init__(self) -> None:
        self.signal: str | None = None
        self.requests = 0
        self._asked = asyncio.Event()

    def request(self, signal: str) -> None:
        """Ask once more; the first signal's name is the one that the result carries."""
        self.signal = self.signal or signal
        self.requests += 1
        self._asked.set()

    async def asked(self) -> int:
        """Wait for a request that nobody has waited for yet; return how many there were."""
        await self._asked.wait()
        self._asked.clear()
        return self.requests


async def run(
    document: Document, settings: Settings, plan: Plan, options: RunOptions, stop: Stop, workers: list[WorkerProcess]
) -> AsyncGenerator[Event, None]:
    """Run a plan on spawned workers and yield its events, Finished last. Raises FleetError when one cannot be had."""
    fleet = _Fleet(plan, options, stop, workers)
    try:
        async for event in fleet.run(document, settings):
            yield event
    finally:
        await fleet.close()


class _Fleet:
    """The workers of one run, and what they have reported so far."""

    def __init__(self, plan: Plan, options: RunOptions, stop: Stop, workers: list[WorkerProcess]) -> None:
        self._plan = plan
        self._options = options
        self._stop = stop
        self._workers = workers
        self._messages: asyncio.Queue[tuple[int, tuple[str, dict[str, Any]] | None]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._intervals: dict[int, Snapshot] = {}
        self._reported = [0] * len(workers)  # seconds told by each worker
        self._summary = Snapshot()
        self._busy = BusyStreak(plan)
        self._draining = [False] * len(workers)
        self._due = [0] * len(workers)  # arrivals reported by each worker
        self._lost: dict[int, int] = {}  # worker -> its arrivals that were due and never reported
        self._start_ns = 0
        self._stopped_ns = 0  # when the user asked to stop: nothing was due after that

    async def run(self, document: Document, settings: Settings) -> AsyncGenerator[Event, None]:
        order = self._order(document, settings)
        if not await self._prepared(order):
            self._start_ns = time.perf_counter_ns()
            yield Finished(result=self._result(document, settings, time.time()))
            return
        self._start_ns, started_at = time.perf_counter_ns() + _LEAD_NS, time.time() + _LEAD_NS / NS_PER_S
        for worker in self._workers:
            worker.send("start", start_ns=self._start_ns)
        yield Started(plan=self._plan, workers=len(self._workers), started_at=started_at, target=self._plan.target)
        self._tasks = [asyncio.create_task(self._read(index)) for index in range(len(self._workers))]
        self._tasks.append(asyncio.create_task(self._obey()))
        working = len(self._workers)
        while working:
            index, message = await self._messages.get()
            if message is None or message[0] == "done":
                working -= 1
                self._reported[index] = _ENDED
                if message is None:
                    self._lose(index)
            else:
                for event in self._logged(message[1]):
                    yield event
                self._take(index, message[1])
            for interval in self._complete():
                yield interval
        yield Finished(result=self._result(document, settings, started_at))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.close() for worker in self._workers))

    async def _prepared(self, order: dict[str, Any]) -> bool:
        """Wait until every worker is ready; say whether load is to begin. A signal before that ends the run."""
        preparing = asyncio.gather(*(w.prepare({**order, "worker": i}) for i, w in enumerate(self._workers)))
        asked = asyncio.ensure_future(self._stop.asked())
        either: set[asyncio.Future[Any]] = {preparing, asked}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            preparing.cancel()
            await asyncio.gather(preparing, return_exceptions=True)
            for worker in self._workers:
                worker.kill()
            return False
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await preparing
        return True

    def _order(self, document: Document, settings: Settings) -> dict[str, Any]:
        known = replace(settings, seed=self._plan.seed, target=self._plan.target)
        return {
            "document": document_to_wire(document),
            "settings": asdict(known),
            "workers": len(self._workers),
            "graceful_stop_ns": self._options.graceful_stop_ns,
            "debug": self._options.debug,
        }

    async def _read(self, index: int) -> None:
        while True:
            try:
                message = await self._workers[index].receive()
            except ValueError:  # what it says makes no sense: it is as good as dead
                self._workers[index].kill()
                message = None
            await self._messages.put((index, message))
            if message is None or message[0] == "done":
                return

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
        return [LogLine(text=text, stream=stream) for stream, text in fields["lines"]]

    def _take(self, index: int, fields: dict[str, Any]) -> None:
        """Add a worker's interval to those of its fellows for the same second."""
        self._draining[index] = bool(fields["draining"])
        snapshot = from_wire(fields["snapshot"])
        self._due[index] += snapshot.count("arrivals.due")
        second = max(0, snapshot.end_ns - 1) // NS_PER_S  # a worker that was late tells of several at once
        self._reported[index] = second + 1
        self._intervals.setdefault(second, Snapshot()).merge(snapshot)

    def _lose(self, index: int) -> None:
        """Take note of a dead worker; stop the others unless they are to go on without it."""
        self._lost[index] = self._elapsed_ns()
        if self._options.on_worker_loss is OnWorkerLoss.ABORT:
            for worker in self._workers:
                worker.send("kill")
            self._tasks.append(asyncio.create_task(self._end_stuck()))

    async def _end_stuck(self) -> None:
        """End the workers that do not obey a kill; they count as lost."""
        await asyncio.sleep(KILL_TIMEOUT_S)
        for index, worker in enumerate(self._workers):
            if self._reported[index] < _ENDED:
                worker.kill()

    def _elapsed_ns(self) -> int:
        return time.perf_counter_ns() - self._start_ns

    def _lost_arrivals(self) -> int:
        """Return the arrivals that lost workers owed: until their death, or until the end where the others went on."""
        degraded = self._options.on_worker_loss is OnWorkerLoss.DEGRADE
        total, count = 0, len(self._workers)
        for index, died_ns in self._lost.items():
            until_ns = self._summary.end_ns if degraded else died_ns
            if self._stopped_ns:
                until_ns = min(until_ns, self._stopped_ns)
            total += lost_arrivals(self._plan, Shard(index, count), until_ns, self._due[index])
        return total

    def _complete(self) -> list[Interval]:
        """Return the intervals that every worker has reported, in order."""
        ready = []
        for second in sorted(second for second in self._intervals if second < min(self._reported)):
            snapshot = self._intervals.pop(second)  # forgotten once it is told: a long run stays small
            self._summary.merge(snapshot)
            self._busy.add(snapshot)
            ready.append(Interval(snapshot=snapshot, summary=self._summary, draining=all(self._draining)))
        return ready

    def _result(self, document: Document, settings: Settings, started_at: float) -> RunResult:
        elapsed_s, summary = self._elapsed_ns() / NS_PER_S, self._summary
        trouble = settle(summary, self._lost_arrivals(), whole=not self._lost)
        busy_s = self._busy.longest_s
        measurement, verdicts = judge(self._plan, summary, busy_s=busy_s, lost=len(self._lost), trouble=trouble)
        return RunResult(
            plan=self._plan,
            files=document.files,
            summary=summary,
            verdicts=verdicts,
            measurement=measurement,
            started_at=started_at,
            elapsed_s=elapsed_s,
            active_s=active_s(self._plan, summary),
            workers=len(self._workers),
            target=self._plan.target,
            signal=self._stop.signal,
            tags=settings.tags,
        )
