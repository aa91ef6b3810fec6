"""Pages as HTML: templates in which every text is escaped, and shown instead of obeyed by whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from loadkit import __version__
from loadkit.outputs.paper import legible
from loadkit.units import NS_PER_MS, NS_PER_S, format_duration_ns

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
_LONGEST = 300
_MARKUP = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


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


def script_data(data: Any) -> str:
    """Return data as JSON that can stand in a script element: nothing in it ends the element or begins a comment."""
    return msgspec.json.encode(data).decode().translate(_MARKUP)


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


def count(value: float) -> str:
    """Return a number of things."""
    return f"{value:,.0f}"


def instant(value: datetime) -> str:
    """Return an instant, in UTC."""
    return f"{value:%Y-%m-%d %H:%M:%S}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    def shown(value: Any) -> Any:
        return legible(value, _LONGEST) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        milliseconds=milliseconds,
        seconds=seconds,
        share=share,
        count=count,
        instant=instant,
        exact=lambda text: escape(text.encode(errors="replace").decode()),
        script_data=lambda data: Markup(script_data(data)),
    )
    made.globals["version"] = __version__
    return made
