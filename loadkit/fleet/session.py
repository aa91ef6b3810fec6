"""One run from its first process to its last: the demo if the plan asks for it, the workers, the events, the outputs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from types import TracebackType
from typing import Self

from loadkit.demo.options import options_of
from loadkit.demo.process import DemoProcess, start_demo
from loadkit.engine.descriptors import descriptor_limit
from loadkit.engine.events import Event, Finished, Interval, LogLine, Started
from loadkit.engine.interventions import Intervention
from loadkit.engine.result import RunResult
from loadkit.errors import PreflightError
from loadkit.fleet.control import Control
from loadkit.fleet.errand import ErrandCourse
from loadkit.fleet.local import Fleet, RunOptions
from loadkit.fleet.observing import Observers
from loadkit.fleet.preflight import check_descriptors, check_local_addresses
from loadkit.fleet.process import WorkerProcess
from loadkit.fleet.sizing import usable_cores, worker_count
from loadkit.fleet.stop import Stop
from loadkit.outputs.base import Output
from loadkit.scenario.demo_target import DEMO_TARGET
from loadkit.scenario.plan import Plan
from loadkit.scenario.processor import import_processor
from loadkit.scenario.reading import aimed


class Session:
    """The events of one run, in order: iterate over it once. It runs in whatever asyncio loop iterates over it.

    No process and no load outlives it. That holds when the loop over it ends by itself, when it is left by `break` or an
    exception, and when its task is cancelled. `async with` says exactly when; without it the last reference does.
    `finish` is awaited with the result right before Finished. `closing` is called when the run is over or was left, in a thread
    where there is still a loop to wait for it, and then once more. With `hold` the workers are made ready and wait for `begin`.

    `pause`, `resume`, `set_rate`, `stop` and `begin` are called from its event loop, from other threads through
    `loop.call_soon_threadsafe`. `by` is who did it: "keyboard", "dashboard" or "api". They say whether that had an effect; what
    had none, such as a pause within a pause, is not kept among `interventions`.
    """

    def __init__(
        self,
        plan: Plan,
        options: RunOptions,
        *,
        stop: Stop | None = None,
        workers: list[WorkerProcess] | None = None,
        outputs: Sequence[Output] = (),
        finish: Callable[[RunResult], Awaitable[None]] | None = None,
        closing: Callable[[], None] | None = None,
        hold: bool = False,
    ) -> None:
        stop = stop or Stop()
        self._control = Control(stop, hold=hold)
        self._course = _Course(plan, options, stop, [] if workers is None else workers, self._control)
        self._course.closing = closing
        # It must not hold this object: then only the garbage collector would notice that nobody iterates any more.
        self._events = self._course.events(outputs, finish)

    def pause(self, *, by: str = "api") -> bool:
        """Start nobody until `resume`. Arrivals that are due are withheld, and the plan's time goes on: phases end when planned."""
        return self._control.pause(by)

    def resume(self, *, by: str = "api") -> bool:
        """Start again who is due, at the rate that was set last."""
        return self._control.resume(by)

    def set_rate(self, factor: float, *, by: str = "api") -> bool:
        """Make `factor` times the planned arrivals from now on, 0.01 to 10; 1 is as planned. Closed users know no rate.

        Raises ValueError for another factor.
        """
        return self._control.set_rate(factor, by)

    def stop(self, *, by: str = "api") -> bool:
        """Start no new virtual user and let those at work finish; the second time, end at once. Finished comes either way."""
        return self._control.stop(by)

    def begin(self, *, by: str = "api") -> bool:
        """Let load begin that was held, as soon as the workers are ready."""
        return self._control.begin(by)

    @property
    def rate(self) -> float:
        """Return how many times the planned arrivals are made now: 0 in a pause, 1 as long as nobody intervenes."""
        return self._control.rate

    @property
    def stops(self) -> int:
        """Return how often the run was asked to stop, signals among it: with 1 those at work may finish, with 2 it ends at once."""
        return self._control.stops

    @property
    def must_wait(self) -> bool:
        """Say whether load waits for `begin`, whether or not the workers are ready yet."""
        return self._control.must_wait

    @property
    def held(self) -> bool:
        """Say whether the workers are ready and wait for `begin`."""
        return self._control.held

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """Return what was done to the run so far."""
        return self._control.interventions

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await anext(self._events)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the run if it still goes on; when this returns, everything is gone. Doing it twice is no fault."""
        try:
            await self._events.aclose()
        finally:
            self._course.abandon()

    def __del__(self) -> None:
        # `async for` does not close what it iterates over when it is left early. Waiting for the loop to do it later would let
        # the load go on, for ever if the loop ends first: so what was started is ended here, without the loop.
        self._course.abandon()


class _Course:
    """What a session has started, and the way it goes."""

    def __init__(
        self, plan: Plan, options: RunOptions, stop: Stop, workers: list[WorkerProcess], control: Control
    ) -> None:
        self.closing: Callable[[], None] | None = None
        self._control = control
        self._plan = plan
        self._options = options
        self._stop = stop
        self._workers = workers
        self._demo: DemoProcess | None = None
        self._fleet: Fleet | None = None
        self._observers: Observers | None = None

    async def events(
        self, outputs: Sequence[Output], finish: Callable[[RunResult], Awaitable[None]] | None
    ) -> AsyncGenerator[Event, None]:
        """Yield the events, Finished last.

        Raises ScenarioError where the processor cannot be imported, PreflightError without a demo, the descriptors or what is to
        be observed, FleetError without workers.
        """
        import_processor(self._plan)  # its faults are the file's; no worker should have to tell
        count = worker_count(self._plan, self._options.workers, usable_cores())
        check_descriptors(self._plan, count, descriptor_limit())
        check_local_addresses(self._plan)
        try:
            while len(self._workers) < count:  # before the demo starts: they import their libraries meanwhile
                self._workers.append(WorkerProcess())
            plan = self._plan
            if plan.target.startswith(DEMO_TARGET):
                self._demo = await start_demo(options_of(plan.target))
                plan = aimed(plan, self._demo.url)
            self._observers = Observers(plan, self._demo.pid if self._demo else None)
            await self._observers.start()
            async with aclosing(self._whole(plan, self._observers)) as events:
                async for event in events:
                    _tell(event, outputs)
                    if finish and isinstance(event, Finished):
                        await finish(event.result)
                    yield event
        finally:
            await self._close()

    async def _whole(self, plan: Plan, observers: Observers) -> AsyncGenerator[Event, None]:
        """Yield the events of what runs before the load, of the load, and of what runs after it."""
        ready = True
        if plan.before is not None:
            _prepare(plan)
            errand = ErrandCourse(plan, plan.before, self._options, self._stop)
            async with aclosing(errand.lines()) as lines:
                async for line in lines:
                    yield line
            if errand.failure:
                raise PreflightError(f"{errand.failure}; no load was made")
            ready, plan = not errand.interrupted, plan.with_given(errand.given)
        self._fleet = Fleet(plan, self._options, self._stop, self._workers, control=self._control, observers=observers)
        async with aclosing(self._fleet.run()) as events:
            async for event in events:
                if isinstance(event, Finished) and plan.after is not None and ready:
                    _prepare(plan)
                    errand = ErrandCourse(plan, plan.after, self._options, self._stop)
                    async with aclosing(errand.lines()) as lines:
                        async for line in lines:
                            yield line
                    failure = errand.failure or None
                    event = Finished(result=replace(event.result, signal=self._stop.signal, after_failed=failure))
                yield event

    async def _close(self) -> None:
        try:
            if self._fleet is not None:
                await self._fleet.close()
            if self._observers is not None:
                await self._observers.close()
            if self.closing is not None:
                await asyncio.to_thread(self.closing)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """End what still runs without waiting for the event loop; doing it twice is no fault."""
        if self._fleet is not None:
            self._fleet.abandon()
        if self._observers is not None:
            self._observers.abandon()
        for worker in self._workers:
            worker.abandon()
        if self._demo is not None:
            self._demo.stop()
        if self.closing is not None:
            self.closing()


def _prepare(plan: Plan) -> None:
    """Import the functions that a plan's flows call in this process."""
    import_processor(plan)
    plan.prepare()


def _tell(event: Event, outputs: Sequence[Output]) -> None:
    for output in outputs:
        match event:
            case Interval():
                output.interval(event)
            case LogLine():
                output.log(event)
            case Started():
                output.start(event)
            case Finished():
                pass  # who made the outputs ends them: that may fail, and what follows then is theirs to say
