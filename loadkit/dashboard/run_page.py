"""The page of one run that is kept, in the list of runs or alone (`loadkit view`)."""

from __future__ import annotations

from loadkit.dashboard.kept import Seen
from loadkit.dashboard.templates import Page
from loadkit.outputs.runs import show_lines

REFRESH_S = 5
"""After how long the page of a run that goes on is loaded again."""


def run_page(found: Seen, *, alone: bool = False, stays: bool = False) -> Page:
    """Return the page. `alone` leaves out what leads to other runs; `stays` does not load it again although the run goes on."""
    facts = {
        "run": found.run,
        "goes_on": found.runs,
        "stays": stays,
        "alone": alone,
        "lines": list(show_lines(found.run, found.report, "")),
        "refresh_s": REFRESH_S,
    }
    title = f"{found.run.name}, {found.run.id}"
    return Page(template="run.html", title=title, facts=facts, refresh_s=REFRESH_S if found.runs and not stays else 0)
