"""Takes the picture in docs/guides/dashboard.md anew, of a minute of scenarios/moderate.yaml: python -m docs.dashboard_picture."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

PICTURE = Path(__file__).parent / "pictures" / "dashboard.png"
CHROMIUM = "/usr/bin/chromium"
_SIZE = {"width": 1280, "height": 1540}
_LASTS_S = 60
_AT_S = 50
_MINUTE = {"config": {"phases": [{"name": "moderate", "users": 20, "duration": f"{_LASTS_S}s", "throughput": "50/s"}]}}


def main() -> None:
    """Run the scenario for a minute, watch it, and write what the page shows near its end."""
    command = [sys.executable, "-m", "loadkit", "run", "scenarios/moderate.yaml", "--overrides", json.dumps(_MINUTE)]
    with subprocess.Popen([*command, "--dashboard", "0", "--no-store"], stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        url = next(found[1] for line in run.stderr if (found := re.search(r"dashboard: (\S+)", line)))
        take(url)
        run.terminate()
        run.stderr.read()


def take(url: str) -> None:
    """Write what a browser shows of a run that has gone on for some time."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=_SIZE, color_scheme="light", reduced_motion="reduce")
        page.goto(url)
        page.get_by_text(f"0:{_AT_S} of").wait_for(timeout=2 * _LASTS_S * 1000)
        PICTURE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
