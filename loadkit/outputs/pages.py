"""What pages about runs are made of: the files of page/, BokehJS, data as JSON, and the policy of what a page may do.

A page carries its data as JSON in a script element that no browser runs, where `<`, `>`, `&` and all that is not ASCII are
escaped. Its policy allows the scripts whose hashes it names and nothing else: no other script, no request, no form.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadkit.errors import PluginError
from loadkit.outputs.base import printable
from loadkit.units import format_duration_ns

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE = Path(__file__).parent / "page"
CHART_SCRIPTS = (
    "chart_data.js", "chart_colours.js", "chart_board.js", "chart_panel.js", "chart_heat.js", "chart_spectrum.js",
    "chart_observed.js", "chart_run.js", "chart_overlay.js", "chart_paper.js", "charts.js",
)  # fmt: skip
"""The scripts that draw charts, behind those of BokehJS, in the order in which a page loads them."""
_ESCAPED = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


@dataclass(frozen=True, slots=True)
class Script:
    """A script as a page carries it."""

    text: str

    @property
    def integrity(self) -> str:
        """Return its hash as policies want it: `sha256-` and base64."""
        return f"sha256-{base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()}"


def bokeh_scripts() -> dict[str, Path]:
    """Return the files of BokehJS in the order in which a page loads them. Raises PluginError without Bokeh.

    They are taken out of the installed package, which is never imported: that would take more than a second.
    """
    found = find_spec("bokeh")
    if found is None or found.origin is None:
        raise PluginError("charts need Bokeh: pip install bokeh")
    place = Path(found.origin).parent / "server" / "static" / "js"
    return {name: place / name for name in ("bokeh.min.js", "bokeh-api.min.js")}


@cache
def scripts() -> tuple[Script, ...]:
    """Return the scripts of a page that stands alone, in order. Raises PluginError without Bokeh."""
    places = [*bokeh_scripts().values(), *(PAGE / name for name in (*CHART_SCRIPTS, "page.js"))]
    try:
        return tuple(Script(place.read_text(encoding="utf-8")) for place in places)
    except OSError as error:
        raise PluginError(f"charts need BokehJS, which cannot be read: {error}") from error


@cache
def policy() -> str:
    """Return the content security policy of a page that stands alone: Bokeh sets styles, and has its icons as data."""
    allowed = " ".join(f"'{script.integrity}'" for script in scripts())
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def json_text(data: Any) -> str:
    """Return data as JSON that cannot end the element it stands in, whatever its texts are. NaN has no place in it."""
    return json.dumps(data, separators=(",", ":"), sort_keys=True, allow_nan=False).translate(_ESCAPED)


@cache
def environment() -> Environment:
    """Return what renders the templates of page/: every text is escaped, and control characters in it are shown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    def shown(value: Any) -> Any:
        return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value

    made = Environment(
        loader=FileSystemLoader(PAGE),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["ms"] = lambda ms: "–" if ms is None else format_duration_ns(ms * 1e6)
    made.filters["count"] = lambda number: "–" if number is None else f"{number:,}"
    made.filters["decimal"] = lambda number: "–" if number is None else f"{number:,.1f}"
    made.filters["share"] = lambda share: "–" if share is None else f"{100 * share:.0f} %"
    return made
