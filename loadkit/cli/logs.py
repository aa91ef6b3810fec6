"""`--log-format`: what a run prints on standard error, as text or as lines of JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadkit.outputs.base import Screen
    from loadkit.outputs.json_log import JsonLines


class LogFormat(StrEnum):
    """How lines are written."""

    TEXT = "text"
    JSON = "json"


def use_logs(chosen: LogFormat) -> None:
    """Write what is printed on standard error from here on, by whomever, as is chosen; `guarded` puts it back."""
    if chosen is LogFormat.JSON:
        from loadkit.outputs.json_log import JsonLines

        sys.stderr = JsonLines(sys.stderr)


def json_lines() -> JsonLines | None:
    """Return what writes lines of JSON; None where text is written."""
    from loadkit.outputs.json_log import JsonLines

    return sys.stderr if isinstance(sys.stderr, JsonLines) else None


def json_screen(lines: JsonLines, *, quiet: bool) -> Screen:
    """Return how a run is shown as lines of JSON."""
    from loadkit.outputs.json_log import JsonLog

    return JsonLog(lines, quiet=quiet)


def name_run(run_id: Callable[[], str | None]) -> None:
    """Say which run it is that lines of JSON are about."""
    lines = json_lines()
    if lines is not None:
        lines.run = run_id


def tell_end(code: int) -> None:
    """Say in a line of JSON that the run is over."""
    lines = json_lines()
    if lines is not None:
        lines.tell(
            "info" if code == 0 else "error", f"the run ended with exit code {code}", event="finished", exit_code=code
        )
