"""The page of a run that is kept: made ready while load is made, written when the run is over."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread, get_native_id
from typing import Any

from loadkit.errors import PluginError
from loadkit.outputs.paper import Paper
from loadkit.outputs.writing import write_whole
from loadkit.registry import plugin

_LAST = 19  # of the nice values


class KeptPage:
    """Writes the page, which takes 10 ms once its templates and Bokeh's scripts are there.

    Those take 0.1 s, in a thread that gives way to all else.
    """

    def __init__(self) -> None:
        self._preparing: Thread | None = None

    def begin(self) -> None:
        """Begin to make ready."""
        self._preparing = Thread(target=self._prepare, name="page", daemon=True)
        self._preparing.start()

    def write(self, path: Path, report: Mapping[str, Any]) -> None:
        """Write the page about a run. Raises OSError, and PluginError where Bokeh is missing."""
        if self._preparing:
            self._preparing.join()
        write_whole(path, self._paper().render([report]))

    def _paper(self) -> Paper:
        found: Paper = plugin("paper", "html")
        return found

    def _prepare(self) -> None:
        if sys.platform == "linux":  # elsewhere it would be the whole process that gives way
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, get_native_id(), _LAST)
        with suppress(PluginError):  # said when the page is written
            self._paper().prepare()
