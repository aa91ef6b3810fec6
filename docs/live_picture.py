"""Takes the picture in docs/guides/live-view.md anew, of the scenario there: python -m docs.live_picture."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from tests.support.terminal import Terminal

GUIDE = Path(__file__).parent / "guides" / "live-view.md"
_AT_S = 34
_SCENARIO = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
_PICTURE = re.compile(r"(<!-- picture -->\n```text\n).*?(```)", re.DOTALL)


def take(scenario: str) -> str:
    """Return what a terminal of 80 columns and 30 rows shows of a run."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "shop.yaml").write_text(scenario, encoding="utf-8")
        with Terminal("run", "shop.yaml", "--yes", cwd=Path(name), rows=30) as terminal:
            lines = terminal.until(f"0:{_AT_S} of", within_s=60).split("\n")
            terminal.press("q")
            terminal.end()
    begin = next(number for number, line in enumerate(lines) if line.startswith("shop against"))
    return "\n".join(lines[begin:])


def main() -> None:
    """Write the guide with a new picture."""
    text = GUIDE.read_text(encoding="utf-8")
    found = _SCENARIO.search(text)
    assert found is not None
    picture = re.sub(r"127\.0\.0\.1:\d{4,}", "127.0.0.1:8080", take(found[1]))  # the demo's port is another each time
    if "LIMIT" in picture:
        sys.exit("this machine was too busy for a picture of the target: try again")
    GUIDE.write_text(_PICTURE.sub(lambda old: f"{old[1]}{picture}\n{old[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
