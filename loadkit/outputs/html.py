"""report.html: all that is known of a run in one file that needs nothing else, neither a network nor loadkit.

Of several runs it holds their curves over each other, and their figures side by side. The text is rendered here, so that it can be
read without JavaScript; the charts are drawn by charts.js from the same reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loadkit import __version__
from loadkit.outputs.overlay import overlay_data, overlay_view
from loadkit.outputs.pages import PAGE, environment, json_text, policy, scripts
from loadkit.outputs.paper import Paper, Report
from loadkit.outputs.run_charts import chart_data
from loadkit.outputs.run_view import run_view


def prepare() -> None:
    """Do what takes time and needs no report: imports, templates, scripts and their hashes. Raises PluginError without Bokeh."""
    for name in ("report.html", "run.html", "runs.html", "macros.html"):
        environment().get_template(name)
    policy()


def render(reports: Sequence[Report]) -> bytes:
    """Return the page about a run, or about several. Raises PluginError without Bokeh."""
    view, runs = None, None
    if len(reports) == 1:
        view, data = run_view(reports[0]), chart_data(reports[0])
        title = f"{view['word']}: {view['name']}"
    else:
        runs, data = overlay_view(reports), overlay_data(reports)
        title = f"{len(reports)} runs"
    page = environment().get_template("report.html")
    made = page.render(
        run=view,
        runs=runs,
        title=title,
        version=__version__,
        policy=policy(),
        style=(PAGE / "page.css").read_text(encoding="utf-8"),
        data=json_text(data),
        scripts=[script.text for script in scripts()],
    )
    return made.encode(errors="backslashreplace")


PAPERS: Mapping[str, Paper] = {"html": Paper(render, prepare)}
