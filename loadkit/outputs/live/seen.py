"""What the live view knows of a run: the last minute second by second, and where it is now."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from loadkit.engine.events import Interval, Started
from loadkit.engine.interventions import described
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.outputs.live.figures import Health, Name, Trouble, count_troubles, health, observed, slowest, troubles
from loadkit.outputs.progress import Progress, format_rate, progress
from loadkit.scenario.plan import Plan
from loadkit.slo.metric import Kind
from loadkit.slo.standing import Standing
from loadkit.units import NS_PER_S, format_bytes, format_duration_ns, format_share

MINUTE = 60
RECENT = 5
"""Percentiles are of the last seconds, so that they do not flicker."""
_TEXTS: Mapping[Kind, Callable[[float], str]] = {
    Kind.TIME: format_duration_ns,
    Kind.BYTES: format_bytes,
    Kind.RATIO: format_share,
    Kind.RATE: format_rate,
    Kind.COUNT: lambda value: f"{value:,.0f}" if value >= 1000 else f"{value:.4g}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """One second of the run. `p95_ns` is that of the response time, None without samples."""

    requests_per_s: float
    p95_ns: int | None
    errors_per_s: float
    vusers: int
    observed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """Where the run is. Times are of the last RECENT seconds; names, errors and the generator since the start."""

    progress: Progress
    response_time: Histogram
    service_time: Histogram
    names: list[Name]
    troubles: list[Trouble]
    health: Health
    standings: tuple[Standing, ...]
    recent_s: int
    """Over how many seconds the times are."""
    interventions: tuple[str, ...] = ()
    """What people did to the run, in words, the newest first."""


class Seen:
    """Takes the intervals of a run; everything is worked out once a second, however often it is drawn."""

    def __init__(self, started: Started) -> None:
        self.plan: Plan = started.plan
        self.target = started.plan.secrets.mask(started.target)
        self.seconds: deque[Second] = deque(maxlen=MINUTE)
        self.now: Now | None = None
        sources = started.plan.observed.sources
        self._kinds = {f"{source.name}.{one.name}": one.kind for source in sources for one in source.series}
        self._recent: deque[tuple[Histogram, Histogram, Histogram]] = deque(maxlen=RECENT)

    def add(self, event: Interval) -> None:
        """Take the next second. The moment that is left after the last whole second is no second of its own."""
        snapshot = event.snapshot
        made = progress(self.plan, event)
        whole = snapshot.end_ns - snapshot.start_ns >= NS_PER_S // 2
        if whole or not self.seconds:
            self._recent.append((made.response_time, made.service_time, snapshot.histogram("generator.lag")))
            self.seconds.append(_second(made, snapshot))
        response_time, service_time, lag = (_merged(times) for times in zip(*self._recent, strict=True))
        self.now = Now(
            progress=made,
            response_time=response_time,
            service_time=service_time,
            names=slowest(event.summary),
            troubles=troubles(event.summary),
            health=health(event.summary, snapshot, lag),
            standings=event.standings,
            recent_s=len(self._recent),
            interventions=tuple(reversed(described(event.interventions, snapshot.end_ns / NS_PER_S))),
        )

    def text_of(self, name: str, value: float) -> str:
        """Return a value of the system under test as people read it."""
        return _TEXTS[self._kinds.get(name, Kind.COUNT)](value)


def _merged(times: Iterable[Histogram]) -> Histogram:
    made = Histogram()
    for one in times:
        made.merge(one)
    return made


def _second(made: Progress, snapshot: Snapshot) -> Second:
    seconds = max(1.0, (snapshot.end_ns - snapshot.start_ns) / NS_PER_S)
    return Second(
        requests_per_s=made.requests_per_s,
        p95_ns=made.response_time.percentile_ns(95) if made.response_time.total else None,
        errors_per_s=count_troubles(snapshot) / seconds,
        vusers=made.vusers,
        observed=observed(snapshot),
    )
