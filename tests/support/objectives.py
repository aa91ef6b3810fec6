"""Objectives of every kind, as a file has them."""

from typing import Any

from loadkit.slo.declared import parse_slos
from loadkit.slo.objective import Slo

WRITTEN: list[dict[str, Any]] = [
    {"name": "Available", "description": "Customers can pay.", "sli": {"availability": True}, "target": 0.999, "window": "30d",
     "alerts": {"profile": "document"}},
    {"name": "fast", "sli": {"latency": {"under": "300ms"}}, "of": {"request": "/products"}, "target": 0.99, "window": "1w",
     "alerts": {"profile": "google-sre"}, "expected_events": 1000, "consume_budget": True},
    {"name": "both", "sli": {"good": "status < 500 and not error and latency <= 250ms"}, "target": 0.95, "window": "30d",
     "alerts": [{"name": "burning", "severity": "critical", "burn_rate": 6, "long": "6h", "short": "30m"}], "severity": "warning"},
    {"name": "slices", "sli": {"availability": True}, "target": 0.9, "window": "30d", "method": "timeslices",
     "timeSliceTarget": 0.95, "timeSliceWindow": "1m", "alerts": {"profile": "document"}, "abort": True},
    {"name": "shares", "sli": {"latency": {"under": "1s", "measure": "service_time"}}, "target": 0.9, "window": "30d",
     "method": "ratio_timeslices", "timeSliceWindow": "90s", "alerts": {"profile": "document"}},
    {"name": "checked \"well\"", "sli": {"checks": True}, "target": 0.9, "window": "30d", "alerts": {"profile": "document"}},
]  # fmt: skip


def slos(written: list[dict[str, Any]] | None = None) -> tuple[Slo, ...]:
    """Return them, or others, read."""
    found = parse_slos(WRITTEN if written is None else written)
    assert found.faults == ()
    return found.slos


def slo(**keys: Any) -> Slo:
    """Return one with these keys."""
    return slos([{"name": "it", "sli": {"availability": True}, "target": "99%", **keys}])[0]
