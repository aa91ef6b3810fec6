"""What a view says of request names, errors and the generator: read from what was measured so far, once a second."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from loadkit.metrics.family import FAMILIES
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.slo.observed import OBSERVED
from loadkit.slo.validity import Measurement, judge

_ERRORS = "errors."
_CODES = "http.codes."
_TROUBLE = (_ERRORS, f"{_CODES}5")
_MADE = frozenset(family.made for family in FAMILIES)
_TIMES = frozenset(family.response_time for family in FAMILIES)
MOST_NAMES = 200
"""Of how many request names percentiles are looked up each second: those with most samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One request name, or function that is called, since the run's start. A p95 of None: nothing was answered yet."""

    name: str
    requests: int
    errors: int
    p50_ns: int | None = None
    p95_ns: int | None = None
    p99_ns: int | None = None


def slowest(summary: Snapshot) -> list[Name]:
    """Return the request names, the one with the largest p95 of the response time first."""
    requests: dict[str, int] = {}
    errors: dict[str, int] = {}
    for (metric, label), count in summary.counters.items():
        if metric in _MADE:
            requests[label] = requests.get(label, 0) + count
        elif metric.startswith(_TROUBLE):
            errors[label] = errors.get(label, 0) + count
    times = {label: seen for (metric, label), seen in summary.histograms.items() if metric in _TIMES and seen.total}
    most = sorted(requests, key=lambda label: times[label].total if label in times else 0, reverse=True)[:MOST_NAMES]
    made = [_name(label, requests[label], errors.get(label, 0), times.get(label)) for label in most]
    return sorted(made, key=lambda one: (-(one.p95_ns or 0), one.name))


def _name(label: str, requests: int, errors: int, times: Histogram | None) -> Name:
    if times is None:
        return Name(name=label, requests=requests, errors=errors)
    p50, p95, p99 = times.percentiles_ns((50, 95, 99))
    return Name(name=label, requests=requests, errors=errors, p50_ns=p50, p95_ns=p95, p99_ns=p99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One kind of error: how often it came, and the texts that are kept of it."""

    name: str
    count: int
    texts: tuple[str, ...] = ()


def count_troubles(snapshot: Snapshot) -> int:
    """Return how many errors, and responses with a status of 500 or more, there were."""
    return sum(count for (metric, _), count in snapshot.counters.items() if metric.startswith(_TROUBLE))


def troubles(summary: Snapshot) -> list[Trouble]:
    """Return the errors and the responses with a status of 500 or more, most frequent first."""
    counts: dict[str, int] = {}
    for (metric, _), count in summary.counters.items():
        if metric.startswith(_ERRORS):
            name = metric.removeprefix(_ERRORS)
        elif metric.startswith(f"{_CODES}5"):
            name = f"status {metric.removeprefix(_CODES)}"
        else:
            continue
        counts[name] = counts.get(name, 0) + count
    made = (
        Trouble(name=name, count=count, texts=tuple(text for _, text in summary.examples.get(name, ())))
        for name, count in counts.items()
        if count
    )
    return sorted(made, key=lambda one: (-one.count, one.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the generator does. `cpu` is the share of its core that the busiest worker used in the last second.

    `lag_ns` is the p99 of how late arrivals and slots were started in the last seconds, None where none were; `late` and
    `dropped` count from the start; `measurement` is what the run would be found to be if it ended now.
    """

    cpu: float | None
    own_cpu: float | None
    lag_ns: int | None
    late: int
    dropped: int
    measurement: Measurement


def health(summary: Snapshot, last: Snapshot, lag: Histogram) -> Health:
    """Return how the generator does by the summary, the last second and the lag of the last seconds."""
    cpus = {worker: seen.value for worker, seen in last.gauges_of("worker.cpu").items()}
    own = last.gauges.get(("coordinator.cpu", COORDINATOR))
    return Health(
        cpu=max(cpus.values(), default=None),
        own_cpu=None if own is None else own.value,
        lag_ns=lag.percentile_ns(99) if lag.total else None,
        late=summary.count("arrivals.late"),
        dropped=summary.count("arrivals.dropped"),
        measurement=judge(summary),
    )


def observed(snapshot: Snapshot) -> dict[str, float]:
    """Return the last value of each series of the system under test, by its name."""
    found = {name: seen.value for (name, _), seen in snapshot.gauges.items() if name.startswith(OBSERVED)}
    return dict(islice(sorted((name.removeprefix(OBSERVED), value) for name, value in found.items()), MOST_NAMES))
