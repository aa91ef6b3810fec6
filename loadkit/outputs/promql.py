"""An objective in PromQL: which counters hold its good and all events, and the ratio of bad ones over a window.

    loadkit_requests_total{request, scenario, phase, status, error}     status "" without a valid response, error "" with one
    loadkit_request_duration_seconds{request, scenario, phase, status}  a histogram of valid responses, whose `le` include limits
    loadkit_slo_events_total{slo, result}                               good and bad events of what these cannot say

An exporter of loadkit uses these names; --metric puts those of another service in their place. `le` is at most, not less than.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from loadkit.errors import UsageError
from loadkit.metrics.events import Event
from loadkit.slo.condition import All, Compare, Condition, fields_of, holds
from loadkit.slo.objective import Method, Slo
from loadkit.units import NS_PER_S

REQUESTS, DURATION, EVENTS = "loadkit_requests_total", "loadkit_request_duration_seconds", "loadkit_slo_events_total"
PLACEHOLDER = "{{.window}}"
_STATUSES = range(100, 600)
_KEYS = ("requests", "duration", "good", "total")


@dataclass(frozen=True, slots=True)
class Metrics:
    """What --metric says: names of metrics for all objectives, and selectors of good and all events of one ("" for all)."""

    names: Mapping[str, str] = field(default_factory=dict)
    selectors: Mapping[tuple[str, str], str] = field(default_factory=dict)


def parse_metrics(given: Sequence[str]) -> Metrics:
    """Read `requests=NAME`, `duration=NAME`, `[OBJECTIVE:]good=SELECTOR` and `[OBJECTIVE:]total=SELECTOR`. Raises UsageError."""
    names: dict[str, str] = {}
    selectors: dict[tuple[str, str], str] = {}
    for text in given:
        left, _, value = text.partition("=")
        objective, _, key = left.rpartition(":")
        if key not in _KEYS or not value.strip() or (objective and key in ("requests", "duration")):
            hint = 'write requests=NAME, duration=NAME, or good=SELECTOR and total=SELECTOR, with "OBJECTIVE:" before it for one'
            raise UsageError(f"--metric {text}: {hint}")
        if key in ("requests", "duration"):
            names[key] = value.strip()
        else:
            selectors[objective, key] = value.strip()
    return Metrics(names, selectors)


@dataclass(frozen=True, slots=True)
class Events:
    """The selectors of the counters of good and of all events."""

    good: str
    total: str

    def ratio_of_bad(self, slo: Slo, window: str) -> str:
        """Return the expression of the bad ratio over a window, by the objective's method."""
        if slo.method is Method.OCCURRENCES:
            return f"1 - {self._good_ratio(window)}"
        part = duration(slo.slice_s * NS_PER_S)
        one = self._good_ratio(part)
        if slo.method is Method.TIMESLICES:
            one = f"{one} >= bool {slo.slice_target:.12g}"
        return f"1 - avg_over_time(({one})[{window}:{part}])"

    def bad(self, window: str) -> str:
        """Return the expression of the number of bad events in a window."""
        return f"sum(increase({self.total}[{window}])) - (sum(increase({self.good}[{window}])) or vector(0))"

    def _good_ratio(self, window: str) -> str:
        # without `or`, an outage in which nothing is good would have no ratio at all
        return f"((sum(rate({self.good}[{window}])) or vector(0)) / sum(rate({self.total}[{window}])))"


def events_of(slo: Slo, metrics: Metrics) -> Events:
    """Return the counters of an objective's events. Raises UsageError where only one of good and total is given."""
    good, total = (
        metrics.selectors.get((slo.name, key), metrics.selectors.get(("", key))) for key in ("good", "total")
    )
    if good and total:
        return Events(good, total)
    if good or total:
        missing = "total" if good else "good"
        raise UsageError(f"--metric gives {slo.name} no {missing} events; add --metric '{missing}=SELECTOR'")
    return _own(slo, metrics.names)


def _own(slo: Slo, names: Mapping[str, str]) -> Events:
    """Return loadkit's own counters."""
    found = _split(slo.indicator.condition)
    if found is None or slo.indicator.kinds is not None:
        return Events(
            f'{EVENTS}{{slo="{_escaped(slo.name)}",result="good"}}', f'{EVENTS}{{slo="{_escaped(slo.name)}"}}'
        )
    status, limit_ns = found
    requests, duration_name = names.get("requests", REQUESTS), names.get("duration", DURATION)
    named = [("request", slo.request), ("scenario", slo.selection.scenario), ("phase", slo.selection.phase)]
    labels = [f'{label}="{_escaped(value)}"' for label, value in named if value is not None]
    total = _selector(requests, labels)
    if limit_ns is None:
        return Events(_selector(requests, [*labels, *status]), total)
    le = f'le="{limit_ns / NS_PER_S:.9g}"'
    kept = [label for label in status if not label.startswith("error")]  # the histogram holds valid responses alone
    return Events(_selector(f"{duration_name}_bucket", [*labels, *kept, le]), total)


def _split(condition: Condition) -> tuple[list[str], float | None] | None:
    """Return the labels of good statuses, and the limit of response time; None for what no labels say."""
    parts = condition.parts if isinstance(condition, All) else (condition,)
    plain = [part for part in parts if fields_of(part) <= {"status", "error"}]
    timed = [part for part in parts if part not in plain]
    if len(timed) > 1 or any(isinstance(part, Compare) and part.field == "error" for part in _leaves(condition)):
        return None
    limit_ns = None
    if timed:
        (only,) = timed
        if not isinstance(only, Compare) or only.field != "response_ns" or only.operator not in ("<", "<="):
            return None
        limit_ns = float(only.value)
    if not plain:
        return [], limit_ns
    labels = _status_labels(All(tuple(plain)))
    return None if labels is None else (labels, limit_ns)


def _leaves(condition: Condition) -> list[Condition]:
    parts = getattr(condition, "parts", None) or ([condition.part] if hasattr(condition, "part") else [])
    return [leaf for part in parts for leaf in _leaves(part)] if parts else [condition]


def _status_labels(condition: Condition) -> list[str] | None:
    """Return the labels of requests for which a condition on status and error holds; None where a failure would be good."""
    none = frozenset[str]()
    if holds(condition, Event(None, "failed", none, 0, 0)):
        return None
    bad = [status for status in _STATUSES if not holds(condition, Event(status, None, none, 0, 0))]
    whole = [
        family for family in range(1, 6) if all(status in bad for status in range(family * 100, family * 100 + 100))
    ]
    single = [str(status) for status in bad if status // 100 not in whole]
    pattern = "|".join([*(f"{family}.." for family in whole), *single])
    return ['error=""', *([f'status!~"{pattern}"'] if pattern else [])]


def _selector(metric: str, labels: Sequence[str]) -> str:
    return f"{metric}{{{','.join(labels)}}}" if labels else metric


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def duration(ns: int) -> str:
    """Return a span as Prometheus writes it: "30d", "1h30m", "1s250ms"."""
    parts, left = [], max(1, round(ns / 1_000_000))
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")):
        number, left = divmod(left, size)
        parts += [f"{number}{unit}"] if number else []
    return "".join(parts)
