"""Carry out `before` or `after`: one virtual user, once, outside of the load and of its numbers.

begun --last step done--------------------------> done: what it set is handed on
  |---- a step fails, or time is up ------------> failed: ErrandFailed says which step and why
  '---- `cut_off`, since the user wants to stop -> failed
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from itertools import count
from time import perf_counter_ns as now_ns
from typing import Any

import msgspec

from loadkit.clock import LoopClock
from loadkit.engine.services import Line, WorkerServices
from loadkit.engine.visits import Visits
from loadkit.flow.fiber import Cancelled
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.snapshot import Snapshot
from loadkit.scenario.plan import Errand, Plan
from loadkit.template.compile import ALWAYS_DEFINED
from loadkit.units import format_duration_ns

_LOOK_S = 0.1  # between two looks at the log lines
_FIRST_NUMBER = 1 << 40  # of $sequence, beyond those of virtual users
_OF_USER = ALWAYS_DEFINED | {"$loopCount", "$loopElement"}


class ErrandFailed(Exception):
    """A flow that runs once did not come to its end; the message names its step, the cause and the place in the file."""


class ErrandRun:
    """One run of an errand of a plan on the running event loop. `variables` are what it set, once it is done."""

    def __init__(self, plan: Plan, errand: Errand, *, debug: bool = False) -> None:
        self._plan = plan
        self._errand = errand
        self._clock = LoopClock(asyncio.get_running_loop())
        self._services = WorkerServices(self._clock, errand.recorder, seed=plan.seed, debug=debug, secrets=plan.secrets)
        self._services.sequence = count(_FIRST_NUMBER)
        self._user = VirtualUser(self._services, 0)
        self._reached = 0
        self._why_cut = ""
        self._done: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        self.variables: dict[str, Any] = {}

    async def run(self, interrupted: Callable[[], bool]) -> AsyncGenerator[list[Line], None]:
        """Carry it out and yield its log lines as they come. Raises ErrandFailed, also when `interrupted` says so."""
        until_ns = now_ns() + self._errand.timeout_ns
        limit = f"it took longer than {format_duration_ns(self._errand.timeout_ns)} (`timeout`)"
        self._clock.at(until_ns, lambda: self.cut_off(limit))
        try:
            self._user.due_ns = now_ns()
            self._services.spawn(self._user, self._work())
            while not self._done.done():
                await asyncio.wait({self._done}, timeout=_LOOK_S)
                if interrupted():
                    self.cut_off("it was interrupted")
                if lines := self._services.take_lines():
                    yield lines
            if lines := self._services.take_lines():
                yield lines
            error = self._done.result()
            if error is not None:
                raise ErrandFailed(self._told(error))
        finally:
            self._services.cancel_all()
            self._services.close()
            self._clock.close()
            await asyncio.sleep(0)  # let transports close

    def cut_off(self, why: str) -> None:
        """End it where it stands; nothing happens when it is done."""
        self._why_cut = self._why_cut or why
        self._services.cancel_all()

    async def _work(self) -> None:
        user, error = self._user, None
        try:
            Visits(replace(self._plan, scenarios=()), self._services).furnish(user)
            given = dict(user.variables)
            for index, step in enumerate(self._errand.steps):
                self._reached = index
                await step.run(user)
            self.variables = {
                name: value
                for name, value in user.variables.items()
                if name not in _OF_USER and not (name in given and given[name] is value)
            }
        except (Exception, Cancelled) as raised:
            error = raised
        user.tell()
        if not self._done.done():
            self._done.set_result(error)

    def _told(self, error: BaseException) -> str:
        steps = self._errand.steps
        if not steps:
            return f"{self._errand.at}: `{self._errand.name}` failed: {self._cause(error)}"
        step = steps[self._reached]
        number = f"step {self._reached + 1} of {len(steps)} ({step.title})"
        return f"{step.at}: `{self._errand.name}` failed in {number}: {self._cause(error)}"

    def _cause(self, error: BaseException) -> str:
        """Return why, as its last error says it; a text that is kept as an example of an error is masked already."""
        if self._why_cut:
            return self._why_cut
        if isinstance(error, StepFailed):
            told = [(at, name, text) for name, texts in self._snapshot().examples.items() for at, text in texts]
            if told:
                _, name, text = max(told)
                return text if name in text else f"{name}: {text}"
            return self._user.masked(str(error)) or "it was given up"
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        return self._user.masked(text)

    def _snapshot(self) -> Snapshot:
        return self._errand.recorder.snapshot(0, 1)


def plain(variables: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return variables as another process gets them, and the names of those that it cannot get: they are no plain data."""
    kept, left = {}, []
    for name, value in variables.items():
        try:
            kept[name] = msgspec.json.decode(msgspec.json.encode(value))
        except (TypeError, ValueError, RecursionError):
            left.append(name)
    return kept, left
