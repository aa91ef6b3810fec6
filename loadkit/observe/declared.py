"""Series that the scenario names, since only the source knows which there are: metrics, columns, printed names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loadkit.slo.metric import Kind
from loadkit.slo.observed import LEAST_BYTES, OptionFault, Options, Series
from loadkit.units import NS_PER_S

DEFAULT = "value"
"""The series of a source that gives a single number."""
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:-]*")
_KINDS = {
    "bytes": Kind.BYTES,
    "seconds": Kind.TIME,
    "ratio": Kind.RATIO,
    "per_second": Kind.RATE,
    "number": Kind.COUNT,
}
_WORDS = {
    Kind.BYTES: "bytes",
    Kind.TIME: "a time",
    Kind.RATIO: "a ratio",
    Kind.RATE: "per second",
    Kind.COUNT: "a number",
}
_INSTANTS = ("start_time_seconds", "timestamp_seconds")

SERIES_KEY: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "title": "Series",
    "description": "Which values are kept: names of metrics, of columns, or as they are printed. Default, where there is a single "
    "number: value.",
    "examples": [
        ["process_resident_memory_bytes", {"metric": "http_requests_total", "labels": {"code": "500"}, "rate": True}]
    ],
    "items": {
        "type": ["string", "object"],
        "minLength": 1,
        "title": "One series",
        "description": "A name, or a mapping that says more.",
        "required": ["metric"],
        "examples": ["process_open_fds"],
        "properties": {
            "metric": {
                "type": "string",
                "minLength": 1,
                "title": "Metric",
                "description": "The name of the metric, or of the column.",
                "examples": ["http_requests_total"],
            },
            "as": {
                "type": "string",
                "minLength": 1,
                "title": "Name",
                "description": "What thresholds and the report call it. Default: the metric's name.",
                "examples": ["failures"],
            },
            "labels": {
                "type": "object",
                "additionalProperties": {
                    "type": "string",
                    "title": "Label",
                    "description": "The value of the label.",
                    "examples": ["500"],
                },
                "title": "Labels",
                "description": "Labels that the metric must have. What several have that fit is added up.",
                "examples": [{"code": "500"}],
            },
            "rate": {
                "type": "boolean",
                "title": "Rate",
                "description": "Whether a counter's rise per second is kept in place of its value.",
                "default": False,
                "examples": [True],
            },
            "unit": {
                "type": "string",
                "enum": list(_KINDS),
                "title": "Unit",
                "description": "What the value is. Default: what the end of its name says (_bytes, _seconds, _ratio), else number.",
                "examples": ["bytes"],
            },
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A series and what it is made of."""

    series: Series
    metric: str
    labels: Mapping[str, str]
    rate: bool

    def scaled(self, value: float) -> float:
        """Return a value in the unit of its kind: times are counted in nanoseconds."""
        return value * NS_PER_S if self.series.kind is Kind.TIME else value


def wanted(options: Options) -> tuple[Wanted, ...]:
    """Return the series that `series` asks for; the one of a single number where it asks for none."""
    return tuple(_wanted(item) for item in options.get("series") or [DEFAULT])


def declared_series(options: Options) -> tuple[Series, ...]:
    """Return those series alone."""
    return tuple(one.series for one in wanted(options))


def _wanted(item: Any) -> Wanted:
    said = item if isinstance(item, Mapping) else {"metric": item}
    metric, rate = str(said.get("metric", "")), bool(said.get("rate", False))
    kind = _KINDS.get(str(said.get("unit"))) or _kind(metric, rate)
    labels = said.get("labels")
    holds = kind is Kind.BYTES and not rate
    return Wanted(
        series=Series(
            name=str(said.get("as") or metric),
            kind=kind,
            description=f"{metric}, {_WORDS[kind]}{', as a rate' if rate else ''}",
            least_growth=LEAST_BYTES if holds else None,
            per_second=kind is Kind.BYTES and rate,
        ),
        metric=metric,
        labels={str(key): str(value) for key, value in labels.items()} if isinstance(labels, Mapping) else {},
        rate=rate,
    )


def _kind(metric: str, rate: bool) -> Kind:
    """Return what a metric is by the rules of Prometheus for names: the unit stands at the end, before _total."""
    plain = metric.removesuffix("_total").removesuffix("_sum")
    if plain.endswith("_bytes"):
        return Kind.BYTES
    if plain.endswith("_ratio") or (rate and plain.endswith("_seconds")):
        return Kind.RATIO
    if plain.endswith("_seconds") and not plain.endswith(_INSTANTS) and plain == metric:
        return Kind.TIME
    return Kind.RATE if rate else Kind.COUNT


def series_faults(options: Options) -> Iterator[OptionFault]:
    """Yield what is wrong with `series`."""
    names: set[str] = set()
    for one in wanted(options):
        name = one.series.name
        if not _NAME.fullmatch(name):
            hint = "give it a name of letters, digits and _ with `as`"
            yield OptionFault("series", f'"{name}" cannot be the name of a series', hint)
        elif name in names:
            yield OptionFault("series", f'two series are called "{name}"', "give one of them another name with `as`")
        names.add(name)
