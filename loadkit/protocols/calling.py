"""Carry out the calls of a step: in a thread, or for an async function in a Task of the loop; record each, and what went wrong.

waiting for a thread --> calling --> back on the loop       each call is a sample: due, start, end, on perf_counter_ns
      |                     '---- too long ----> given up   the thread goes on alone, and is free when the function returns
      '---- too long ----> ERR_GENERATOR

Calls in a row stay in the thread for a tenth of a second, so that what lies between two of them is some 0.5 us and the figures
still come each second. The break after that is our own: the next call is due when the thread has come back to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter_ns as now_ns
from typing import Any, NoReturn

from loadkit.flow.fiber import NEVER_NS, Cancelled, DeadlineExpired, park
from loadkit.flow.user import Services, StepFailed, VirtualUser
from loadkit.metrics.book import Series
from loadkit.metrics.family import PYTHON
from loadkit.metrics.sample import Outcome
from loadkit.protocols.modules import Callee
from loadkit.protocols.threads import Threads

DEFAULT_THREADS = 32
_STAY_NS = 100_000_000
_MOST_NAMES = 100
_OTHER = "OtherException"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """All that a compiled step knows of its calls. `arguments` gives positional and named ones for a virtual user."""

    callee: Callee
    series: Series
    arguments: Callable[[VirtualUser], tuple[Sequence[Any], Mapping[str, Any]]]
    calls: int
    warmup_calls: int
    timeout_ns: int
    threads: int


class Caller:
    """What a worker keeps for its calls: the threads, and the names of exceptions that are told apart."""

    def __init__(self, threads: int, run: Services) -> None:
        self.threads = Threads(threads)
        label = run.recorder.label
        self.lags = run.recorder.times("generator.lag", label)
        self.waits = run.recorder.times("generator.thread_wait", label)
        self._names: set[str] = set()

    def name_of(self, error: BaseException) -> str:
        """Return what an exception is counted as; from the 101st class on they are counted together."""
        name = type(error).__name__
        if name not in self._names and len(self._names) >= _MOST_NAMES:
            return _OTHER
        self._names.add(name)
        return name

    def close(self) -> None:
        """Let the threads go."""
        self.threads.close()


class _Stay:
    """Calls that are made without going back to the loop between them. Only who makes them writes to it, but for `left_alone`.

    `due_ns` is when the next of them is due, 0 for the first of a stay that goes on with a row: as soon as it can be made.
    """

    __slots__ = (
        "args", "began_ns", "due_ns", "ended_ns", "error", "function", "is_done", "left", "left_alone", "named",
        "queued_ns", "rows", "value",
    )  # fmt: skip

    def __init__(
        self, function: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any], left: int, due_ns: int
    ) -> None:
        self.function, self.args, self.named = function, args, named
        self.left, self.due_ns = left, due_ns
        self.queued_ns = now_ns()
        self.began_ns = self.ended_ns = 0
        self.rows: list[int] = []
        self.value: Any = None
        self.error: BaseException | None = None
        self.is_done = False
        self.left_alone = False

    def was_due_ns(self) -> int:
        """Return when the call that is made now was due."""
        return self.due_ns or self.began_ns or self.queued_ns

    def work(self) -> None:
        """Call in a thread."""
        function, args, named, until_ns = self.function, self.args, self.named, now_ns() + _STAY_NS
        while True:
            self.began_ns = start_ns = now_ns()
            try:
                value = function(*args, **named)
            except BaseException as error:  # a SystemExit, too, is the function's and not ours
                self.ended_ns, self.error = now_ns(), error
                break
            if self._is_last(start_ns, now_ns(), value, until_ns):
                break
        self.is_done = True

    async def work_async(self) -> None:
        """Call on the loop."""
        function, args, named, until_ns = self.function, self.args, self.named, now_ns() + _STAY_NS
        while True:
            self.began_ns = start_ns = now_ns()
            try:
                value = await function(*args, **named)
            except BaseException as error:
                if self.left_alone:
                    raise
                self.ended_ns, self.error = now_ns(), error
                break
            if self._is_last(start_ns, now_ns(), value, until_ns):
                break
        self.is_done = True

    def _is_last(self, start_ns: int, end_ns: int, value: Any, until_ns: int) -> bool:
        if self.left_alone:
            return True
        self.due_ns = self.due_ns or start_ns
        self.rows.extend((self.due_ns, start_ns, end_ns))
        self.due_ns, self.value = end_ns, value
        self.left -= 1
        return not self.left or end_ns > until_ns


async def make_calls(x: Call, caller: Caller, user: VirtualUser, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Make the calls of a step and return what the last one returned. Raises StepFailed after the first that did not return."""
    function, due_ns, left = x.callee.function, user.due_ns, x.warmup_calls
    while left:
        stay = _Stay(function, args, named, left, due_ns)
        await _carry_out(x, caller, user, stay, measured=False)
        left, user.due_ns, due_ns = stay.left, stay.due_ns, 0
    left, due_ns, value, extend = x.calls, user.due_ns, None, x.series.rows.extend
    while left:
        together = left
        if user.pacer is not None:  # each call has its slot
            due_ns, together = await user.pacer.wait(user.fiber), 1
        stay = _Stay(function, args, named, together, due_ns)
        await _carry_out(x, caller, user, stay, measured=True)
        extend(stay.rows)
        left -= together - stay.left
        user.due_ns, due_ns, value = stay.due_ns, 0, stay.value
    return value


async def _carry_out(x: Call, caller: Caller, user: VirtualUser, stay: _Stay, *, measured: bool) -> None:
    """Make one stay's calls; when this returns, all of them have returned."""
    fiber, goes_on = user.fiber, not stay.due_ns
    fiber.deadline_ns = stay.queued_ns + x.timeout_ns
    task = None
    if x.callee.is_async:
        task = asyncio.get_running_loop().create_task(stay.work_async())
        task.add_done_callback(_heard)
    else:
        caller.threads.submit(stay.work, lambda: None if stay.left_alone else fiber.resume())
    try:
        while True:
            try:
                if task is None:
                    await park()
                else:
                    await asyncio.shield(task)
                break
            except DeadlineExpired:
                if not _goes_on(x, user, stay):
                    _give_up(x, caller, user, stay, None, measured=measured)
            except Cancelled as error:
                _give_up(x, caller, user, stay, error, measured=measured)
    finally:
        fiber.deadline_ns = NEVER_NS
        if task is not None and not task.done():
            stay.left_alone = True
            task.cancel()
    if task is None and not goes_on:
        _note_wait(caller, stay)
    if stay.error is None and asyncio.iscoroutine(stay.value):
        stay.value.close()
        stay.error = TypeError("the function returned a coroutine; define it with `async def`")
        stay.rows.clear()
    if stay.error is not None:
        _fail(x, caller, user, stay, stay.error, measured=measured)


def _heard(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()  # of a call that was given up


def _goes_on(x: Call, user: VirtualUser, stay: _Stay) -> bool:
    """Say whether the call that is made now has time left, or has just returned; its deadline is then put off."""
    now = now_ns()
    until_ns = now + x.timeout_ns if stay.is_done else (stay.began_ns or stay.queued_ns) + x.timeout_ns
    user.fiber.deadline_ns = until_ns
    return until_ns > now


def _note_wait(caller: Caller, stay: _Stay) -> None:
    """Count the wait for a thread among the generator's own lags."""
    first_ns = stay.rows[1] if stay.rows else stay.began_ns
    caller.lags.append(first_ns - stay.queued_ns)
    caller.waits.append(first_ns - stay.queued_ns)


def _give_up(
    x: Call, caller: Caller, user: VirtualUser, stay: _Stay, error: Cancelled | None, *, measured: bool
) -> NoReturn:
    stay.left_alone = True
    limit = f"{x.timeout_ns / 1e9:g} s"
    if error is not None:
        name, text = Outcome.CANCELLED.value, "cut off at the end of the run; --graceful-stop gives it longer"
    elif stay.began_ns:
        name, text = Outcome.RESPONSE_TIMEOUT.value, f"it did not return within {limit}"
    else:
        name = Outcome.GENERATOR.value
        text = f"none of {caller.threads.most} threads was free within {limit}; see config.python.threads"
    if measured:
        x.series.rows.extend(stay.rows[:])
    _count(x, user, name, text, (stay.was_due_ns(), now_ns()), measured=measured)


def _fail(x: Call, caller: Caller, user: VirtualUser, stay: _Stay, error: BaseException, *, measured: bool) -> NoReturn:
    if measured:
        x.series.rows.extend(stay.rows)
    place = x.callee.place_of(error.__traceback__)
    text = f"{type(error).__name__}: {_said(error)}{f' ({place})' if place else ''}"
    name = caller.name_of(error)
    error.__traceback__ = None
    _count(x, user, name, text, (stay.was_due_ns(), stay.ended_ns or now_ns()), measured=measured)


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(it has no text)"


def _count(x: Call, user: VirtualUser, name: str, text: str, span: tuple[int, int], *, measured: bool) -> NoReturn:
    """Count a call that did not return, which was due and ended at these instants, and end the visit."""
    book, series, (due_ns, end_ns) = x.series.book, x.series.name, span
    said = f"call {series}: {text}"
    if measured:
        spent_ns, counts, events = end_ns - due_ns, not user.muted, x.series.counts
        book.failure(series, name, spent_ns, text=said, mask=user.masked, family=PYTHON, counts=counts, events=events)
    elif not user.muted:
        book.error(name, series, text=f"{said}, in a call to warm up", mask=user.masked)
    if name == Outcome.GENERATOR.value:
        user.run.starved_ns = end_ns
    user.due_ns = end_ns
    raise StepFailed(name, said, unanswered=True)
