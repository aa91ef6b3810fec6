"""What the options and the environment of a command line say about a plan."""

from __future__ import annotations

import os

from loadkit.errors import UsageError
from loadkit.scenario.compile import DEMO_TARGET


def chosen_target(target: str | None) -> str | None:
    """Return the target of -t, else of LOADKIT_TARGET. Raises UsageError for one that would not be obeyed."""
    if target is None:
        return _obeyed("LOADKIT_TARGET", os.environ["LOADKIT_TARGET"]) if os.environ.get("LOADKIT_TARGET") else None
    if not target.strip():
        raise UsageError("-t is empty; write -t http://host:port, or leave -t out to use `config.target`")
    return _obeyed("-t", target)


def _obeyed(origin: str, target: str) -> str:
    if target.startswith(DEMO_TARGET) and target.removeprefix(DEMO_TARGET).strip("/"):
        raise UsageError(f"{origin} {target}: the demo shop takes no host and no path here; write {DEMO_TARGET}")
    return target
