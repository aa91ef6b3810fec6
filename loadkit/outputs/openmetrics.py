"""Totals as prometheus-client's metric families: what is scraped and what is pushed is the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from loadkit import __version__
from loadkit.outputs.exported import Family, Kind, Labels
from loadkit.outputs.exporter import ExportedRun, OptionFault, Options
from loadkit.outputs.paper import legible
from loadkit.outputs.totals import Buckets, Total, Totals

if TYPE_CHECKING:
    from prometheus_client.core import Metric

OWN = "loadkit_"
"""What names begin with, unless an option says otherwise."""
PREFIX: Mapping[str, Any] = {
    "type": "string",
    "title": "Prefix",
    "description": "What names begin with, usually up to an underscore. The dashboards for Grafana ask for `loadkit_`.",
    "examples": ["shop_load_"],
    "default": OWN,
}
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
INFO = "loadkit_run"
"""An info metric: `loadkit_run_info` is 1, its labels tell of the run."""
RUNNING = "loadkit_run_active"
STARTED = "loadkit_run_start_time_seconds"
_FORBIDDEN = frozenset({"le", "quantile", "__name__"})


class RunMetrics:
    """Makes the families of one run. `labels` are put on every sample, by default those of the run; names begin with `prefix`."""

    def __init__(self, run: ExportedRun, labels: Mapping[str, str] | None = None, *, prefix: str = OWN) -> None:
        self._run = run
        self._prefix = prefix
        self._labels = {label_name(key): legible(value) for key, value in (labels or run.labels).items()}

    def families(self, totals: Totals, *, running: bool) -> list[Metric]:
        """Return what there is to tell of a run."""
        return [*self._of_run(running=running), *(self._family(*found) for found in totals.families())]

    def _of_run(self, *, running: bool) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

        run = self._run
        facts = {"version": __version__, "target": legible(run.target), "workers": str(run.workers)}
        facts |= {label_name(f"tag_{key}"): legible(value) for key, value in run.tags.items()}
        info = InfoMetricFamily(self._named(INFO), "The run that these figures are of", labels=list(self._labels))
        info.add_metric(list(self._labels.values()), facts)
        yield info
        for name, text, value in (
            (STARTED, "When load began, in Unix time", run.started_at),
            (RUNNING, "1 while the run goes on, 0 when it is over", float(running)),
        ):
            gauge = GaugeMetricFamily(self._named(name), text, labels=list(self._labels))
            gauge.add_metric(list(self._labels.values()), value)
            yield gauge

    def _family(self, family: Family, values: list[tuple[Labels, Total]]) -> Metric:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        mine = {key: value for key, value in self._labels.items() if key not in family.labels}
        names = [*mine, *family.labels]
        if family.kind is Kind.HISTOGRAM:
            histograms = HistogramMetricFamily(self._named(family.name), family.help, labels=names)
            for labels, value in values:
                if isinstance(value, Buckets):
                    buckets, total = _buckets(value, family)
                    histograms.add_metric(_values(mine, family, labels), buckets=buckets, sum_value=total)
            return histograms
        made: Any = (CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily)(
            self._named(family.name), family.help, labels=names
        )
        for labels, value in values:
            if not isinstance(value, Buckets):
                made.add_metric(_values(mine, family, labels), value)
        metric: Metric = made
        return metric

    def _named(self, name: str) -> str:
        return f"{self._prefix}{name.removeprefix(OWN)}"


def _values(mine: Mapping[str, str], family: Family, labels: Labels) -> list[str]:
    own = dict(labels)
    return [*mine.values(), *(own.get(name, "") for name in family.labels)]


def _buckets(value: Buckets, family: Family) -> tuple[list[tuple[str, float]], float]:
    """Return cumulative buckets by their upper bound, and the sum, in the family's unit."""
    made = [
        (_bound(bound, family.per_unit), float(count))
        for bound, count in zip(value.bounds_ns, value.counts, strict=True)
    ]
    return [*made, ("+Inf", float(value.total))], value.sum_ns / family.per_unit


def _bound(bound_ns: int, per_unit: int) -> str:
    return repr(bound_ns / per_unit)


def read_prefix(options: Options) -> str:
    """Return the option `prefix`. Raises OptionFault for what no name of Prometheus' begins with."""
    prefix = str(options.get("prefix", OWN))
    if not _NAME.fullmatch(prefix):
        raise OptionFault("prefix", f"no name begins with {prefix}", hint="letters, digits, _ and :, no digit first")
    return prefix


def label_name(text: str) -> str:
    """Return a text as the name of a label: letters, digits and underscores."""
    made = "".join(char if char.isascii() and (char.isalnum() or char == "_") else "_" for char in text) or "_"
    made = f"_{made}" if made[0].isdigit() else made
    return f"{made}_" if made in _FORBIDDEN or made.startswith("__") else made
