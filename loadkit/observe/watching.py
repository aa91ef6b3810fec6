"""Sources that are looked at once a second, each in a thread of its own, so a slow or dead one keeps nobody waiting.

    opened     the source is found and looked at once: its rates and shares count from there
    begun      from an instant on it is looked at in each second, at four fifths of it, so that the sample is there at its end
    lost       a look that fails, or takes so long that seconds go by, gives no sample: that is counted, and told once

Nothing here knows about load: whoever watches takes what was seen since the last time, and is never held up.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import perf_counter_ns as now_ns

from loadkit.errors import PreflightError
from loadkit.slo.observed import Note, Options, Place, Sampler, Source, Unavailable
from loadkit.units import NS_PER_S, format_duration_ns

OPEN_WITHIN_S = 10.0
_MOST_KEPT = 1000
_MOST_NOTES = 50
_JOIN_S = 0.5

Open = Callable[[Options, Place, Note], Sampler]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at a source gave; `at_ns` since the beginning, `took_ns` is how long it took."""

    source: Source
    at_ns: int
    values: Mapping[str, float]
    took_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something worth knowing about a source; `at_ns` since the beginning."""

    source: Source
    at_ns: int
    text: str


@dataclass(slots=True)
class Seen:
    """What was seen since the last time, of all sources. `lost` counts the seconds without a sample, by source."""

    looks: list[Look] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)


class Watched:
    """One source, looked at from `begin` to `close`, once in each `every_ns`."""

    def __init__(self, source: Source, plugin_open: Open, place: Place, every_ns: int) -> None:
        self.source = source
        self._every_ns = every_ns
        self.opened: Future[None] = Future()
        self._open = plugin_open
        self._place = place
        self._looks: deque[Look] = deque(maxlen=_MOST_KEPT)  # appended to by the thread, emptied by whoever watches
        self._remarks: deque[Remark] = deque(maxlen=_MOST_NOTES)
        self._remarked = 0
        self._lost = 0
        self._second = 0  # that is looked at, or will be next
        self._told_lost = 0
        self._reason = ""  # why there is no sample, since it was last there
        self._start_ns = now_ns()
        self._begun = threading.Event()
        self._closing = threading.Event()
        self._sampler: Sampler | None = None
        self._thread = threading.Thread(target=self._run, name=f"observe {source.name}", daemon=True)

    def start(self) -> None:
        """Begin to open the source; `opened` says when that is done, and cannot be cancelled by who waits no longer."""
        self.opened.set_running_or_notify_cancel()
        self._thread.start()

    def begin(self, start_ns: int) -> None:
        """Name the instant (of the clock perf_counter_ns) from which seconds count."""
        self._start_ns = start_ns
        self._begun.set()

    def take(self, into: Seen) -> None:
        """Add what was seen since the last time."""
        while self._looks:
            into.looks.append(self._looks.popleft())
        lost = self._lost + self._overdue() - self._told_lost
        if lost > 0:
            into.lost[self.source.name] = lost
            self._told_lost += lost
        while self._remarks:
            into.remarks.append(self._remarks.popleft())

    def _overdue(self) -> int:
        """Return how many seconds went by during the look that is under way: it may never return."""
        if not self._begun.is_set() or self._closing.is_set():
            return 0
        missed = max(0, (now_ns() - self._start_ns) // self._every_ns - self._second - 1)
        if missed and not self._reason:
            self._reason = f"a look at it takes more than {format_duration_ns((missed + 1) * self._every_ns)}"
            self._remark(self._reason)
        return missed

    def stop(self) -> None:
        """Ask the thread to end, without waiting for it."""
        self._closing.set()
        self._begun.set()
        if self._sampler is not None:
            self._sampler.interrupt()

    def join(self) -> None:
        """Wait for the thread, not for long: it is a daemon, and may hang in somebody else's network."""
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        try:
            self._look(first=True)
        except Unavailable as error:
            if self.source.required:
                self.opened.set_exception(error)
                return
            self._lose(0, str(error), seconds=0)
        self.opened.set_result(None)
        self._begun.wait()
        try:
            self._follow()
        finally:
            if self._sampler is not None:
                self._sampler.close()

    def _follow(self) -> None:
        second, every_ns = 0, self._every_ns
        while not self._closing.wait(max(0, self._start_ns + _moment(second, every_ns) - now_ns()) / NS_PER_S):
            try:
                self._look(first=False)
            except Unavailable as error:
                self._lose(now_ns() - self._start_ns, str(error), seconds=1)
            following = self._second = max(second + 1, (now_ns() - self._start_ns) // every_ns)
            if following > second + 1:
                took = format_duration_ns((following - second) * every_ns)
                self._lose(now_ns() - self._start_ns, f"a look at it takes {took}", seconds=following - second - 1)
            second = following

    def _look(self, *, first: bool) -> None:
        """Look once. The first look only gives what rates and shares count from. Raises Unavailable."""
        begun_ns = now_ns()
        try:
            if self._sampler is None:
                self._sampler = self._open(self.source.options, self._place, self._remark)
            values = self._sampler.sample()
        except Unavailable:
            raise
        except Exception as error:  # a fault of a sampler must not end the run
            raise Unavailable(f"it cannot be looked at: {type(error).__name__}: {error}") from error
        if first:
            return
        if self._reason:
            self._reason = ""
            self._remark("it is there again")
        at_ns = now_ns()
        self._looks.append(
            Look(source=self.source, at_ns=at_ns - self._start_ns, values=values, took_ns=at_ns - begun_ns)
        )

    def _lose(self, at_ns: int, reason: str, *, seconds: int) -> None:
        """Count seconds without a sample; a reason is told once, until there is another or a sample."""
        self._lost += seconds
        if reason != self._reason and not (self._reason and reason.startswith("a look at it takes")):
            self._reason = reason
            self._remark(reason)

    def _remark(self, text: str) -> None:
        self._remarked += 1
        if self._remarked <= _MOST_NOTES:
            at_ns = max(0, now_ns() - self._start_ns) if self._begun.is_set() else 0
            self._remarks.append(Remark(source=self.source, at_ns=at_ns, text=text))


class Watching:
    """All sources of a run, or of `loadkit watch`, each looked at once in `every_ns`."""

    def __init__(
        self, sources: Iterable[Source], opens: Mapping[str, Open], place: Place, every_ns: int = NS_PER_S
    ) -> None:
        self._watched = [Watched(source, opens[source.plugin], place, every_ns) for source in sources]

    def start(self) -> list[Future[None]]:
        """Begin to open all sources, and return what says when each is open or, with Unavailable, is not."""
        for watched in self._watched:
            watched.start()
        return [watched.opened for watched in self._watched]

    def missing(self) -> list[str]:
        """Return what is to be said about the required sources that could not be opened, or not yet."""
        found = []
        for watched in self._watched:
            name, opened = watched.source.name, watched.opened
            if not opened.done():
                if not watched.source.required:
                    continue  # it may still come
                found.append(f"{name}: it gave no answer within {OPEN_WITHIN_S:.0f} s")
            elif (error := opened.exception()) is not None:
                found.append(f"{name}: {error}")
        return found

    def begin(self, start_ns: int) -> None:
        """Look at everything once a second from an instant on."""
        for watched in self._watched:
            watched.begin(start_ns)

    def take(self) -> Seen:
        """Return what was seen since the last time. Never waits."""
        seen = Seen()
        for watched in self._watched:
            watched.take(seen)
        return seen

    def close(self) -> None:
        """Observe no longer; doing it twice is no fault."""
        for watched in self._watched:
            watched.stop()
        for watched in self._watched:
            watched.join()

    def abandon(self) -> None:
        """Observe no longer, without waiting for the threads."""
        for watched in self._watched:
            watched.stop()


def _moment(second: int, every_ns: int) -> int:
    """Return when a source is looked at, in ns since the beginning: at four fifths of each second, or what takes its place."""
    return second * every_ns + 4 * every_ns // 5


def refuse(missing: Iterable[str], hint: str) -> None:
    """Raise PreflightError for sources that are not there; the hint says what to do about it."""
    lines = list(missing)
    if lines:
        raise PreflightError(f"cannot observe {'; '.join(lines)} ({hint})")
