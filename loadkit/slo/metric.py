"""What can be judged: the table of metrics, and how a metric's name in a threshold is read.

    name      = metric [ "." aggregate ]          an aggregate belongs to times and to nothing else
    aggregate = "mean" | "min" | "max" | "median" | "count" | "p" digits [ "." digits ]

`p99.5` is the 99.5th percentile; as everywhere in load testing `p999` means 99.9 and `p9999` 99.99.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from enum import Enum

from loadkit.flow.apdex import FRUSTRATED, SATISFIED, TOLERATED
from loadkit.flow.bookkeeping import NOTHING_OWN, Recorded
from loadkit.metrics.sample import Outcome
from loadkit.metrics.snapshot import RATES


class Kind(Enum):
    """What a metric's value is, and so the unit of `Objective.limit` and `Verdict.observed`."""

    TIME = "ns"
    COUNT = "count"
    BYTES = "bytes"
    RATIO = "ratio"
    RATE = "per_s"


class Scope(Enum):
    """What `of "name"` selects; nothing for a metric of the whole run."""

    REQUEST = "request"
    SCENARIO = "scenario"
    RUN = "run"


class ThresholdFault(ValueError):
    """A threshold that cannot mean anything. `code` is LK301, LK302 or LK303; `offset` counts characters from 0."""

    def __init__(self, code: str, message: str, *, offset: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.offset = offset
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Metric:
    """A row of the reference. `samples` are the counters whose sum is what a value of it rests on.

    Capitals in a name stand for what varies: NNN a status, Nxx a family of them, NAME an error, TYPE a kind of check.
    """

    name: str
    kind: Kind
    scope: Scope
    description: str
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """One number of a run: `name` as snapshots know it, its aggregate, and the label when not everything counts."""

    text: str
    name: str
    kind: Kind
    scope: Scope
    samples: tuple[str, ...]
    aggregate: str = ""
    percent: float | None = None
    label: str | None = None
    bounded: bool = True
    """Whether a ratio cannot be more than 1; several processes together may use more than one core."""


GAUGES = ("worker.", "coordinator.", "observe.")
"""How the names of those metrics begin that are read off once a second, and belong to no phase."""

_REQUESTS = ("http.requests",)
_CALLS = ("python.calls",)
_MADE = (*_REQUESTS, *_CALLS)
_CHECKS = ("checks.ok", "checks.failed")
_APDEX = (SATISFIED, TOLERATED, FRUSTRATED)
_VUSERS = ("vusers.created",)
_ENDED = ("vusers.completed", "vusers.failed")
_DUE = ("arrivals.due",)
_TIME, _COUNT, _BYTES, _RATIO, _RATE = Kind.TIME, Kind.COUNT, Kind.BYTES, Kind.RATIO, Kind.RATE
_REQUEST, _SCENARIO, _RUN = Scope.REQUEST, Scope.SCENARIO, Scope.RUN

METRICS: tuple[Metric, ...] = (
    Metric("http.response_time", _TIME, _REQUEST, "from the intended instant to the last byte; what users wait"),
    Metric("http.response_time.Nxx", _TIME, _REQUEST, "response time of one family of statuses, such as 5xx"),
    Metric("http.service_time", _TIME, _REQUEST, "from the real start of a request to the last byte"),
    Metric("http.failure_time", _TIME, _REQUEST, "time spent on requests that got no valid response"),
    Metric("http.dns", _TIME, _REQUEST, "name lookups"),
    Metric("http.connect", _TIME, _REQUEST, "opening TCP connections"),
    Metric("http.tls", _TIME, _REQUEST, "TLS handshakes"),
    Metric("http.send", _TIME, _REQUEST, "until a large request had left our buffer; 0 for one that goes at once"),
    Metric("http.first_byte", _TIME, _REQUEST, "from the request sent to the first byte of the response"),
    Metric("http.receive", _TIME, _REQUEST, "from the first to the last byte of the response"),
    Metric("http.requests", _COUNT, _REQUEST, "requests made, each redirect hop counted", _REQUESTS),
    Metric("http.responses", _COUNT, _REQUEST, "valid responses", _REQUESTS),
    Metric("http.request_rate", _RATE, _REQUEST, "requests per second, first arrival to the end", _REQUESTS),
    Metric("http.error_rate", _RATIO, _REQUEST, "requests without a valid response or with a 5xx, of all", _REQUESTS),
    Metric("http.availability", _RATIO, _REQUEST, "1 - http.error_rate", _REQUESTS),
    Metric("http.codes.NNN", _COUNT, _REQUEST, "responses with one status, such as http.codes.404", _REQUESTS),
    Metric("http.codes.Nxx", _COUNT, _REQUEST, "responses of one family of statuses, such as 5xx", _REQUESTS),
    Metric("http.downloaded_bytes", _BYTES, _REQUEST, "bytes of responses, of those that broke off as well", _REQUESTS),
    Metric("http.content_bytes", _BYTES, _REQUEST, "bytes that responses announce by Content-Length", _REQUESTS),
    Metric("http.uploaded_bytes", _BYTES, _REQUEST, "bytes of requests", _REQUESTS),
    Metric("http.retries", _COUNT, _REQUEST, "requests sent again since an idle connection had closed", _REQUESTS),
    Metric("http.redirects", _COUNT, _REQUEST, "redirects followed", _REQUESTS),
    Metric(
        "http.redirects.post_to_get", _COUNT, _REQUEST, "those of a POST by 301 or 302, which went on as GET", _REQUESTS
    ),
    Metric("http.connections", _COUNT, _REQUEST, "connections opened", _REQUESTS),
    Metric(
        "python.response_time", _TIME, _REQUEST, "from the instant at which a call was due to the function's return"
    ),
    Metric("python.service_time", _TIME, _REQUEST, "from a function's start to its return"),
    Metric("python.failure_time", _TIME, _REQUEST, "time spent on calls that did not return a value"),
    Metric("python.calls", _COUNT, _REQUEST, "functions called by `call`, without those to warm up", _CALLS),
    Metric("python.returns", _COUNT, _REQUEST, "calls that returned a value", _CALLS),
    Metric("python.call_rate", _RATE, _REQUEST, "calls per second, first arrival to the end", _CALLS),
    Metric("python.error_rate", _RATIO, _REQUEST, "calls that raised or took too long, of all", _CALLS),
    Metric("errors.NAME", _COUNT, _REQUEST, "errors of one name, such as errors.ECONNREFUSED", _MADE),
    Metric("checks.ok", _COUNT, _REQUEST, "checks (`expect`) that held", _CHECKS),
    Metric("checks.failed", _COUNT, _REQUEST, "checks that did not hold", _CHECKS),
    Metric("checks.pass_rate", _RATIO, _REQUEST, "checks that held, of all", _CHECKS),
    Metric("plugins.expect.ok", _COUNT, _REQUEST, "Artillery's name for checks.ok", _CHECKS),
    Metric("plugins.expect.ok.TYPE", _COUNT, _REQUEST, "checks of one kind that held, such as statusCode", _CHECKS),
    Metric("plugins.expect.failed", _COUNT, _REQUEST, "Artillery's name for checks.failed", _CHECKS),
    Metric("plugins.expect.failed.TYPE", _COUNT, _REQUEST, "checks of one kind that did not hold", _CHECKS),
    Metric("apdex", _RATIO, _REQUEST, "the score of `plugins.apdex`: (satisfied + tolerated / 2) / all", _APDEX),
    Metric("apdex.satisfied", _COUNT, _REQUEST, "responses within the threshold of `plugins.apdex`", _APDEX),
    Metric("apdex.tolerated", _COUNT, _REQUEST, "responses within four times that threshold", _APDEX),
    Metric("apdex.frustrated", _COUNT, _REQUEST, "responses that took longer", _APDEX),
    Metric("vusers.created", _COUNT, _SCENARIO, "virtual users (visits, in a closed phase) started", _VUSERS),
    Metric("vusers.completed", _COUNT, _SCENARIO, "virtual users that came to the end of their flow", _VUSERS),
    Metric("vusers.failed", _COUNT, _SCENARIO, "virtual users that stopped at an error", _VUSERS),
    Metric("vusers.skipped", _COUNT, _RUN, "virtual users not started since maxVusers were active", _DUE),
    Metric("vusers.error_rate", _RATIO, _SCENARIO, "virtual users that failed, of all that ended", _ENDED),
    Metric("vusers.session_length", _TIME, _SCENARIO, "from a virtual user's start to its end"),
    Metric("arrivals.due", _COUNT, _RUN, "arrivals the plan asked for up to now", _DUE),
    Metric("arrivals.started", _COUNT, _RUN, "arrivals that were started", _DUE),
    Metric("arrivals.withheld", _COUNT, _RUN, "arrivals not started since somebody paused or slowed the run", _DUE),
    Metric("arrivals.added", _COUNT, _RUN, "arrivals that a higher rate added to the plan's", _DUE),
    Metric("arrivals.late", _COUNT, _RUN, "arrivals started more than 10 ms late", _DUE),
    Metric("arrivals.dropped", _COUNT, _RUN, "arrivals never started", _DUE),
    Metric("arrivals.dropped.max_vusers", _COUNT, _RUN, "arrivals never started because of maxVusers", _DUE),
    Metric("arrivals.dropped.generator", _COUNT, _RUN, "arrivals the generator could not start in time", _DUE),
    Metric(
        "payloads.exhausted", _COUNT, _RUN, "payloads whose last row was given and ended the run early, in each worker"
    ),
    Metric("generator.lag", _TIME, _RUN, "how late the generator itself was: start - intended instant"),
    Metric(
        "generator.loop_lag", _TIME, _RUN, "how late the workers' event loops came when they were called, every 20 ms"
    ),
    Metric("generator.gc_pause", _TIME, _RUN, "garbage collections of the workers"),
    Metric(
        "generator.thread_wait", _TIME, _RUN, "how long calls of Python functions waited for a thread; part of the lag"
    ),
    Metric("generator.stall", _TIME, _RUN, "delays of 50 ms or more in which the machine did not run a worker"),
    Metric("worker.cpu.mean", _RATIO, _RUN, "share of its core that a worker used, of the one that used most"),
    Metric("worker.cpu.max", _RATIO, _RUN, "the same in the fullest second"),
    Metric(
        "worker.hooks.max", _RATIO, _RUN, "share of a second that a worker spent in plain functions of the processor"
    ),
    Metric("worker.rss_bytes.max", _BYTES, _RUN, "most memory that a worker held"),
    Metric("worker.fds.max", _COUNT, _RUN, "most descriptors that a worker had open"),
    Metric("worker.ports.max", _COUNT, _RUN, "most connections that a worker had open, each with a local port"),
    Metric("coordinator.cpu.mean", _RATIO, _RUN, "share of a core that the coordinator used"),
    Metric("coordinator.cpu.max", _RATIO, _RUN, "the same in the fullest second"),
    Metric("coordinator.rss_bytes.max", _BYTES, _RUN, "most memory that the coordinator held"),
)

_AGGREGATE = r"mean|min|max|median|count|p\d+(?:\.\d+)?"
_VARYING = {"NNN": r"[1-9]\d\d", "Nxx": r"[1-9]xx", "NAME": r"\S.*", "TYPE": r"[A-Za-z]\w*|header \S+ values equals"}
_FOR_EXAMPLE = {"NNN": "500", "Nxx": "5xx", "NAME": Outcome.REFUSED.value, "TYPE": "statusCode"}
_CAPITALS = re.compile("|".join(_VARYING))
_BY_NAME = {metric.name: metric for metric in METRICS if not _CAPITALS.search(metric.name)}
_FAMILIES = tuple(
    (metric, re.compile(_CAPITALS.sub(lambda found: _VARYING[found[0]], metric.name.replace(".", r"\."))))
    for metric in METRICS
    if metric.name not in _BY_NAME
)
# What Artillery calls numbers that are labels here; `rest` goes on behind the name.
_ARTILLERY = (
    (re.compile(r"vusers\.created_by_name\.(?P<label>.+)"), "vusers.created"),
    (re.compile(rf"http\.tcp(?P<label>)(?P<rest>(?:\.(?:{_AGGREGATE}))?)"), "http.connect"),
    (re.compile(rf"http\.total(?P<label>)(?P<rest>(?:\.(?:{_AGGREGATE}))?)"), "http.service_time"),
    (
        re.compile(rf"plugins\.metrics-by-endpoint\.response_time\.(?P<label>.+?)(?P<rest>(?:\.(?:{_AGGREGATE}))?)"),
        "http.response_time",
    ),
    (re.compile(r"plugins\.metrics-by-endpoint\.(?P<label>.+)(?P<rest>\.codes\.\w+)"), "http"),
    (re.compile(r"plugins\.metrics-by-endpoint\.(?P<label>.+)\.errors(?P<rest>\..+)"), "errors"),
)
_ELSEWHERE = {
    "avg": "mean",
    "average": "mean",
    "med": "median",
    "http.latency": "http.response_time",
    "http.errors": "http.error_rate",
    "http_req_duration": "http.response_time",
    "http_req_failed": "http.error_rate",
}
_TYPO = 0.9


def known_metrics() -> list[str]:
    """Return the names of all metrics as the reference shows them, without aggregates."""
    return [metric.name for metric in METRICS]


def select(text: str, own: Recorded = NOTHING_OWN) -> Selector:
    """Return what a metric's name in a threshold or in `ensure` refers to; `own` are those of the processor.

    Raises ThresholdFault.
    """
    for form, name in _ARTILLERY:
        found = form.fullmatch(text)
        if found:
            return _select(text, name + found.groupdict().get("rest", ""), found["label"] or None)
    try:
        return _select(text, text, None)
    except ThresholdFault as fault:
        if fault.code != "LK302":
            raise
        mine = _select_own(text, own)
        if mine is None:
            raise
        return mine


def guessed(selector: Selector, own: Recorded) -> bool:
    """Say whether a metric of the processor is taken for a counter since nothing says what it is; it may be a rate."""
    if selector.kind is not _COUNT or selector.aggregate or selector.name in own.counters:
        return False
    return bool(own.prefixes) and _metric(selector.name) is None


def _select_own(text: str, own: Recorded) -> Selector | None:
    """Read a name as a metric that the processor records: counters and rates by their name, histograms with an aggregate.

    A histogram's numbers count as milliseconds. Where names are put together, one that begins so will do.
    """
    split = re.fullmatch(rf"(?P<metric>.+?)\.(?P<aggregate>{_AGGREGATE})", text)
    begins = any(text.startswith(prefix) for prefix in own.prefixes)
    if text in own.rates:
        return Selector(text=text, name=text, kind=_RATE, scope=_RUN, samples=(f"{RATES}{text}",))
    if split and (split["metric"] in own.histograms or (begins and text not in own.counters)):
        return _with_aggregate(text, split["metric"], split["aggregate"], _RUN)
    if text in own.counters or begins:
        return Selector(text=text, name=text, kind=_COUNT, scope=_RUN, samples=(text,))
    return None


def _select(text: str, name: str, label: str | None) -> Selector:
    metric = _metric(name)
    if metric is None:
        return _select_time(text, name, label)
    if metric.kind is Kind.TIME:
        hint = f"write {text}.p95, or .mean .min .max .median or any other percentile"
        raise ThresholdFault("LK301", f"{text} is many times; say which", offset=len(text), hint=hint)
    if metric.name == "errors.NAME":
        _refuse_typo(name)
    return Selector(text=text, name=name, kind=metric.kind, scope=metric.scope, samples=metric.samples, label=label)


def _select_time(text: str, name: str, label: str | None) -> Selector:
    """Read a name as time.aggregate; the aggregate may itself hold a dot: p99.5."""
    split = re.fullmatch(rf"(?P<metric>.+?)\.(?P<aggregate>{_AGGREGATE})", name)
    metric = _metric(split["metric"]) if split else None
    if split is None or metric is None or metric.kind is not Kind.TIME:
        raise _unknown(text, name)
    return replace(_with_aggregate(text, split["metric"], split["aggregate"], metric.scope), label=label)


def _with_aggregate(text: str, name: str, aggregate: str, scope: Scope) -> Selector:
    percent = _percent(aggregate, len(text) - len(aggregate))
    return Selector(
        text=text,
        name=name,
        kind=Kind.COUNT if aggregate == "count" else Kind.TIME,
        scope=scope,
        samples=(),
        aggregate="percentile" if percent is not None else aggregate,
        percent=percent,
    )


def _metric(name: str) -> Metric | None:
    return _BY_NAME.get(name) or next((metric for metric, form in _FAMILIES if form.fullmatch(name)), None)


def _percent(aggregate: str, offset: int) -> float | None:
    """Return the percentile that `p95`, `p99.5` or `p999` stands for, 50 for the median, None for the others."""
    if aggregate == "median":
        return 50.0
    if not aggregate[1:2].isdigit():
        return None
    digits = aggregate[1:]
    percent = float(digits if not re.fullmatch("999+", digits) else f"99.{digits[2:]}")
    if percent > 100:
        meant = re.fullmatch(r"(9\d)(\d+)", digits)
        hint = f"write p{meant[1]}.{meant[2]}" if meant else "percentiles go from p0 to p100"
        raise ThresholdFault("LK303", f"there is no percentile {digits}", offset=offset, hint=hint)
    return percent


def _unknown(text: str, name: str) -> ThresholdFault:
    head, _, tail = name.rpartition(".")
    metric = _metric(head)
    if metric is not None and metric.kind is Kind.TIME:
        hint = _ELSEWHERE.get(tail, "mean, min, max, median, count or a percentile such as p95")
        message = f'{head} has no "{tail}"'
        return ThresholdFault("LK302", message, offset=max(0, len(text) - len(tail)), hint=f"write {hint}")
    if metric is not None and re.fullmatch(_AGGREGATE, tail):
        hint = f"write {head}; only times have mean, min, max and percentiles"
        return ThresholdFault("LK302", f'{head} has no "{tail}"', offset=max(0, len(text) - len(tail)), hint=hint)
    return ThresholdFault("LK302", f'there is no metric "{text}"', hint=_suggestion(name))


def _suggestion(name: str) -> str:
    """Name the closest metric; a time is suggested with the aggregate that was written."""
    split = re.fullmatch(rf"(?P<metric>.+?)(?P<aggregate>(?:\.(?:{_AGGREGATE}))?)", name)
    head, aggregate = (split["metric"], split["aggregate"]) if split else (name, "")
    if re.fullmatch(_AGGREGATE, name):  # Artillery's short names
        return f'did you mean "http.response_time.{name}"?'
    first, _, rest = name.partition(".")
    if difflib.get_close_matches(first.casefold(), ["observe"], cutoff=_TYPO):
        return f'did you mean "observe.{rest or "api.rss.max"}"?'
    other = _ELSEWHERE.get(head)
    if other is None:
        near = difflib.get_close_matches(head, known_metrics(), n=1)
        other = _CAPITALS.sub(lambda found: _FOR_EXAMPLE[found[0]], near[0]) if near else ""
    metric = _metric(other)
    if metric is not None and metric.kind is Kind.TIME:
        other += aggregate or ".p95"
    return f'did you mean "{other}"?' if other else ""


def _refuse_typo(name: str) -> None:
    """Refuse an error's name that is almost a known one: it would be 0 for ever, and the threshold would always hold.

    Any other name is taken, since a script or a plugin may count errors of its own.
    """
    known = {outcome.value.casefold(): outcome.value for outcome in Outcome if outcome is not Outcome.OK}
    error = name.removeprefix("errors.")
    near = difflib.get_close_matches(error.casefold(), list(known), n=1, cutoff=_TYPO)
    if near and known[near[0]] != error:
        hint = f'did you mean "errors.{known[near[0]]}"?'
        raise ThresholdFault("LK302", f'there is no error "{error}"', offset=len("errors."), hint=hint)
