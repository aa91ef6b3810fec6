"""Metrics by the names that Artillery's report has for them, for `ensure`, which may ask for any of them.

counters and rates    http.requests, http.request_rate, vusers.created_by_name.SCENARIO
summaries             NAME.min .max .count .mean .p50 .median .p75 .p90 .p95 .p99 .p999, in milliseconds
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from loadkit.flow.apdex import FRUSTRATED, SATISFIED, TOLERATED
from loadkit.metrics.endpoints import BY_ENDPOINT, Naming, reported_counters, reported_summaries
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.metric import Selector

_AGGREGATES = ("min", "max", "count", "mean", "p50", "median", "p75", "p90", "p95", "p99", "p999")
_TORN = re.compile(r"apdex|plugins\.expect\.(?:ok|failed)\..+|.*\.p999")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One number of the report by its name; `otherwise` says what stands for it where the report has none."""

    name: str
    otherwise: Selector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """What names of metrics may be made of, in a file: they may hold spaces, and anything else."""

    endpoints: Iterable[str] = ()
    scenarios: Iterable[str] = ()
    namespace: str = BY_ENDPOINT


def report_of(summary: Snapshot, naming: Naming, duration_s: float) -> dict[str, float]:
    """Return every number of a report by its name."""
    numbers: dict[str, float] = dict(reported_counters(summary, naming))
    zeros: tuple[str, ...] = ("vusers.failed",) if "vusers.completed" in numbers else ()
    if any(name.startswith("apdex.") for name in numbers):
        zeros += (SATISFIED, TOLERATED, FRUSTRATED)
    numbers = {**dict.fromkeys(zeros, 0.0), **numbers}  # which Artillery reports though they never happened
    if duration_s > 0 and summary.count("http.requests"):
        numbers["http.request_rate"] = summary.count("http.requests") / duration_s
    for name, values in reported_summaries(summary, naming).items():
        numbers |= {f"{name}.{aggregate}": value for aggregate, value in values.items() if value is not None}
    return numbers


def is_torn(name: str) -> bool:
    """Say whether Artillery 2.0.34 cannot read a name in a check.

    It replaces names by others of which they begin (`p99` in `p999`), and knows no value of `apdex`.
    """
    return _TORN.fullmatch(name) is not None


def quoted(text: str, known: KnownNames) -> str:
    """Return a condition in which the names that an expression would not take for names are quoted."""
    namespace = re.escape(known.namespace)
    endpoints, scenarios = _any_of(known.endpoints), _any_of(known.scenarios)
    forms = [rf"{namespace}\.[^\s<>=!()',]+"]
    if endpoints:
        aggregates = "|".join(sorted(_AGGREGATES, key=len, reverse=True))
        forms = [
            rf"{namespace}\.(?:response_time|server-timing)\.(?:{endpoints})\.(?:{aggregates})(?![\w.])",
            rf"{namespace}\.(?:{endpoints})\.(?:codes\.\d+|errors\.[\w-]+)",
            *forms,
        ]
    if scenarios:
        forms.append(rf"vusers\.created_by_name\.(?:{scenarios})(?![\w.])")
    return re.sub(rf"(?<!['\w.])(?:{'|'.join(forms)})", lambda name: f"'{name[0]}'", text)


def _any_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name and "'" not in name)
