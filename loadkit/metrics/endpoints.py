"""What was measured, under the names of Artillery's reports: totals, scenarios, and requests by endpoint.

An endpoint is what Artillery's plugin metrics-by-endpoint calls a request: "/cart", or "/cart (add)" with a `name`. Most
request names have one endpoint, so its numbers are those of the name and are not recorded again. Only requests of one name
and several endpoints are recorded by endpoint, and what belongs to no name: the plugin sees the last response of a
redirect alone, and none that a failed check has made an error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from loadkit.metrics.histogram import Histogram, lowest_us
from loadkit.metrics.snapshot import RATES, Snapshot

BY_ENDPOINT = "plugins.metrics-by-endpoint"
_OWN = "endpoint."
ENDPOINT_CODES = f"{_OWN}codes."
ENDPOINT_UNSEEN = f"{_OWN}unseen."
"""Before a status: responses that count under the request's name and not under its endpoint."""
ENDPOINT_UNSEEN_TIME = f"{_OWN}unseen_time"
ENDPOINT_ERRORS = f"{_OWN}errors."
ENDPOINT_TIME = f"{_OWN}response_time"
ENDPOINT_SERVER_TIMING = f"{_OWN}server-timing"

_CREATED = "vusers.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How a report calls things. `endpoints` has the request names whose endpoint is called otherwise, "" to leave it out.

    `scenarios` gives those without a name theirs. With `extended` it tells of the parts of a response time, too.
    """

    endpoints: Mapping[str, str] = field(default_factory=dict)
    namespace: str = BY_ENDPOINT
    scenarios: Mapping[str, str] = field(default_factory=dict)
    extended: bool = False

    def endpoint(self, request: str) -> str:
        """Return the endpoint of a request name, "" where it has none or several."""
        return self.endpoints.get(request, request)


def reported_counters(seen: Snapshot, naming: Naming) -> dict[str, int]:
    """Return the counters as Artillery reports them, sorted; what never happened is left out."""
    totals: defaultdict[str, int] = defaultdict(int)
    for (metric, label), count in seen.counters.items():
        if not metric.startswith((_OWN, RATES)):
            totals[metric] += count
        if metric == _CREATED and label:
            totals[f"vusers.created_by_name.{naming.scenarios.get(label, label)}"] += count
    for endpoint, what, count in _of_endpoints(seen, naming):
        totals[f"{naming.namespace}.{endpoint}.{what}"] += count
    return {name: count for name, count in sorted(totals.items()) if count}


def reported_summaries(seen: Snapshot, naming: Naming) -> dict[str, dict[str, Any]]:
    """Return the summaries as Artillery reports them, times in milliseconds, sorted by name."""
    merged: dict[str, Histogram] = {}
    visible = {endpoint for endpoint, count in _responses(seen, naming).items() if count}
    for (metric, label), histogram in seen.histograms.items():
        if not histogram.total:
            continue
        if not metric.startswith(_OWN):
            merged.setdefault(metric, Histogram()).merge(histogram)
        if metric == ENDPOINT_UNSEEN_TIME:
            continue
        name, endpoint = _summary_of_endpoint(metric, label, naming)
        if endpoint in visible or (endpoint and metric == ENDPOINT_SERVER_TIMING):
            merged.setdefault(f"{naming.namespace}.{name}.{endpoint}", Histogram()).merge(histogram)
    for (metric, label), unseen in seen.histograms.items():
        name = f"{naming.namespace}.response_time.{label}"
        if metric == ENDPOINT_UNSEEN_TIME and name in merged:
            merged[name] = _without(merged[name], unseen)
    return {name: dict(merged[name].summary_ms()) for name in sorted(merged)}


def _without(whole: Histogram, part: Histogram) -> Histogram:
    """Return a histogram without a part of it; where its smallest or largest value was in there, that of its bins."""
    made = whole.copy()
    made.subtract(part, ())
    at, _ = made.bins()
    if len(at):
        made.min_ns = max(whole.min_ns, lowest_us(int(at[0])) * 1000)
        made.max_ns = min(whole.max_ns, lowest_us(int(at[-1]) + 1) * 1000)
    return made


def _summary_of_endpoint(metric: str, label: str, naming: Naming) -> tuple[str, str]:
    if metric == "http.response_time":
        return "response_time", naming.endpoint(label) if label else ""
    return metric.removeprefix(_OWN), label if metric.startswith(_OWN) else ""


def _responses(seen: Snapshot, naming: Naming) -> dict[str, int]:
    """Return how many responses each endpoint shows."""
    made: defaultdict[str, int] = defaultdict(int)
    for endpoint, what, count in _of_endpoints(seen, naming):
        if what.startswith("codes."):
            made[endpoint] += count
    return made


def _of_endpoints(seen: Snapshot, naming: Naming) -> Iterator[tuple[str, str, int]]:
    """Yield (endpoint, "codes.200" or "errors.NAME", count); counts of one thing add up, and may be below zero."""
    for (metric, label), count in seen.counters.items():
        if metric.startswith("http.codes."):
            endpoint = naming.endpoint(label)
            if endpoint:
                yield endpoint, metric.removeprefix("http."), count
        elif metric.startswith(ENDPOINT_UNSEEN):
            yield label, f"codes.{metric.removeprefix(ENDPOINT_UNSEEN)}", -count
        elif metric.startswith(_OWN):
            yield label, metric.removeprefix(_OWN), count
