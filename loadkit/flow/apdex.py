"""Apdex, how satisfied users are with how long they wait: how requests are told apart, the score and what it is called.

Apdex(T) = (satisfied + tolerated / 2) / all        https://www.apdex.org, specification 1.1

where a request with a total time of at most T is satisfied, of at most 4 T tolerated, and frustrated above. As with
Artillery's plugin the total time is that from the start of the request to the last byte of its last response, whatever
its status; what got no response does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadkit.flow.plugins import options_of
from loadkit.metrics.snapshot import Snapshot
from loadkit.units import NS_PER_MS

SATISFIED, TOLERATED, FRUSTRATED = "apdex.satisfied", "apdex.tolerated", "apdex.frustrated"
DEFAULT_MS = 500.0
_TOLERATED_TIMES = 4
_RANKINGS = ((0.94, "excellent"), (0.85, "good"), (0.7, "fair"), (0.49, "poor"))
"""Artillery's: the specification has 0.5 for poor."""


def threshold_ns(config: Mapping[str, Any]) -> int | None:
    """Return T in ns, None when the plugin is not listed. What is no number has been reported by the schema."""
    options = options_of(config, "apdex")
    if options is None:
        return None
    own = config.get("apdex")
    given = own.get("threshold") if isinstance(own, Mapping) else None
    given = options.get("threshold") if given is None else given
    try:
        milliseconds = DEFAULT_MS if given is None else float(given)
        return round(milliseconds * NS_PER_MS)
    except (TypeError, ValueError, OverflowError):
        return round(DEFAULT_MS * NS_PER_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apdex:
    """The Apdex of a run: T, the counts, and what they come to."""

    limit_ns: int
    satisfied: int
    tolerated: int
    frustrated: int

    @property
    def score(self) -> float:
        """Return the score between 0 and 1."""
        return (self.satisfied + self.tolerated / 2) / (self.satisfied + self.tolerated + self.frustrated)

    @property
    def ranking(self) -> str:
        """Return what the score is called."""
        return next((word for least, word in _RANKINGS if self.score >= least), "unacceptable")


def apdex_of(config: Mapping[str, Any], seen: Snapshot) -> Apdex | None:
    """Return the Apdex of what was measured, None where the plugin is not listed or saw no response."""
    limit_ns = threshold_ns(config)
    satisfied, tolerated, frustrated = (seen.count(metric) for metric in (SATISFIED, TOLERATED, FRUSTRATED))
    if limit_ns is None or not satisfied + tolerated + frustrated:
        return None
    return Apdex(limit_ns=limit_ns, satisfied=satisfied, tolerated=tolerated, frustrated=frustrated)


def kind_of(total_ns: int, limit_ns: int) -> str:
    """Return the counter of a request that took so long."""
    if total_ns <= limit_ns:
        return SATISFIED
    return TOLERATED if total_ns <= _TOLERATED_TIMES * limit_ns else FRUSTRATED


SCHEMA: dict[str, Any] = {
    "threshold": {
        "type": ["number", "string"],
        "exclusiveMinimum": 0,
        "title": "Threshold",
        "description": "Up to how many milliseconds a user is satisfied; up to four times as many are tolerated.",
        "default": DEFAULT_MS,
        "examples": [300],
    },
}

CONFIG: dict[str, Any] = {
    "apdex": {
        "type": "object",
        "title": "Apdex",
        "description": "Options of the plugin `apdex`, which win; they count only with `plugins: {apdex: {}}`.",
        "examples": [{"threshold": 300}],
        "properties": SCHEMA,
        "additionalProperties": False,
    },
}
