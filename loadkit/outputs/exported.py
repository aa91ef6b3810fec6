"""What exporters tell: the families of figures, and how a second's snapshot becomes points of them.

A point belongs to a family and to labels: the name of the request, the scenario, the status, the error, ... Counters and histograms
of a point are those of its second; whoever tells of totals adds them up (totals.py). Percentiles are never added up, nor are they
anything's average: whoever needs them takes them from a second's histogram.

Labels are bounded: names beyond MOST_NAMES are told as OTHER.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import COORDINATOR, RATES
from loadkit.outputs.exporter import ExportedRun, Second
from loadkit.outputs.paper import legible
from loadkit.units import NS_PER_MS, NS_PER_S

MOST_NAMES = 200
OTHER = "other"
_LONGEST_LABEL = 200


class Kind(Enum):
    """How values of a family come together: counters and histograms are added up, of a gauge the last one stands."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Family(NamedTuple):
    """A figure by its name in Prometheus' style, without the `_total` that counters have there.

    `labels` are those that its points have. The values of histograms are nanoseconds; `per_unit` of them are the unit of the name.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    per_unit: int = NS_PER_S


Labels = tuple[tuple[str, str], ...]


class Place(NamedTuple):
    """Which point of which family."""

    family: Family
    labels: Labels


Value = int | float | Histogram
Points = dict[Place, Value]

_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM
_OF_REQUEST = ("name", "scenario")

REQUESTS = Family("loadkit_requests", _C, "HTTP requests made, each redirect hop counted", _OF_REQUEST)
RESPONSES = Family("loadkit_responses", _C, "Valid HTTP responses by status", (*_OF_REQUEST, "status"))
CALLS = Family("loadkit_calls", _C, "Python functions called", _OF_REQUEST)
RETURNS = Family("loadkit_returns", _C, "Calls of Python functions that returned a value", _OF_REQUEST)
ERRORS = Family("loadkit_errors", _C, "Errors by name", (*_OF_REQUEST, "error"))
CHECKS = Family("loadkit_checks", _C, "Checks (`expect`), result ok or failed", (*_OF_REQUEST, "result"))
RECEIVED = Family("loadkit_received_bytes", _C, "Bytes of responses", _OF_REQUEST)
SENT = Family("loadkit_sent_bytes", _C, "Bytes of requests", _OF_REQUEST)
CONNECTIONS = Family("loadkit_connections", _C, "Connections opened", _OF_REQUEST)
CREATED = Family("loadkit_vusers_created", _C, "Virtual users started", ("scenario",))
COMPLETED = Family("loadkit_vusers_completed", _C, "Virtual users that came to the end of their flow", ("scenario",))
FAILED = Family("loadkit_vusers_failed", _C, "Virtual users that stopped at an error", ("scenario",))
DUE = Family("loadkit_arrivals_due", _C, "Arrivals that the plan asked for")
STARTED = Family("loadkit_arrivals_started", _C, "Arrivals that were started")
LATE = Family("loadkit_arrivals_late", _C, "Arrivals started more than 10 ms late")
DROPPED = Family("loadkit_arrivals_dropped", _C, "Arrivals never started, by reason", ("reason",))
SLO_EVENTS = Family("loadkit_slo_events", _C, "Events of an objective, result good or bad", ("slo", "result"))
CUSTOM = Family("loadkit_custom", _C, "What the processor's functions count", ("metric",))

DURATION = Family(
    "loadkit_request_duration_seconds", _H, "Response time: from the intended instant to the last byte", _OF_REQUEST
)
SERVICE = Family(
    "loadkit_request_service_seconds",
    _H,
    "Service time: from the real start of a request to the last byte",
    _OF_REQUEST,
)
FAILURE = Family(
    "loadkit_request_failure_seconds", _H, "Time spent on requests that got no valid response", _OF_REQUEST
)
PART = Family(
    "loadkit_request_part_seconds",
    _H,
    "Parts of requests: dns, connect, tls, send, first_byte, receive",
    (*_OF_REQUEST, "part"),
)
CALL_DURATION = Family(
    "loadkit_call_duration_seconds", _H, "Response time of calls: from the instant at which one was due", _OF_REQUEST
)
CALL_SERVICE = Family("loadkit_call_service_seconds", _H, "Service time of calls of functions", _OF_REQUEST)
CALL_FAILURE = Family("loadkit_call_failure_seconds", _H, "Time spent on calls without a value", _OF_REQUEST)
SESSION = Family("loadkit_session_duration_seconds", _H, "From a virtual user's start to its end", ("scenario",))
LAG = Family("loadkit_generator_lag_seconds", _H, "How late the generator itself started what was due", ("worker",))
LOOP_LAG = Family("loadkit_generator_loop_lag_seconds", _H, "How late a worker's event loop came", ("worker",))
GC_PAUSE = Family("loadkit_generator_gc_pause_seconds", _H, "Garbage collections of a worker", ("worker",))
MEASURED = Family(
    "loadkit_custom_value", _H, "What the processor's functions measure, as they give it", ("metric",), NS_PER_MS
)

VUSERS = Family("loadkit_vusers", _G, "Virtual users at work")
PHASE = Family("loadkit_phase", _G, "1 for the phase that is on, 0 for the others", ("phase",))
WORKER_CPU = Family("loadkit_worker_cpu_ratio", _G, "Share of its core that a worker used", ("worker",))
WORKER_MEMORY = Family("loadkit_worker_memory_bytes", _G, "Memory that a worker holds", ("worker",))
COORDINATOR_CPU = Family("loadkit_coordinator_cpu_ratio", _G, "Share of a core that the coordinator used")
OBSERVED = Family("loadkit_observed", _G, "What `config.observe` sees of the system under test", ("subject", "series"))
THRESHOLD = Family(
    "loadkit_threshold_holds", _G, "1 while a threshold, check or objective holds, 0 while not", ("threshold", "origin")
)
BUDGET_SPENT = Family("loadkit_slo_budget_spent_ratio", _G, "Share of the run's own budget that is spent", ("slo",))
BUDGET_LEFT = Family("loadkit_slo_budget_remaining_ratio", _G, "1 - spent; below 0 when overspent", ("slo",))
BURN = Family("loadkit_slo_burn_rate", _G, "Bad share of events so far, as a multiple of the budget", ("slo",))

FAMILIES: tuple[Family, ...] = (
    REQUESTS, RESPONSES, CALLS, RETURNS, ERRORS, CHECKS, RECEIVED, SENT, CONNECTIONS, CREATED, COMPLETED, FAILED,
    DUE, STARTED, LATE, DROPPED, SLO_EVENTS, CUSTOM,
    DURATION, SERVICE, FAILURE, PART, CALL_DURATION, CALL_SERVICE, CALL_FAILURE, SESSION, LAG, LOOP_LAG, GC_PAUSE, MEASURED,
    VUSERS, PHASE, WORKER_CPU, WORKER_MEMORY, COORDINATOR_CPU, OBSERVED, THRESHOLD, BUDGET_SPENT, BUDGET_LEFT, BURN,
)  # fmt: skip
"""All that exporters tell, in the order of the reference."""

_METRICS: Mapping[str, tuple[Family, Labels]] = {
    "http.requests": (REQUESTS, ()),
    "python.calls": (CALLS, ()),
    "python.returns": (RETURNS, ()),
    "checks.ok": (CHECKS, (("result", "ok"),)),
    "checks.failed": (CHECKS, (("result", "failed"),)),
    "http.downloaded_bytes": (RECEIVED, ()),
    "http.uploaded_bytes": (SENT, ()),
    "http.connections": (CONNECTIONS, ()),
    "vusers.created": (CREATED, ()),
    "vusers.completed": (COMPLETED, ()),
    "vusers.failed": (FAILED, ()),
    "arrivals.due": (DUE, ()),
    "arrivals.started": (STARTED, ()),
    "arrivals.late": (LATE, ()),
    "arrivals.dropped.max_vusers": (DROPPED, (("reason", "max_vusers"),)),
    "arrivals.dropped.generator": (DROPPED, (("reason", "generator"),)),
    "http.response_time": (DURATION, ()),
    "http.service_time": (SERVICE, ()),
    "http.failure_time": (FAILURE, ()),
    **{
        f"http.{part}": (PART, (("part", part),)) for part in ("dns", "connect", "tls", "send", "first_byte", "receive")
    },
    "python.response_time": (CALL_DURATION, ()),
    "python.service_time": (CALL_SERVICE, ()),
    "python.failure_time": (CALL_FAILURE, ()),
    "vusers.session_length": (SESSION, ()),
    "generator.lag": (LAG, ()),
    "generator.loop_lag": (LOOP_LAG, ()),
    "generator.gc_pause": (GC_PAUSE, ()),
}
_PREFIXES: tuple[tuple[str, Family, str], ...] = (
    ("http.codes.", RESPONSES, "status"),
    ("errors.", ERRORS, "error"),
)
_INNER = (
    "http.", "python.", "vusers.", "arrivals.", "generator.", "checks.", "plugins.", "endpoint.", "apdex.", "errors.",
    "slo.", "payloads.", "log.", "hooks.", RATES,
)  # fmt: skip
"""How the names of metrics begin that are loadkit's own: what no family tells of is told elsewhere, or follows from others."""


class Exported:
    """Makes points of a run's seconds. `names` is how many names of requests are told apart."""

    def __init__(self, run: ExportedRun, *, names: int = MOST_NAMES) -> None:
        self.run = run
        self._most = names
        self._names: dict[str, set[str]] = {}
        self._texts: dict[str, str] = {}

    def points(self, second: Second) -> Points:
        """Return what a second has to tell."""
        snapshot, made = second.snapshot, Points()
        parts = snapshot.parts or {(0, ""): snapshot}
        copied, takes = set[Place](), self.run.chosen.takes
        for (_, scenario), part in parts.items():
            for (metric, label), count in part.counters.items():
                place = self._place(metric, label, scenario, CUSTOM) if count else None
                if place is not None and place.family.kind is Kind.COUNTER and takes(place.family.name, metric):
                    known = made.get(place, 0)
                    made[place] = count + (known if isinstance(known, int) else 0)
            for (metric, label), histogram in part.histograms.items():
                place = self._place(metric, label, scenario, MEASURED) if histogram.total else None
                if place is not None and place.family.kind is Kind.HISTOGRAM and takes(place.family.name, metric):
                    _add(made, copied, place, histogram)
        made.update((place, value) for place, value in self._gauges(second) if takes(place.family.name))
        return made

    def _place(self, metric: str, label: str, scenario: str, others: Family) -> Place | None:
        family, fixed = _METRICS.get(metric, (None, ()))
        if family is None and metric.startswith("slo.") and metric.endswith((".good", ".bad")):
            name, _, result = metric.removeprefix("slo.").rpartition(".")
            return Place(SLO_EVENTS, (("slo", self._text(name)), ("result", result)))
        if family is None:
            for prefix, found, word in _PREFIXES:
                if metric.startswith(prefix):
                    family, fixed = found, ((word, self._bounded(word, metric.removeprefix(prefix))),)
                    break
        if family is None:
            return None if metric.startswith(_INNER) else Place(others, (("metric", self._bounded("metric", metric)),))
        return Place(family, (*self._own(family, label, scenario), *fixed))

    def _own(self, family: Family, label: str, scenario: str) -> Labels:
        """Return what the label of a metric means in a family."""
        if "name" in family.labels:
            return ("name", self._bounded("name", label)), ("scenario", self._text(scenario))
        if "scenario" in family.labels:
            return (("scenario", self._text(label)),)
        return (("worker", label.removeprefix("worker ")),) if "worker" in family.labels else ()

    def _bounded(self, word: str, text: str) -> str:
        """Return the value of a label of which there may be many."""
        known = self._names.setdefault(word, set())
        if text not in known:
            if len(known) >= self._most:
                return OTHER
            known.add(text)
        return self._text(text)

    def _text(self, text: str) -> str:
        shown = self._texts.get(text)
        if shown is None:
            shown = legible(text, _LONGEST_LABEL)
            if len(self._texts) < 10 * self._most:
                self._texts[text] = shown
        return shown

    def _gauges(self, second: Second) -> Iterator[tuple[Place, float]]:
        snapshot = second.snapshot
        for (name, worker), seen in snapshot.gauges.items():
            if name.startswith("observe.") and worker == COORDINATOR:
                subject, _, series = name.removeprefix("observe.").partition(".")
                labels = (("subject", self._bounded("subject", subject)), ("series", self._bounded("series", series)))
                yield Place(OBSERVED, labels), seen.value
            elif name in _GAUGES:
                family = _GAUGES[name]
                yield Place(family, (("worker", str(worker)),) if family.labels else ()), seen.value
        if snapshot.gauges_of("vusers.active"):
            yield Place(VUSERS, ()), snapshot.gauge("vusers.active")
        middle_ns = (snapshot.start_ns + snapshot.end_ns) // 2
        on: dict[str, int] = {}
        for phase in self.run.phases:
            name = self._bounded("phase", phase.name)
            on[name] = max(on.get(name, 0), int(phase.start_ns <= middle_ns < phase.end_ns))
        for name, value in on.items():
            yield Place(PHASE, (("phase", name),)), value
        for one in second.standings:
            if one.holds is not None:
                of = ("threshold", self._bounded("threshold", one.text)), ("origin", one.origin)
                yield Place(THRESHOLD, of), int(one.holds)
        for budget in second.budgets:
            slo = (("slo", self._text(budget.name)),)
            yield Place(BUDGET_SPENT, slo), budget.used
            yield Place(BUDGET_LEFT, slo), 1 - budget.used
            if budget.total and budget.budget:
                yield Place(BURN, slo), budget.bad / budget.total / budget.budget


_GAUGES: Mapping[str, Family] = {
    "worker.cpu": WORKER_CPU,
    "worker.rss_bytes": WORKER_MEMORY,
    "coordinator.cpu": COORDINATOR_CPU,
}


def _add(made: Points, copied: set[Place], place: Place, histogram: Histogram) -> None:
    """Add a histogram; that of a snapshot is nobody's to change, so it is copied before another is added."""
    known = made.get(place)
    if not isinstance(known, Histogram):
        made[place] = histogram
        return
    if place not in copied:
        known = made[place] = known.copy()
        copied.add(place)
    known.merge(histogram)
