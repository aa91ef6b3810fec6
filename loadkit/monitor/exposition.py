"""What is watched in Prometheus's text format, under the names that the exporters of a run use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loadkit.monitor.state import State
from loadkit.stats.growth import Severity

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LABELS = ("subject", "series")
_NUMBERS = {Severity.NONE: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
_SECONDS = 3600.0


def exposition(state: State) -> bytes:
    """Return the page of `/metrics`."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(state))
    return bytes(generate_latest(registry))


class _Collector:
    """Gives the families of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

        state = self._state
        values = GaugeMetricFamily("loadkit_observed", "What is seen of the system under test", labels=_LABELS)
        for (source, series), value in sorted(state.values.items()):
            if source not in state.missing:
                values.add_metric((source, series), value)
        leak = GaugeMetricFamily("loadkit_observed_leak", "0 no leak, 1 warning, 2 critical", labels=_LABELS)
        rate = GaugeMetricFamily("loadkit_observed_growth_per_hour", "How fast a series grows", labels=_LABELS)
        for found in state.findings:
            labels = (found.grown.source.name, found.grown.series.name)
            leak.add_metric(labels, _NUMBERS[found.severity])
            if found.grown.growth.windows:
                rate.add_metric(labels, found.grown.growth.slope.value * _SECONDS)
        lost = CounterMetricFamily("loadkit_observed_lost", "Intervals without a sample", labels=("subject",))
        for source_declared in state.observed.sources:
            lost.add_metric((source_declared.name,), state.lost.get(source_declared.name, 0))
        yield from (values, leak, rate, lost)
