"""Which output a file's name asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from loadkit import registry
from loadkit.errors import PluginError, PreflightError
from loadkit.outputs.base import FileOutput


def open_report(output: str | None) -> FileOutput | None:
    """Return where the report goes. Raises PreflightError when nothing can be written there."""
    if output is None:
        return None
    if output.endswith(os.sep) and not os.path.isdir(output):
        raise PreflightError(f"cannot write into {output}: there is no such directory; create it first")
    report: FileOutput = _output_for(Path(output))(Path(output))
    report.check()
    return report


def _output_for(path: Path) -> Callable[[Path], FileOutput]:
    """Return the output that a file's ending names; a report in JSON for any other."""
    name = path.suffix.removeprefix(".").lower()
    try:
        made: Callable[[Path], FileOutput] = registry.plugin("output", name or "json")
    except PluginError:
        made = registry.plugin("output", "json")
    return made
