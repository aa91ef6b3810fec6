"""What is decided about a plan beside the document: by the command line, or by a caller of `loadkit.load`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line decides about a plan, beside the document. `target` replaces `config.target`."""

    seed: int | None = None
    solo: bool = False
    scenario_name: str | None = None
    name: str | None = None
    target: str | None = None
    environment: str | None = None
    demo: bool = False
    """Whether the target is the demo that loadkit has started: on this machine, and behind no proxy."""
    tags: Mapping[str, str] = field(default_factory=dict)
    allow_hosts: tuple[tuple[str, ...], ...] = ()
    """Lists of hosts (see hosts.py), all of which must allow where load goes; without one, everything is allowed."""
    timeout_multiplier: float = 1.0
    """By how much all timeouts of requests, calls and errands are longer than they are written, for slow machines."""
    max_rate: tuple[float, str] | None = None
    """The most requests per second that may be planned, and where that is said."""
