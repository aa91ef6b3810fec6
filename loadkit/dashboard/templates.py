"""Pages as HTML: templates in which every text is escaped, and shown instead of obeyed by whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadkit import __version__
from loadkit.outputs.pages import CHART_SCRIPTS, PAGE, environment, json_text
from loadkit.units import NS_PER_MS, NS_PER_S, format_duration_ns

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
_BOKEH = ("bokeh.min.js", "bokeh-api.min.js")
CHARTS = (*_BOKEH, *CHART_SCRIPTS, "page.js")
"""The scripts of a page with the charts of runs, in the order in which they are loaded."""
TREND = (*_BOKEH, "chart_colours.js", "ui.js")
"""Those of a page with the chart of a trend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says. `data` is what its `scripts` draw; `refresh_s` is after how long it is loaded again, 0 never."""

    template: str
    title: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    data: Any = None
    scripts: Sequence[str] = ()
    refresh_s: int = 0


def render(page: Page, scripts: Mapping[str, str], store: str) -> str:
    """Return the page; `scripts` are the URLs of what it loads, with their hashes."""
    return _environment().get_template(page.template).render(page=page, scripts=scripts, store=store, **page.facts)


def milliseconds(value: float | None) -> str:
    """Return a time with its unit."""
    return "-" if value is None else format_duration_ns(value * NS_PER_MS)


def seconds(value: float) -> str:
    """Return a span with its unit."""
    return format_duration_ns(value * NS_PER_S) or "0s"


def share(value: float | None) -> str:
    """Return a share in percent; one that is not zero never looks like it."""
    if value is None:
        return "-"
    return "0%" if not value else "<0.01%" if value < 0.0001 else f"{value * 100:.2f}%"


def instant(value: datetime) -> str:
    """Return an instant, in UTC."""
    return f"{value:%Y-%m-%d %H:%M:%S}"


@cache
def _environment() -> Environment:
    """Return what renders our templates and those of report.html, by the same rules for every text."""
    from jinja2 import FileSystemLoader
    from markupsafe import Markup, escape

    made = environment().overlay(loader=FileSystemLoader([TEMPLATES, PAGE]))
    made.filters = {
        **made.filters,
        "milliseconds": milliseconds,
        "seconds": seconds,
        "error_share": share,
        "instant": instant,
        "exact": lambda text: escape(text.encode(errors="replace").decode()),
        "script_data": lambda data: Markup(json_text(data)),
    }
    made.globals = {**made.globals, "version": __version__}
    return made
