"""What is recorded of one scenario while load runs: a list append per request, numpy once a second.

A series' `rows` is a flat list of SAMPLE_WIDTH integers per sample; `rows.extend((...))` costs some 50 ns and turning
it into histograms 0.25 us a sample (python -m bench micro). Nothing here is averaged, sampled or dropped.

A request belongs to the phase of its intended instant, however late its response comes; everything else belongs to the
phase in which it happened. Both are decided without a word on the hot path: rows carry their instants,
and what was counted so far is put aside when a phase begins.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter_ns as now_ns

from loadkit.arrays import Ints, np
from loadkit.metrics.endpoints import (
    ENDPOINT_CODES,
    ENDPOINT_ERRORS,
    ENDPOINT_TIME,
    ENDPOINT_UNSEEN,
    ENDPOINT_UNSEEN_TIME,
)
from loadkit.metrics.events import NO_CHECKS, Event, EventCount, columns_of, count_good, event_of
from loadkit.metrics.family import HTTP, PYTHON, Family
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.sample import CALL_WIDTH, SAMPLE_WIDTH
from loadkit.metrics.snapshot import Key
from loadkit.redact import Mask, mask_text

FLUSH_ROWS = 4096

Endpoints = defaultdict[str, set[str]]
"""The endpoints of each request name; what the books of a worker share."""

KeepExample = Callable[[str, str, Mask], None]
"""Takes an error's name, a text, and what hides the secrets in it if the text is kept."""


class Series:
    """The samples of one request name and one endpoint in one scenario. `rows` is only ever appended to and cleared in place.

    `endpoint` is what `metrics-by-endpoint` calls the requests, "" for those that it leaves out (see endpoints.py). `family`
    says what a row is: a Sample of HTTP, a Call of Python. `checks` are the kinds of checks that are made of each, and `counts`
    the objectives whose events they are.
    """

    __slots__ = ("book", "checks", "counts", "endpoint", "family", "name", "rows", "width")

    def __init__(
        self, name: str, endpoint: str, book: Book, family: Family = HTTP, checks: frozenset[str] = NO_CHECKS
    ) -> None:
        self.name = name
        self.endpoint = endpoint
        self.book = book
        self.family = family
        self.checks = checks
        self.counts: tuple[EventCount, ...] = ()
        self.width = CALL_WIDTH if family is PYTHON else SAMPLE_WIDTH
        self.rows: list[int] = []


class Tally:
    """Counters that always rise together, such as those of a step whose checks all hold: `times += 1` raises them all."""

    __slots__ = ("counts", "times")

    def __init__(self, counts: Mapping[Key, int]) -> None:
        self.counts = tuple(counts.items())
        self.times = 0


class Numbers:
    """Counters and histograms of one scenario and one phase, and times that are not in histograms yet."""

    __slots__ = ("counters", "histograms", "times")

    def __init__(self) -> None:
        self.counters: defaultdict[Key, int] = defaultdict(int)
        self.histograms: defaultdict[Key, Histogram] = defaultdict(Histogram)
        self.times: defaultdict[Key, list[int]] = defaultdict(list)

    def move_to(self, other: Numbers) -> None:
        """Give everything to another and be empty; lists and dicts stay the same objects."""
        for key, count in self.counters.items():
            other.counters[key] += count
        for key, histogram in self.histograms.items():
            other.histograms[key].merge(histogram)
        self.counters.clear()
        self.histograms.clear()
        for key, values in self.times.items():
            if values:
                other.times[key] = values.copy()
                values.clear()

    def record_times(self, least: int) -> None:
        """Turn lists of at least so many times into histograms."""
        for key, values in self.times.items():
            if len(values) >= least:
                self.histograms[key].record(np.fromiter(values, np.int64, len(values)))
                values.clear()

    def record_calls(self, name: str, table: Ints) -> None:
        """Count a table of calls, a row each (see Call)."""
        intended, start, end = table.T
        self.histograms[PYTHON.response_time, name].record(np.maximum(end - intended, 0))
        self.histograms[PYTHON.service_time, name].record(end - start)
        self.counters[PYTHON.made, name] += len(table)
        self.counters[PYTHON.done, name] += len(table)

    def record_samples(self, name: str, table: Ints) -> None:
        """Count a table of samples, a row each (see Sample)."""
        intended, start, written, sent, first, end, status, bytes_in, bytes_out, content = table.T
        response = np.maximum(end - intended, 0)
        self.histograms["http.response_time", name].record(response)
        self.histograms["http.service_time", name].record(end - start)
        self.histograms["http.send", name].record(sent - written)
        self.histograms["http.first_byte", name].record(np.maximum(first - sent, 0))
        self.histograms["http.receive", name].record(end - first)
        self._record_statuses(name, status, response)
        counters = self.counters
        counters["http.requests", name] += len(table)
        counters["http.responses", name] += len(table)
        counters["http.downloaded_bytes", name] += int(bytes_in.sum())
        counters["http.uploaded_bytes", name] += int(bytes_out.sum())
        counters["http.content_bytes", name] += int(content.sum())

    def record_events(self, series: Series, table: Ints) -> None:
        """Count a table of samples or calls as good and bad events of the objectives of their series."""
        columns, counters = columns_of(series.family, table), self.counters
        for each in series.counts:
            good = count_good(each, columns, len(table))
            counters[each.good, series.name] += good
            counters[each.bad, series.name] += len(table) - good

    def record_endpoint(self, endpoint: str, table: Ints) -> None:
        """Count a table of samples under their endpoint, beside what is counted under their request name."""
        self.histograms[ENDPOINT_TIME, endpoint].record(np.maximum(table[:, 5] - table[:, 0], 0))
        per_status = np.bincount(table[:, 6])
        for code in np.flatnonzero(per_status):
            self.counters[f"{ENDPOINT_CODES}{code}", endpoint] += int(per_status[code])

    def _record_statuses(self, name: str, status: Ints, response: Ints) -> None:
        per_status = np.bincount(status)
        for code in np.flatnonzero(per_status):
            self.counters[f"http.codes.{code}", name] += int(per_status[code])
        classes = status // 100
        for family in np.flatnonzero(np.bincount(classes)):
            chosen = response[classes == family]
            self.histograms[f"http.response_time.{family}xx", name].record(chosen)


class Course:
    """Which phases have begun, and when: what the books of a worker share."""

    __slots__ = ("phase", "phases", "start_ns", "starts_ns")

    def __init__(self) -> None:
        self.starts_ns = [0]  # perf_counter_ns, like the instants of samples
        self.phases = [0]
        self.start_ns = 0
        self.phase = 0

    def begin(self, phase: int, start_ns: int) -> None:
        """Begin a phase; samples intended before `start_ns` belong to the one before."""
        if phase != self.phase:
            self.starts_ns.append(start_ns)
            self.phases.append(phase)
            self.start_ns, self.phase = start_ns, phase

    def at(self, instant_ns: int) -> int:
        """Return the phase of an instant."""
        return self.phases[max(0, bisect_right(self.starts_ns, instant_ns) - 1)]


class Book:
    """All that is recorded of one scenario between two snapshots; of the run itself where `scenario` is ""."""

    def __init__(self, scenario: str, course: Course, keep_example: KeepExample, endpoints: Endpoints) -> None:
        self.scenario = scenario
        self.endpoints = endpoints
        self._keep_example = keep_example
        self.present = Numbers()
        self._past: defaultdict[int, Numbers] = defaultdict(Numbers)
        self._course = course
        self._series: dict[tuple[str, str, Family, frozenset[str]], Series] = {}
        self._tallies: list[Tally] = []

    @property
    def counters(self) -> defaultdict[Key, int]:
        """Return the counters of the phase that is on."""
        return self.present.counters

    def series(self, name: str, endpoint: str | None = None, checks: frozenset[str] = NO_CHECKS) -> Series:
        """Return the series of a request name and its endpoint, the name itself unless another is given; made on first use.

        Requests of one name that are checked otherwise are another series, which counts under the same name.
        """
        endpoint = name if endpoint is None else endpoint
        self.endpoints[name].add(endpoint)
        return self._known(name, endpoint, HTTP, checks)

    def calls(self, name: str, checks: frozenset[str] = NO_CHECKS) -> Series:
        """Return the series of calls of a function, made on first use."""
        return self._known(name, "", PYTHON, checks)

    def _known(self, name: str, endpoint: str, family: Family, checks: frozenset[str]) -> Series:
        key = name, endpoint, family, checks
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = Series(name, endpoint, self, family, checks)
        return found

    def count_events(self, counts: Sequence[EventCount]) -> None:
        """Count the requests of all series that there are for objectives, from here on."""
        for one in self._series.values():
            one.counts = tuple(
                each for each in counts if each.concerns(self.scenario, one.name, one.family, one.checks)
            )

    def check_kinds(self) -> frozenset[str]:
        """Return the kinds of checks that are made of any request here."""
        return frozenset().union(*(one.checks for one in self._series.values()))

    def tally(self, counts: Mapping[Key, int]) -> Tally:
        """Return a new tally; 30 ns a rise, where a counter is 70 ns."""
        made = Tally(counts)
        self._tallies.append(made)
        return made

    def times(self, metric: str, label: str = "") -> list[int]:
        """Return the list to which nanoseconds of a time metric are appended; it is cleared in place."""
        return self.present.times[metric, label]

    def count(self, metric: str, label: str = "", by: int = 1) -> None:
        """Add to a counter."""
        self.present.counters[metric, label] += by

    def unseen(self, endpoint: str, row: Sequence[int]) -> None:
        """Take a sample off what is reported of an endpoint; nothing where there is none."""
        if endpoint:
            intended_ns, end_ns, status = row[0], row[5], row[6]
            self.count(f"{ENDPOINT_UNSEEN}{status}", endpoint)
            self.times(ENDPOINT_UNSEEN_TIME, endpoint).append(max(0, end_ns - intended_ns))

    def failure(
        self,
        name: str,
        error: str,
        spent_ns: int,
        *,
        text: str = "",
        mask: Mask = mask_text,
        endpoint: str = "",
        family: Family = HTTP,
        counts: bool = True,
        events: Sequence[EventCount] = (),
    ) -> None:
        """Count a request that got no valid response, under its endpoint too; its time goes to the failure time.

        With `counts` false the error is not counted: its virtual user had failed already. `events` are its series' objectives.
        """
        numbers = self._at(now_ns() - spent_ns)
        for each in events:
            spent = max(0, spent_ns)
            held = each.holds(Event(None, error, NO_CHECKS, spent, spent))
            numbers.counters[each.good if held else each.bad, name] += 1
        numbers.counters[family.made, name] += 1
        if endpoint:
            numbers.counters[f"{ENDPOINT_ERRORS}{error}", endpoint] += 1
        numbers.times[family.failure_time, name].append(max(0, spent_ns))
        if not counts:
            return
        numbers.counters[f"errors.{error}", name] += 1
        if text:
            self._keep_example(error, text, mask)

    def unheld(self, series: Series, failed: frozenset[str]) -> None:
        """Say that checks of these kinds did not hold of the last request of a series: what counted it as checked is put right."""
        row = series.rows[-series.width :]
        numbers = self._at(row[0])
        for each in series.counts:
            before = each.holds(event_of(series.family, row, NO_CHECKS))
            after = each.holds(event_of(series.family, row, failed))
            if before and not after:
                numbers.counters[each.good, series.name] -= 1
                numbers.counters[each.bad, series.name] += 1
            elif after and not before:
                numbers.counters[each.good, series.name] += 1
                numbers.counters[each.bad, series.name] -= 1

    def _at(self, instant_ns: int) -> Numbers:
        """Return the numbers of the phase of an instant."""
        return self.present if instant_ns >= self._course.start_ns else self._past[self._course.at(instant_ns)]

    def error(self, error: str, label: str = "", *, text: str = "", mask: Mask = mask_text) -> None:
        """Count `errors.<error>` and keep the first few texts as examples, masked."""
        self.present.counters[f"errors.{error}", label] += 1
        if text:
            self._keep_example(error, text, mask)

    def example(self, error: str, text: str, mask: Mask = mask_text) -> None:
        """Keep a text, masked, as one of the first few examples of an error."""
        self._keep_example(error, text, mask)

    def flush(self, *, everything: bool = True) -> None:
        """Turn buffered values into counts; only the full buffers when `everything` is false."""
        least = 1 if everything else FLUSH_ROWS
        for series in self._series.values():
            if len(series.rows) >= least * series.width:
                self._flush_series(series)
        self.present.record_times(least)

    def turn(self, phase: int) -> None:
        """Put aside what was counted, as `phase`'s. Rows stay where they are: they know their phase."""
        self._fold_tallies()
        self.present.move_to(self._past[phase])

    def take(self) -> Iterator[tuple[int, Numbers]]:
        """Return what was recorded since the last call, by phase, and start anew."""
        self.flush()
        self._fold_tallies()
        self.present.move_to(self._past[self._course.phase])
        past, self._past = self._past, defaultdict(Numbers)
        for phase, numbers in past.items():
            numbers.record_times(1)
            if numbers.counters or numbers.histograms:
                yield phase, numbers

    def _fold_tallies(self) -> None:
        counters = self.present.counters
        for tally in self._tallies:
            if tally.times:
                for key, count in tally.counts:
                    counters[key] += count * tally.times
                tally.times = 0

    def _flush_series(self, series: Series) -> None:
        rows, course = series.rows, self._course
        table = np.fromiter(rows, np.int64, len(rows)).reshape(-1, series.width)
        rows.clear()
        intended = table[:, 0]
        if int(intended.min()) >= course.start_ns:
            self._record(series, table, self.present)
            return
        positions = np.maximum(np.searchsorted(course.starts_ns, intended, side="right") - 1, 0)
        for position in np.unique(positions):
            phase = course.phases[position]
            numbers = self.present if phase == course.phase else self._past[phase]
            self._record(series, table[positions == position], numbers)

    def _record(self, series: Series, table: Ints, numbers: Numbers) -> None:
        if series.counts:
            numbers.record_events(series, table)
        if series.family is PYTHON:
            numbers.record_calls(series.name, table)
            return
        numbers.record_samples(series.name, table)
        if series.endpoint and len(self.endpoints[series.name]) > 1:  # else the report knows it by the name
            numbers.record_endpoint(series.endpoint, table)
