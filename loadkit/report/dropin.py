"""Numbers as Artillery reports them: of what loadkit measures only what is counted there, under the names it has there.

Whoever compares two reports name by name, or reads one with a script written for the other, must find the same counters
and summaries. All that is loadkit's own stands in the report's `loadkit.metrics` instead, whole.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from loadkit.flow.apdex import FRUSTRATED, SATISFIED, TOLERATED
from loadkit.metrics.sample import Outcome
from loadkit.metrics.snapshot import Snapshot

_Summary = TypeVar("_Summary")
_OWN_COUNTERS = re.compile(
    r"(?:arrivals|checks|generator|hooks|log|payloads)\..*"
    r"|http\.(?:connections|retries|redirects|redirects\.post_to_get|downloaded_bytes|uploaded_bytes)"
)
_OWN_TIMES = re.compile(r"generator\..*|http\.(?:service_time|failure_time|connect|dns|tls|send|first_byte|receive)")
_CONTENT, _DOWNLOADED = "http.content_bytes", "http.downloaded_bytes"
_APDEX = (SATISFIED, TOLERATED, FRUSTRATED)
_COMPLETED, _FAILED = "vusers.completed", "vusers.failed"

_EXTENDED = {
    "http.dns": "http.dns",
    "http.tcp": "http.connect",
    "http.tls": "http.tls",
    "http.total": "http.service_time",
}

_THERE: Mapping[Outcome, str] = {
    Outcome.CONNECT_TIMEOUT: "ETIMEDOUT",
    Outcome.TLS_TIMEOUT: "ETIMEDOUT",
    Outcome.RESET_CONNECT: "ECONNRESET",
    Outcome.RESET_HEAD: "ECONNRESET",
    Outcome.RESET_BODY: "ECONNRESET",
    Outcome.CLOSED: "ECONNRESET",
    Outcome.TRUNCATED: "ECONNRESET",
    Outcome.PROXY: "ECONNREFUSED",
    Outcome.PROXY_TIMEOUT: "ETIMEDOUT",
    Outcome.PROXY_AUTHENTICATION: "Bad response: 407",
    Outcome.PROTOCOL: "HPE_INVALID_CONSTANT",  # its parser's name for an answer that does not begin as HTTP
    Outcome.CERT_NO_ISSUER: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
}
"""What Node.js calls errors that are told apart here, most of them by the stage they struck at."""
_ERRORS = {outcome.value: name for outcome, name in _THERE.items()}
_ERROR = re.compile(rf"(?:^|.*\.)errors\.({'|'.join(map(re.escape, _ERRORS))})")


def artillery_counters(counters: Mapping[str, int]) -> dict[str, int]:
    """Return the counters that Artillery has, sorted: bytes by Content-Length, errors by Node's names.

    As there, `vusers.failed` is 0 and not left out once a virtual user has completed, and so are the counters of apdex.
    """
    made: defaultdict[str, int] = defaultdict(int)
    for name, count in counters.items():
        if name == _CONTENT:
            made[_DOWNLOADED] += count
        elif not _OWN_COUNTERS.fullmatch(name):
            made[artillery_name(name)] += count
    if counters.get("http.responses"):
        made[_DOWNLOADED] += 0
    if counters.get(_COMPLETED):
        made[_FAILED] += 0
    if any(name in made for name in _APDEX):
        made.update({name: made[name] for name in _APDEX})
    return dict(sorted(made.items()))


def artillery_summaries(summaries: Mapping[str, _Summary]) -> dict[str, _Summary]:
    """Return the summaries that Artillery has."""
    return {name: summary for name, summary in summaries.items() if not _OWN_TIMES.fullmatch(name)}


def extended_summaries(seen: Snapshot) -> dict[str, dict[str, float]]:
    """Return what `http.extendedMetrics` adds: how long a response took in each part, 0 for one that needed none of it.

    A response on a connection that was open already needed no name, connection or handshake of its own.
    """
    responses, made = seen.count("http.responses"), {}
    for name, metric in _EXTENDED.items():
        histogram = seen.histogram(metric)
        histogram.record(np.zeros(max(0, responses - histogram.total), dtype=np.int64))
        if responses:
            made[name] = dict(histogram.summary_ms())
    return made


def artillery_name(counter: str) -> str:
    """Return what Artillery calls a counter: an error's name may be another there."""
    found = _ERROR.fullmatch(counter)
    return counter[: found.start(1)] + _ERRORS[found[1]] if found else counter
