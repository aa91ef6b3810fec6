"""What a running worker offers to steps, and how it stops them: clock, recorder, logs, deadlines, the register of fibers."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from time import perf_counter_ns as now_ns
from typing import Any, NamedTuple

from loadkit.clock import Clock
from loadkit.flow.fiber import Cancelled, DeadlineExpired, Fiber
from loadkit.flow.tracer import Tracer
from loadkit.flow.user import VirtualUser
from loadkit.metrics.recorder import Recorder
from loadkit.redact import Secrets

SWEEP_NS = 50_000_000
_BATCH = 64  # users that go on after a pause before the loop may read sockets again
_MOST_LINES = 10_000  # an interval
_MOST_TEXT = 16 * 1024 * 1024
_LONGEST_LINE = 64 * 1024


class Line(NamedTuple):
    """A log line: the stream it is for, and the trace and the span that it is about, "" where there is none."""

    stream: str
    text: str
    trace: str = ""
    span: str = ""


class WorkerServices:
    """A worker's side of `flow.user.Services`. `draining` says that no new visit may begin."""

    def __init__(
        self, clock: Clock, recorder: Recorder, *, seed: int, debug: bool, secrets: Secrets | None = None
    ) -> None:
        self.clock: Clock = clock
        self.recorder = recorder
        self.seed = seed
        self.debug = debug
        self.secrets = secrets or Secrets()
        self.shared: dict[str, Any] = {}
        self.sequence: Iterator[int] = count()
        self.starved_ns = 0
        self.tracer: Tracer | None = None
        self.draining = False
        self.waiting: set[Fiber] = set()  # closed users that wait for the slot of a visit they have not begun
        self.paused = False
        self.held: set[Fiber] = set()  # closed users that wait for the end of a pause
        self.lines: list[Line] = []
        self._logged = 0
        self.on_idle: Callable[[], None] | None = None
        self._fibers: dict[Fiber, VirtualUser] = {}
        self._branches: dict[Fiber, Callable[[BaseException | None], None]] = {}  # and what is called at its end
        self._sweeping = True
        self.clock.at(now_ns() + SWEEP_NS, self._sweep)

    @property
    def active(self) -> int:
        """Return how many virtual users are at work."""
        return len(self._fibers)

    def spawn(self, user: VirtualUser, work: Coroutine[Any, Any, Any]) -> None:
        """Set a virtual user to work."""
        fiber = Fiber(work, self._ended)
        user.fiber = fiber
        self._fibers[fiber] = user
        fiber.start()

    def branch(
        self, user: VirtualUser, work: Coroutine[Any, Any, None], ended: Callable[[BaseException | None], None]
    ) -> None:
        """Set a branch of a virtual user to work; the user is one all the same."""
        fiber = Fiber(work, self._branch_ended)
        user.fiber = fiber
        self._branches[fiber] = ended
        fiber.start()

    def log(self, text: str, *, stream: str = "stdout", ids: tuple[str, str] = ("", "")) -> None:
        """Keep a line, masked by who logs it, for the coordinator; those beyond ten thousand an interval are only counted."""
        text = text[:_LONGEST_LINE].encode(errors="replace").decode()  # what a target sent may hold half characters
        if len(self.lines) < _MOST_LINES and self._logged < _MOST_TEXT:
            self.lines.append(Line(stream, text, *ids))
            self._logged += len(text)
        else:
            self.recorder.count("log.lines_dropped")

    def take_lines(self) -> list[Line]:
        """Return the lines logged since the last call."""
        lines, self.lines, self._logged = self.lines, [], 0
        return lines

    def drain(self) -> None:
        """Let no visit begin any more; who only waits to begin one goes home."""
        self.draining = True
        for fiber in [*self.waiting, *self.held]:
            fiber.resume()

    def pause(self) -> None:
        """Let no closed user begin a visit until `resume`."""
        self.paused = True

    def resume(self) -> None:
        """Let closed users go on, some at a time, so that the loop can read sockets in between."""
        self.paused = False
        self._release(list(self.held))

    def _release(self, fibers: list[Fiber]) -> None:
        for fiber in fibers[:_BATCH]:
            if fiber in self.held and not self.paused:
                fiber.resume()
        if len(fibers) > _BATCH and not self.paused:
            get_running_loop().call_soon(self._release, fibers[_BATCH:])

    def cancel_all(self) -> None:
        """Cut off every virtual user that is still at work."""
        self.draining = True
        for fiber in list(self._fibers):
            if fiber in self._fibers:
                fiber.throw(Cancelled())

    def close(self) -> None:
        """Stop the sweep and close what protocols share."""
        self._sweeping = False
        for shared in self.shared.values():
            shared.close()

    def _ended(self, fiber: Fiber, error: BaseException | None) -> None:
        user = self._fibers.pop(fiber)
        user.close()
        if error is not None and not isinstance(error, Cancelled):
            self.recorder.error("INTERNAL", text=f"{type(error).__name__}: {error}", mask=user.masked)
        if not self._fibers and self.on_idle is not None:
            self.on_idle()

    def _branch_ended(self, fiber: Fiber, error: BaseException | None) -> None:
        self._branches.pop(fiber)(error)

    def _sweep(self) -> None:
        """Throw DeadlineExpired into fibers whose time is up, and turn full buffers into counts."""
        now = now_ns()
        for register in (self._fibers, self._branches):
            for fiber in [fiber for fiber in register if fiber.deadline_ns <= now]:
                if fiber in register and fiber.deadline_ns <= now:
                    fiber.throw(DeadlineExpired())
        self.recorder.flush_full()
        if self._sweeping:
            self.clock.at(now + SWEEP_NS, self._sweep)
