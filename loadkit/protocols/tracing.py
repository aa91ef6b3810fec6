"""`http.distributedTracing`: a traceparent header (W3C Trace Context) with ids of its own in every request.

traceparent = "00-" trace-id "-" parent-id "-" flags      32, 16 and 2 hexadecimal digits; flags 01: sampled
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from time import perf_counter_ns as now_ns
from typing import Any

from loadkit.flow.step import Build
from loadkit.flow.tracer import TRACE, VisitTrace, traced_share
from loadkit.template.compile import Template

DEFAULT_PREFIX = "a9"
_LONGEST_PREFIX = 8


TRACING_SCHEMA: dict[str, Any] = {
    "type": ["boolean", "object"],
    "additionalProperties": False,
    "title": "Distributed tracing",
    "description": "Send a `traceparent` header (W3C Trace Context) with new ids in each request.",
    "default": False,
    "examples": [True, {"enabled": True, "sampled": False}],
    "properties": {
        "enabled": {
            "type": "boolean",
            "title": "Enabled",
            "description": "Whether the header is sent.",
            "default": True,
            "examples": [False],
        },
        "sampled": {
            "type": "boolean",
            "title": "Sampled",
            "description": "Whether the traces are to be recorded by who takes part in them.",
            "default": True,
            "examples": [False],
        },
        "traceIdPrefix": {
            "type": "string",
            "title": "Prefix",
            "description": "What a trace's id begins with, to be found by: up to eight hexadecimal digits.",
            "default": DEFAULT_PREFIX,
            "examples": ["a9"],
        },
    },
}


def compile_tracing(build: Build) -> Template | None:
    """Return the value of traceparent; None when nothing is traced. A trace's id begins with `traceIdPrefix`, as in Artillery.

    The requests of a visit that is traced have its trace, and are sampled. Others have a trace each; where outputs take traces
    and `distributedTracing` says nothing else, those are not sampled.
    """
    asked, share = asked_tracing(build.config), traced_share(build.config)
    if not asked.get("enabled", share > 0):
        return None
    prefix = prefix_of(build.config)
    bits, digits = 4 * (32 - len(prefix)), 32 - len(prefix)
    flags = "01" if asked.get("sampled", bool(asked)) else "00"

    def render(user: Any) -> str:
        trace: VisitTrace = user.sessions.get(TRACE) or user.session(TRACE, VisitTrace)
        draw = user.random.getrandbits  # also where the ids are others: what follows must not depend on that
        trace_id, span_id = f"{prefix}{draw(bits):0{digits}x}", f"{draw(64) or 1:016x}"
        if trace.visit.trace_id:
            trace.begun_ns = now_ns()
            return f"00-{trace.trace_id}-{trace.span_id}-01"
        trace.trace_id, trace.span_id = trace_id, span_id
        return f"00-{trace_id}-{span_id}-{flags}"

    return Template(source=None, render=render, text=render, is_constant=False, uses=())


def asked_tracing(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `http.distributedTracing` as a mapping, empty where it is not there."""
    given = (config.get("http") or {}).get("distributedTracing")
    if isinstance(given, Mapping):
        return {"enabled": True, **given}
    return {} if given is None else {"enabled": given is True}


def prefix_of(config: Mapping[str, Any]) -> str:
    """Return what the ids of a configuration's traces begin with."""
    return trace_prefix(str(asked_tracing(config).get("traceIdPrefix", DEFAULT_PREFIX)))


def trace_prefix(text: str) -> str:
    """Return what of a prefix can stand in an id: hexadecimal digits, at most eight; the default's where there is none."""
    prefix = re.sub("[^0-9a-f]", "", text.lower())[:_LONGEST_PREFIX]
    return prefix if prefix.strip("0") else DEFAULT_PREFIX
