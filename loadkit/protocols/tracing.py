"""`http.distributedTracing`: a traceparent header (W3C Trace Context) with ids of its own in every request.

traceparent = "00-" trace-id "-" parent-id "-" flags      32, 16 and 2 hexadecimal digits; flags 01: sampled
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from loadkit.flow.step import Build
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
    """Return the value of traceparent; None when nothing is traced. A trace's id begins with `traceIdPrefix`, as in Artillery."""
    given = (build.config.get("http") or {}).get("distributedTracing")
    asked = given if isinstance(given, Mapping) else {"enabled": given is True}
    if not asked.get("enabled", True):
        return None
    prefix = trace_prefix(str(asked.get("traceIdPrefix", DEFAULT_PREFIX)))
    bits, digits = 4 * (32 - len(prefix)), 32 - len(prefix)
    flags = "00" if asked.get("sampled", True) is False else "01"

    def render(user: Any) -> str:
        draw = user.random.getrandbits
        return f"00-{prefix}{draw(bits):0{digits}x}-{draw(64) or 1:016x}-{flags}"

    return Template(source=None, render=render, text=render, is_constant=False, uses=())


def trace_prefix(text: str) -> str:
    """Return what of a prefix can stand in an id: hexadecimal digits, at most eight; the default's where there is none."""
    prefix = re.sub("[^0-9a-f]", "", text.lower())[:_LONGEST_PREFIX]
    return prefix if prefix.strip("0") else DEFAULT_PREFIX
