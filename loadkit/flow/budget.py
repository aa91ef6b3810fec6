"""A limit on the processor time of one piece of Python code, so that the event loop is never held up for long.

The kernel counts: SIGVTALRM comes once the process has computed for that long, and its handler raises in the midst of the work.
Time in which the machine did something else does not count. It works in the main thread only, where a worker's loop runs, and
only while Python code runs: C code sees the signal when it returns. 5 us a call
(python -m timeit -s "from loadkit.flow.budget import within_budget" "within_budget(int)").
"""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

BUDGET_S = 0.05
_AGAIN_S = 0.02  # the alarm is repeated: a finalizer may have swallowed the first

T = TypeVar("T")


class BudgetSpent(Exception):
    """The work took longer than its budget and was given up."""


class _Alarm(BaseException):
    """What the handler raises; no `except Exception` on the way may take it."""


_available = hasattr(signal, "setitimer")


def within_budget(work: Callable[[], T], budget_s: float = BUDGET_S) -> T:
    """Return what `work` returns. Raises BudgetSpent when it computes for longer than `budget_s`."""
    if not _available or threading.current_thread() is not threading.main_thread():
        return work()
    before, collects = signal.signal(signal.SIGVTALRM, _raise), gc.isenabled()
    gc.disable()  # what is raised in a callback of the collector is lost
    try:
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, budget_s, _AGAIN_S)
            return work()
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except _Alarm:
        raise BudgetSpent(f"it took longer than {budget_s * 1000:g} ms and was given up") from None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        if collects:
            gc.enable()


def _raise(number: int, frame: FrameType | None) -> Any:
    raise _Alarm
