"""An exporter in a thread of its own: a slow or dead receiver loses whole seconds, and nobody else notices.

    session's loop                         the exporter's thread
      interval -> put into the queue         takes what waits, up to BATCH seconds
      (full: the oldest second is lost)      -> receiver.take; where that fails, tries the same again after a pause

What waits is bounded: KEPT seconds. A receiver that is away for less than that gets everything later. Trouble is told from the
loop, since screens belong to it: a line when it begins and one when it is over. In the end what waits is sent for up to FLUSH_S;
then it is lost, too. A fault of an exporter's own ends that exporter and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, repeat

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.outputs.base import counted
from loadkit.outputs.exporter import ALL, Chosen, ExportedPhase, ExportedRun, Receiver, RefusedError, Second
from loadkit.outputs.limits import time_limits_of
from loadkit.units import NS_PER_S

KEPT = 60
BATCH = 10
FLUSH_S = 5.0
CLOSE_S = 0.5
"""How long a thread has to let go; one that waits for nobody needs a moment."""
_PAUSES_S = (0.5, 1.0, 2.0)
_MOST_SAID = 5  # times that trouble is told of; one that comes and goes each second would fill the screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of an exporter: seconds that arrived, seconds that did not, and the last trouble."""

    kind: str
    to: str
    sent: int = 0
    lost: int = 0
    error: str | None = None


class Isolated:
    """Tells a receiver of a run. `run_id` is asked when load begins; `tags` and what is `chosen` are
    the exporter's options."""

    def __init__(
        self,
        kind: str,
        receiver: Receiver,
        *,
        say: Callable[[str], None],
        run_id: Callable[[], str],
        tags: Mapping[str, str],
        chosen: Chosen = ALL,
    ) -> None:
        self._kind = kind
        self._receiver = receiver
        self._to = receiver.to
        self._say = say
        self._run_id = run_id
        self._tags = tags
        self._chosen = chosen
        self._hide: Callable[[str], str] = str
        self._started_at = 0.0
        self._changed = threading.Condition()  # held for moments only; guards what follows
        self._waiting: deque[Second] = deque()
        self._under_way: list[Second] = []
        self._sent = self._lost = 0
        self._trouble: str | None = None
        self._error: str | None = None
        self._next_at = 0.0  # when the next seconds are due
        self._over = False  # nothing more comes
        self._deadline = float("inf")
        self._broken = False
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._waited = False  # for the thread's end
        self._refused = False
        self._told = 0
        self._told_of: str | None = None

    def start(self, event: Started) -> None:
        """Begin the thread."""
        run = exported_run(event, run_id=self._run_id(), tags=self._tags, chosen=self._chosen)
        self._hide = event.plan.secrets.mask
        self._to = self._hide(self._to)
        self._started_at = event.started_at
        self._thread = threading.Thread(target=self._work, args=(run,), name=f"exporter {self._kind}", daemon=True)
        self._thread.start()

    def interval(self, event: Interval) -> None:
        """Put the second into the queue; what is full loses its oldest. Tell of trouble that has begun or is over."""
        second = Second(
            snapshot=event.snapshot,
            ended_at=self._started_at + event.snapshot.end_ns / NS_PER_S,
            draining=event.draining,
            budgets=event.budgets,
            spans=event.spans,
            standings=event.standings,
        )
        with self._changed:
            self._waiting.append(second)
            if self._broken:
                self._lose_waiting()
            elif len(self._waiting) + len(self._under_way) > KEPT:
                self._waiting.popleft()
                self._lost += 1
                self._trouble = self._trouble or "it is too slow"
                self._error = self._error or self._trouble
            self._changed.notify()
            trouble, lost, remedy = self._trouble, self._lost, self._remedy()
        self._tell(trouble, lost, remedy)

    def log(self, event: LogLine) -> None:
        """Do nothing: exporters tell of figures."""

    def end(self) -> None:
        """Say that nothing more comes; the thread sends what waits, for FLUSH_S at most."""
        with self._changed:
            self._over = True
            self._deadline = time.monotonic() + FLUSH_S
            self._changed.notify()

    def finish(self) -> Sent:
        """Wait until all is sent, FLUSH_S after `end` at most, and return what came of it."""
        if self._thread is not None:
            self._done.wait(max(0.0, self._deadline - time.monotonic()))
        with self._changed:
            self._broken = (
                self._broken or not self._done.is_set()
            )  # what a call that hangs still sends is lost all the same
            self._lose_waiting()
            error = None if self._error is None else self._hide(self._error)
            return Sent(kind=self._kind, to=self._to, sent=self._sent, lost=self._lost, error=error)

    def waiting(self) -> bool:
        """Say whether somebody is expected to come for the totals."""
        return not self._broken and self._receiver.waiting()

    def give_up(self) -> None:
        """Let the thread come to its end, whatever still waits."""
        with self._changed:
            self._over = True
            self._deadline = 0.0
            self._changed.notify()

    def close(self, *, within_s: float = CLOSE_S) -> None:
        """Let go of the receiver, within that time. A thread that a receiver holds up does it later.

        May be called twice; only the first call waits.
        """
        self.give_up()
        waited, self._waited = self._waited, True
        if self._thread is not None and not waited:
            self._thread.join(within_s)
        if self._thread is None or self._done.is_set():
            self._receiver.close()

    # --------------------------------------------------------------------------------------------------- in the thread

    def _work(self, run: ExportedRun) -> None:
        try:
            self._receiver.start(run)
            while self._next():
                pass
        except Exception as error:
            with self._changed:
                self._broken = True
                self._trouble = self._error = f"a fault of the exporter's own: {type(error).__name__}: {error}"
                self._lose_waiting()
        finally:
            self._done.set()
            with self._changed:
                abandoned = self._deadline <= time.monotonic()
            if self._broken or abandoned:
                self._receiver.close()

    def _next(self) -> bool:
        """Pass the next seconds on, and say whether there may be more."""
        with self._changed:
            while not self._over and (left := self._time_left()) != 0:
                self._changed.wait(left)
            self._next_at = time.monotonic() + self._receiver.every_s
            if self._broken or (self._over and time.monotonic() > self._deadline):
                return False
            while self._waiting and len(self._under_way) < BATCH:
                self._under_way.append(self._waiting.popleft())
            batch = list(self._under_way)
        if batch:
            self._attempt(lambda: self._receiver.take(batch), len(batch))
            return True
        self._attempt(self._receiver.end, 0)
        return False

    def _time_left(self) -> float | None:
        """Return how long to wait for what waits to be passed on, 0 when it is due, None while nothing waits."""
        if not self._waiting:
            return None
        return 0 if len(self._waiting) >= BATCH else max(0.0, self._next_at - time.monotonic())

    def _attempt(self, send: Callable[[], None], number: int) -> None:
        """Send so many seconds, again and again until they arrived, are refused, or there is no time left."""
        pauses_s = chain(_PAUSES_S, repeat(_PAUSES_S[-1]))
        while True:
            try:
                send()
            except RefusedError as error:
                self._settle(number, str(error) or "it refuses what it is given")
                return
            except OSError as error:
                if not self._pause(described(error), next(pauses_s)):
                    return
            else:
                self._settle(number, None)
                return

    def _settle(self, number: int, trouble: str | None) -> None:
        with self._changed:
            self._under_way.clear()
            self._trouble, self._refused = trouble, trouble is not None
            if self._broken:
                return  # counted as lost when the run's end did not wait for it any longer
            if trouble is None:
                self._sent += number
            else:
                self._error = trouble
                self._lost += number

    def _pause(self, trouble: str, seconds: float) -> bool:
        """Note what is the matter and wait; say whether there is time to try again."""
        with self._changed:
            self._trouble = self._error = trouble
            self._refused = False
            until = time.monotonic() + seconds
            while not self._broken and (left := min(until, self._deadline) - time.monotonic()) > 0:
                self._changed.wait(left)
            return not self._broken and time.monotonic() < self._deadline

    # ----------------------------------------------------------------------------------------------------------- telling

    def _lose_waiting(self) -> None:
        self._lost += len(self._waiting) + len(self._under_way)
        self._waiting.clear()
        self._under_way.clear()

    def _remedy(self) -> str:
        """Return what becomes of seconds in trouble."""
        if self._broken:
            return "nothing more is sent"
        return "what it refuses is lost" if self._refused else f"up to {KEPT} s wait for it, then they are lost"

    def _tell(self, trouble: str | None, lost: int, remedy: str) -> None:
        """Say a line when trouble begins, and one when it is over."""
        if (trouble is None) == (self._told_of is None) or (trouble is not None and self._told >= _MOST_SAID):
            return
        if trouble is not None:
            self._told += 1
            self._say(f"warning: {self._kind} to {self._to}: {self._hide(trouble)}; {remedy}")
        else:
            self._say(f"note: {self._kind} to {self._to} works again; {counted(lost, 'second')} lost so far")
        self._told_of = trouble


def described(error: OSError) -> str:
    """Return what an error of the system says, without its number."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, OSError):
        return described(reason)
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return (error.strerror or str(error) or type(error).__name__).lower()


def exported_run(event: Started, *, run_id: str, tags: Mapping[str, str], chosen: Chosen = ALL) -> ExportedRun:
    """Return what exporters are told of a run that begins."""
    plan = event.plan
    return ExportedRun(
        run=run_id,
        test=plan.name,
        target=plan.secrets.mask(event.target),
        started_at=event.started_at,
        labels={"test": plan.name, "run": run_id, **tags},
        tags=plan.tags,
        phases=tuple(
            ExportedPhase(name=phase.name, start_ns=phase.start_ns, end_ns=phase.end_ns) for phase in plan.phases
        ),
        limits_ns=time_limits_of(plan),
        workers=event.workers,
        chosen=chosen,
    )
