"""All that a worker measures: a book for each scenario, one for the run itself, gauges and examples of errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from time import perf_counter_ns as now_ns

from loadkit.metrics.book import Book, Course
from loadkit.metrics.events import EventCount
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import EXAMPLES, Snapshot, worker_label
from loadkit.redact import Mask

_LONGEST = 2000  # characters of a text that are looked at
_SHOWN = 500


class Recorder(Book):
    """The book of the run itself (arrivals, lags), and the keeper of the scenarios' books."""

    def __init__(self, worker: int = 0) -> None:
        super().__init__("", Course(), self._keep, defaultdict(set))
        self.worker = worker
        self.label = worker_label(worker)  # of times that are this worker's own, such as generator.lag
        self.origin_ns = now_ns()  # the run's first instant, once it is known
        self._books: dict[str, Book] = {"": self}
        self._gauges: dict[str, float] = {}
        self._examples: dict[str, list[tuple[int, str]]] = {}
        self._shown: defaultdict[str, int] = defaultdict(int)

    def book(self, scenario: str) -> Book:
        """Return the book of a scenario, made on first use."""
        found = self._books.get(scenario)
        if found is None:
            found = self._books[scenario] = Book(scenario, self._course, self._keep, self.endpoints)
        return found

    def count_all_events(self, counts: Sequence[EventCount]) -> None:
        """Count the requests of all series that there are, in every book, for objectives."""
        for book in self._books.values():
            book.count_events(counts)

    def all_check_kinds(self) -> frozenset[str]:
        """Return the kinds of checks that are made of any request, in every book."""
        return frozenset().union(*(book.check_kinds() for book in self._books.values()))

    def endpoint_names(self) -> dict[str, str]:
        """Return what the report calls the requests of a name, where it is not the name: "" for one of several endpoints."""
        only = {name: next(iter(found)) if len(found) == 1 else "" for name, found in self.endpoints.items()}
        return {name: endpoint for name, endpoint in sorted(only.items()) if endpoint != name}

    def gauge(self, name: str, value: float) -> None:
        """Set a value that the next snapshot carries as it is, such as `vusers.active`."""
        self._gauges[name] = value

    def begin_phase(self, phase: int, start_ns: int) -> None:
        """Begin the phase with an index at an instant of perf_counter_ns."""
        before = self._course.phase
        if phase != before:
            for book in self._books.values():
                book.turn(before)
            self._course.begin(phase, start_ns)

    def flush_full(self) -> None:
        """Turn the buffers that are full into counts, in every book."""
        for book in self._books.values():
            book.flush(everything=False)

    def snapshot(self, start_ns: int, end_ns: int) -> Snapshot:
        """Return what was recorded since the last snapshot, and start anew."""
        parts = {
            (phase, book.scenario): Snapshot(
                start_ns=start_ns,
                end_ns=end_ns,
                counters=dict(numbers.counters),
                histograms=dict(numbers.histograms),
            )
            for book in self._books.values()
            for phase, numbers in book.take()
        }
        made = Snapshot.of_parts(
            start_ns,
            end_ns,
            parts,
            gauges={(name, self.worker): Gauge.seen(end_ns, value) for name, value in self._gauges.items()},
            examples=self._examples,
        )
        self._examples, self._gauges = {}, {}
        return made

    def _keep(self, error: str, text: str, mask: Mask) -> None:
        """Keep a text as an example of an error; the first five of each are masked and kept, the rest forgotten."""
        if self._shown[error] < EXAMPLES:
            self._shown[error] += 1
            shown = mask(text[:_LONGEST])[:_SHOWN].encode(errors="replace").decode()
            self._examples.setdefault(error, []).append((max(0, now_ns() - self.origin_ns), shown))
