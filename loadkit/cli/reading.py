"""What the options and the environment of a command line say about a plan."""

from __future__ import annotations

import os

from loadkit.errors import UsageError
from loadkit.scenario.demo_target import DEMO_TARGET, read_demo


def chosen_target(target: str | None) -> str | None:
    """Return the target of -t, else of LOADKIT_TARGET. Raises UsageError for one that would not be obeyed."""
    if target is None:
        return _obeyed("LOADKIT_TARGET", os.environ["LOADKIT_TARGET"]) if os.environ.get("LOADKIT_TARGET") else None
    if not target.strip():
        raise UsageError("-t is empty; write -t http://host:port, or leave -t out to use `config.target`")
    return _obeyed("-t", target)


def _obeyed(origin: str, target: str) -> str:
    if target.startswith(DEMO_TARGET):
        try:
            read_demo(target)
        except ValueError as error:
            raise UsageError(f"{origin} {error}") from None
    return target
