"""Which visits are traced, with which ids, and the spans that come of them.

A visit is chosen by its number and the seed, so the same plan traces the same visits. The ids are nobody's but this run's: a
store of traces keeps those of all runs. Without a share nothing of this exists: no visit looks here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import SystemRandom
from typing import Any

from loadkit.metrics.span import Span, Spans

TRACE = "trace"
"""Under this name a user's trace stands among its sessions."""

DEFAULT_SHARE = 0.01


def traced_share(config: Mapping[str, Any]) -> float:
    """Return the share of visits, 0 to 1, that the outputs of a configuration want spans of; 0.0 where none does."""
    outputs = config.get("outputs")
    asked = [one.get("traces") for one in outputs if isinstance(one, Mapping)] if isinstance(outputs, list) else []
    return max((_share(one) for one in asked), default=0.0)


def _share(asked: Any) -> float:
    if asked is True:
        return DEFAULT_SHARE
    if not isinstance(asked, Mapping):
        return 0.0
    try:
        return min(1.0, max(0.0, float(asked.get("sample", DEFAULT_SHARE))))
    except (TypeError, ValueError):
        return 0.0


class Tracer:
    """A worker's source of ids, and keeper of spans. `origin_ns` is the run's first instant on perf_counter_ns."""

    def __init__(self, share: float, prefix: str, origin_ns: int) -> None:
        self.share = share
        self.spans = Spans()
        self._prefix = prefix
        self._origin_ns = origin_ns
        self._draw = SystemRandom().getrandbits

    def new_trace_id(self) -> str:
        """Return 32 hexadecimal digits that begin with the prefix; not all of the others are zero."""
        digits = 32 - len(self._prefix)
        return f"{self._prefix}{self._draw(4 * digits) or 1:0{digits}x}"

    def new_span_id(self) -> str:
        """Return 16 hexadecimal digits, not all zero."""
        return f"{self._draw(64) or 1:016x}"

    def keep(self, span: Span) -> None:
        """Keep a span whose instants are those of perf_counter_ns."""
        start_ns, end_ns = span.start_ns - self._origin_ns, span.end_ns - self._origin_ns
        self.spans.keep(span._replace(start_ns=max(0, start_ns), end_ns=max(0, end_ns)))


class _Visit:
    """The ids of a visit: "" while it is not traced. Its branches share them."""

    __slots__ = ("span_id", "trace_id")

    def __init__(self) -> None:
        self.trace_id = self.span_id = ""


class VisitTrace:
    """A virtual user's trace, as one of its sessions. `trace_id` and `span_id` are of the request that was last begun."""

    __slots__ = ("begun_ns", "span_id", "trace_id", "visit")

    def __init__(self, visit: _Visit | None = None) -> None:
        self.visit = visit or _Visit()
        self.trace_id = self.span_id = ""
        self.begun_ns = 0

    @property
    def ids(self) -> tuple[str, str]:
        """Return trace and span of the last request, else of the visit; ("", "") where neither has any."""
        if self.span_id:
            return self.trace_id, self.span_id
        return self.visit.trace_id, self.visit.span_id

    def reset(self) -> None:
        """Begin a new visit, which is not traced unless somebody says so."""
        self.trace_id = self.span_id = self.visit.trace_id = self.visit.span_id = ""

    def secrets(self) -> Iterable[str]:
        """Return nothing: ids are shown."""
        return ()

    def branch(self, *, first: bool) -> VisitTrace:
        """Return what a branch has: requests of its own in the same visit."""
        return VisitTrace(self.visit)

    def close(self) -> None:
        """Do nothing: ids hold nothing."""
