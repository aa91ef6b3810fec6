"""Takes the pictures in README.md and docs/guides/report.md anew, of scenarios/quickstart.yaml: python -m docs.report_picture."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = Path(__file__).parent / "pictures"
CHROMIUM = "/usr/bin/chromium"
_MOST_BYTES = 200_000


def main() -> None:
    """Run the scenario, and write what its page looks like on a desk and in a hand."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        page = Path(name) / "report.html"
        subprocess.run(
            [
                sys.executable,
                "-m",
                "loadkit",
                "run",
                "scenarios/quickstart.yaml",
                "--html",
                str(page),
                "--no-store",
                "-q",
            ],
            check=False,  # the machine may be too busy for a PASS
        )
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        take(browser, page, "report.png", (1100, 1650), "light", "#verdict")
        take(browser, page, "report-phone.png", (390, 844), "dark", "#verdict")
        browser.close()


def take(browser: Browser, path: Path, name: str, size: tuple[int, int], scheme: str, at: str) -> None:
    """Write what a window of this size shows from an element on."""
    shown = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    shown.goto(path.as_uri())
    shown.wait_for_function("document.documentElement.dataset.ready === 'charts'")
    shown.locator(at).scroll_into_view_if_needed()
    shown.evaluate("at => scrollTo(0, document.querySelector(at).offsetTop - 70)", at)
    shown.wait_for_timeout(500)  # the charts' last frame
    picture = shown.screenshot(path=PICTURES / name)
    shown.close()
    assert len(picture) < _MOST_BYTES, f"{name} has {len(picture):,} bytes"


if __name__ == "__main__":
    main()
