"""The summary of k6 (what its `handleSummary` is given, and most of its reporters read), made of a run of loadkit.

    http_req_duration   http.response_time, from the intended instant: it is what thresholds judge, and k6 has no word for it
    http_req_service_time   http.service_time, which is nearest to what k6 calls a duration
    http_req_failed     http.error_rate: no valid response, or a 5xx; passes are the failed ones, as in k6
    iterations          visits that were completed; iteration_duration is their length
    loadkit_objectives  whatever was judged: passes are those that hold; thresholds that fit no metric of k6 stand here

Times are floats in milliseconds. Thresholds keep the text that they have here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from loadkit.errors import UsageError
from loadkit.outputs.json import json_file
from loadkit.outputs.paper import Paper, Report, legible
from loadkit.report.judgements import Judgement, Suite, judgements
from loadkit.slo.evaluate import Status

_TRENDS = {
    "http_req_duration": "http.response_time",
    "http_req_service_time": "http.service_time",
    "http_req_connecting": "http.connect",
    "http_req_tls_handshaking": "http.tls",
    "http_req_sending": "http.send",
    "http_req_waiting": "http.first_byte",
    "http_req_receiving": "http.receive",
    "iteration_duration": "vusers.session_length",
}
_STATISTICS = {"avg": "mean", "min": "min", "med": "p50", "max": "max", "p(90)": "p90", "p(95)": "p95", "p(99)": "p99"}
_BELONGS = {
    "http.response_time": "http_req_duration",
    "http.service_time": "http_req_service_time",
    "http.error_rate": "http_req_failed",
    "http.availability": "http_req_failed",
    "http.requests": "http_reqs",
    "http.request_rate": "http_reqs",
    "checks": "checks",
    "vusers.session_length": "iteration_duration",
}
_METRIC = re.compile(rf"\s*({'|'.join(map(re.escape, _BELONGS))})\b")
_OBJECTIVES = "loadkit_objectives"
_CHECKS = re.compile(r"plugins\.expect\.(ok|failed)\.(.+)")


def render(reports: Sequence[Report]) -> bytes:
    """Return the summary of one run. Raises UsageError for several: the format has place for one."""
    if len(reports) != 1:
        raise UsageError("the summary of k6 has place for one run; write one for each")
    (report,) = reports
    found = report["loadkit"]
    metrics = _metrics(found)
    _add_objectives(metrics, judgements(report))
    data = {
        "root_group": _group(found["metrics"]["counters"]),
        "options": {"summaryTrendStats": list(_STATISTICS), "summaryTimeUnit": "ms", "noColor": True},
        "state": {"isStdOutTTY": False, "isStdErrTTY": False, "testRunDurationMs": round(found["elapsed_s"] * 1000, 3)},
        "metrics": dict(sorted(metrics.items())),
    }
    return json_file(data)


def _metrics(found: Mapping[str, Any]) -> dict[str, Any]:
    counters, seconds = found["metrics"]["counters"], found["elapsed_s"]
    requests = counters.get("http.requests", 0)
    failed = requests - counters.get("http.responses", 0) + _statuses_5xx(counters)
    made = {
        "http_reqs": _counter(requests, seconds),
        "http_req_failed": _rate(failed, requests - failed),
        "iterations": _counter(counters.get("vusers.completed", 0), seconds),
        "data_received": _counter(counters.get("http.downloaded_bytes", 0), seconds, contains="data"),
        "data_sent": _counter(counters.get("http.uploaded_bytes", 0), seconds, contains="data"),
        "checks": _rate(counters.get("checks.ok", 0), counters.get("checks.failed", 0)),
        **_gauges(found["timeline"]),
    }
    for name, metric in _TRENDS.items():
        summary = found["metrics"]["summaries"].get(metric)
        if summary:
            values = {statistic: float(summary[key]) for statistic, key in _STATISTICS.items()}
            made[name] = {"type": "trend", "contains": "time", "values": values}
    return made


def _statuses_5xx(counters: Mapping[str, int]) -> int:
    return sum(count for name, count in counters.items() if re.fullmatch(r"http\.codes\.5\d\d", name))


def _counter(count: int, seconds: float, contains: str = "default") -> dict[str, Any]:
    rate = count / seconds if seconds > 0 else 0.0
    return {"type": "counter", "contains": contains, "values": {"count": count, "rate": rate}}


def _rate(passes: int, fails: int) -> dict[str, Any]:
    values = {"rate": passes / (passes + fails) if passes + fails else 0.0, "passes": passes, "fails": fails}
    return {"type": "rate", "contains": "default", "values": values}


def _gauges(timeline: Mapping[str, Any]) -> dict[str, Any]:
    column = timeline["columns"].index("vusers_active")
    seen = [row[column] for row in timeline["rows"]] or [0]
    most = {"value": max(seen), "min": max(seen), "max": max(seen)}
    values = {"vus": {"value": seen[-1], "min": min(seen), "max": max(seen)}, "vus_max": most}
    return {name: {"type": "gauge", "contains": "default", "values": held} for name, held in values.items()}


def _add_objectives(metrics: dict[str, Any], found: Sequence[Judgement]) -> None:
    """Add what was judged to the metric that it is about."""
    asked = [judgement for judgement in found if judgement.suite is not Suite.RUN]
    failing = [judgement for judgement in asked if judgement.status in (Status.FAIL, Status.INVALID)]
    metrics[_OBJECTIVES] = _rate(len(asked) - len(failing), len(failing))
    for judgement in asked:
        match = _METRIC.match(str(judgement.data.get("objective", "")))
        name = _BELONGS[match[1]] if match else _OBJECTIVES
        held = metrics.get(name) or metrics[_OBJECTIVES]
        ok = judgement.status not in (Status.FAIL, Status.INVALID)
        known = held.setdefault("thresholds", {}).setdefault(legible(judgement.name), {"ok": True})
        known["ok"] = known["ok"] and ok


def _group(counters: Mapping[str, int]) -> dict[str, Any]:
    """Return the group that all is in, with its checks by kind; k6 makes ids of paths in this way."""
    kinds: dict[str, dict[str, int]] = {}
    for name, count in sorted(counters.items()):
        match = _CHECKS.fullmatch(name)
        if match:
            kinds.setdefault(legible(match[2]), {"ok": 0, "failed": 0})[match[1]] += count
    checks = [
        {"name": kind, "path": f"::{kind}", "id": _id(f"::{kind}"), "passes": seen["ok"], "fails": seen["failed"]}
        for kind, seen in kinds.items()
    ]
    return {"name": "", "path": "", "id": _id(""), "groups": [], "checks": checks}


def _id(path: str) -> str:
    return hashlib.md5(path.encode(), usedforsecurity=False).hexdigest()


PAPERS: Mapping[str, Paper] = {"k6": Paper(render)}
