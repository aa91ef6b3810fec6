"""Spans: what a sampled visit and its requests were, as distributed tracing tells it; and the few of them that a worker keeps."""

from __future__ import annotations

from typing import NamedTuple

MOST_SPANS = 1000
"""So many are kept a second and worker; those beyond are counted."""


class Span(NamedTuple):
    """One span. Instants are nanoseconds since the run's start.

    `parent_id` is "" of a visit, whose children are its requests. `method` is the request's, "" of a visit and of a call of a
    function. `status` is 0 where there is no response, `error` is "" where nothing went wrong.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_ns: int
    end_ns: int
    visit: int
    method: str = ""
    status: int = 0
    error: str = ""


class Spans:
    """Keeps the first spans between two looks, and counts the others in `dropped`."""

    def __init__(self) -> None:
        self.dropped = 0
        self._kept: list[Span] = []

    def keep(self, span: Span) -> None:
        """Keep a span, if there is room."""
        if len(self._kept) < MOST_SPANS:
            self._kept.append(span)
        else:
            self.dropped += 1

    def take(self) -> list[Span]:
        """Return what was kept since the last call, and start anew."""
        kept, self._kept, self.dropped = self._kept, [], 0
        return kept
