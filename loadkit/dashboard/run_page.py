"""The page of one run of the history: what report.html shows, from the same report."""

from __future__ import annotations

from loadkit.dashboard.kept import Seen
from loadkit.dashboard.templates import CHARTS, Page
from loadkit.outputs.run_charts import chart_data
from loadkit.outputs.run_view import run_view
from loadkit.report.history import Store
from loadkit.report.search import run_before

REFRESH_S = 5
"""After how long the page of a run that goes on is loaded again."""


def run_page(found: Seen, store: Store, *, stays: bool = False) -> Page:
    """Return the page, which leads to others of the history.

    `stays` does not load it again although the run goes on.
    """
    view = run_view(found.report)
    if found.runs:  # how it stands is no verdict yet, nor is there anything to do
        view |= {"word": "RUNNING", "tone": "", "next": []}
    facts = {
        "run": found.run,
        "view": view,
        "goes_on": found.runs,
        "stays": stays,
        "refresh_s": REFRESH_S,
        "files": f"/runs/{found.run.id}/",
        "previous": run_before(store, found.run),
    }
    return Page(
        template="kept.html",
        title=f"{view['word']}: {found.run.name}",
        facts=facts,
        data=chart_data(found.report),
        scripts=CHARTS,
        refresh_s=REFRESH_S if found.runs and not stays else 0,
    )
