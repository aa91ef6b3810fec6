"""What `import loadkit` offers, from its docstrings and signatures."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import loadkit
from docs.pages.markdown import block, code, heading, table
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot

_INTRODUCTION = """
`import loadkit` is cheap: a name below is imported when it is first asked for. The package is typed. [Load tests in
pytest](../guides/pytest.md) shows all of it at work.
"""

_HOOKS = """
[Functions of the processor](../guides/hooks.md) are handed these, by the names of their parameters: `request`, `response`, `user`
and `metrics`.
"""

_FUNCTIONS = ("load", "run", "run_sync", "describe")
_EVENTS = ("Started", "Interval", "LogLine", "Finished")
_SESSION = ("pause", "resume", "set_rate", "stop", "begin", "rate", "stops", "held", "interventions", "aclose")
_READ = (Snapshot, Histogram)
_HANDED = {
    "RequestParams": ("method", "url", "headers", "json", "body", "form", "formData", "qs", "cookie", "auth", "name"),
    "Response": ("status", "headers", "text", "json", "body", "timings"),
    "VirtualUser": ("vars", "scenario", "request", "number", "random", "log"),
    "Metrics": ("counter", "rate", "histogram"),
}
_ATTRIBUTES = {
    ("RequestParams", "name"): "The request's name in statistics; it cannot be changed.",
    ("Response", "status"): "The status, such as 200.",
    ("Response", "body"): "The body as bytes, whole and without content codings.",
    ("Response", "timings"): "Milliseconds from the request sent: `first_byte_ms` and `total_ms`.",
    ("VirtualUser", "scenario"): "The name of its scenario.",
    ("VirtualUser", "request"): 'The name of the request that a hook belongs to, "" for other hooks.',
}
_READINGS = {
    "Snapshot": ("count", "histogram", "gauge", "labels", "metrics", "select"),
    "Histogram": ("percentile_ms", "percentile_ns", "mean_ns", "count_above", "summary_ms"),
}


def python_page() -> str:
    """Return the page."""
    parts = [heading(1, "Python"), _INTRODUCTION.strip(), heading(2, "Functions")]
    for name in _FUNCTIONS:
        parts += _function(name)
    parts += [heading(2, "A run"), *_class(loadkit.Session, _SESSION), heading(2, "Events")]
    for name in _EVENTS:
        parts += [heading(3, name), _text(getattr(loadkit, name).__doc__), _fields(getattr(loadkit, name))]
    parts += [*_class(loadkit.Intervention, ("changes_load", "counts")), _fields(loadkit.Intervention)]
    parts += [heading(2, "A result"), *_class(loadkit.RunResult, ("exit_code", "passed", "valid", "failures"))]
    parts.append(_fields(loadkit.RunResult))
    for read in _READ:
        parts += _class(read, tuple(name for name in _READINGS[read.__name__] if hasattr(read, name)))
    parts += [heading(2, "What hooks are handed"), _HOOKS.strip()]
    for name, members in _HANDED.items():
        parts += _class(getattr(loadkit, name), members)
    parts += [heading(2, "Exceptions"), _exceptions()]
    return "\n\n".join(part for part in parts if part)


def _function(name: str) -> Iterator[str]:
    function = getattr(loadkit, name)
    yield heading(3, name)
    yield block(_signature(name, function), "text")
    yield _text(function.__doc__)


def _signature(name: str, function: Any) -> str:
    """Return the signature, an argument a line."""
    signature = inspect.signature(function)
    lines, starred = [], False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            lines.append("    *,")
            starred = True
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        lines.append(f"    {parameter.name}: {parameter.annotation}{default},")
    inside = "\n".join(lines)
    return f"loadkit.{name}(\n{inside}\n) -> {signature.return_annotation}"


def _class(kind: type, members: tuple[str, ...]) -> Iterator[str]:
    yield heading(3, kind.__name__)
    yield _text(kind.__doc__ or "")
    rows = []
    for name in members:
        member = inspect.getattr_static(kind, name)
        said = _ATTRIBUTES.get((kind.__name__, name)) or member.__doc__ or ""
        called = f"{name}{_arguments(member)}" if inspect.isfunction(member) else name
        rows.append((code(called), _text(said)))
    yield table(("", "meaning"), rows)


def _arguments(method: Any) -> str:
    names = [parameter for parameter in inspect.signature(method).parameters.values() if parameter.name != "self"]
    return f"({', '.join(name.name for name in names)})"


def _fields(kind: Any) -> str:
    assert is_dataclass(kind)
    return table(("field", "type"), [(code(field.name), code(str(field.type))) for field in fields(kind)])


def _exceptions() -> str:
    found = [getattr(loadkit, name) for name in loadkit.__all__ if name.endswith("Error")]
    return table(("exception", "meaning"), [(code(one.__name__), _text(one.__doc__ or "")) for one in found])


def _text(docstring: str) -> str:
    """Return a docstring's paragraphs, each on one line."""
    return "\n\n".join(re.sub(r"\s+", " ", part) for part in inspect.cleandoc(docstring).split("\n\n"))
