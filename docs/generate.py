"""Write docs/reference/ anew from the code: `python -m docs.generate`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.pages.commands import commands_page
from docs.pages.configuration import configuration_page
from docs.pages.diagnostics import diagnostics_page
from docs.pages.exit_codes import exit_codes_page
from docs.pages.functions import functions_page
from docs.pages.gates import gates_page, recommendation_page
from docs.pages.metrics import metrics_page
from docs.pages.outputs import outputs_page
from docs.pages.python import python_page
from docs.pages.report import report_page

REFERENCE = Path(__file__).parent / "reference"
NOTICE = "<!-- Written by `python -m docs.generate`; change the code it comes from. -->\n\n"

PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "configuration.md": configuration_page,
    "diagnostics.md": diagnostics_page,
    "exit-codes.md": exit_codes_page,
    "functions.md": functions_page,
    "gates.md": gates_page,
    "metrics.md": metrics_page,
    "outputs.md": outputs_page,
    "python.md": python_page,
    "recommendation.md": recommendation_page,
    "report.md": report_page,
}


def page_text(name: str) -> str:
    """Return what a page of the reference must say."""
    return NOTICE + PAGES[name]().strip() + "\n"


def main() -> int:
    """Write every page and name those that have changed."""
    REFERENCE.mkdir(exist_ok=True)
    for name in PAGES:
        path, text = REFERENCE / name, page_text(name)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
