"""From options to what a comparison is asked for: the same for `compare` and for `run --baseline`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from loadkit.analysis.policy import BlockOn, OnInconclusive, Settings, Steps
from loadkit.errors import UsageError

_PERCENT = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*(%?)")
PARTS = ("scenario", "phases", "target", "host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says of a comparison; None is what is usual."""

    minor: str | None = None
    major: str | None = None
    critical: str | None = None
    block_on: BlockOn | None = None
    on_inconclusive: OnInconclusive | None = None
    across: Sequence[str] = ()


def settings_of(asked: Asked, usual: Settings | None = None) -> Settings:
    """Return the settings with what was asked for. Raises UsageError where that makes no sense."""
    usual = usual or Settings()
    steps = {
        name: read_percent(text, f"--{name}")
        for name, text in (("minor", asked.minor), ("major", asked.major), ("critical", asked.critical))
        if text is not None
    }
    return replace(
        usual,
        latency=_rising(replace(usual.latency, **steps)),
        block_on=asked.block_on or usual.block_on,
        on_inconclusive=asked.on_inconclusive or usual.on_inconclusive,
        across=_parts(asked.across) or usual.across,
    )


def read_percent(text: str, what: str) -> float:
    """Return 0.2 for `20%` or `20`. Raises UsageError, which says what it was for."""
    found = _PERCENT.fullmatch(text.strip())
    value = float(found[1]) if found else 0.0
    if not found or not value:
        raise UsageError(f"{what}: {text!r} is not a percentage above 0; write it as 20%")
    if value < 1 and not found[2]:
        raise UsageError(f"{what}: {text!r} would be less than one percent; write {100 * value:g}% or {text}%")
    return value / 100


def _rising(steps: Steps) -> Steps:
    named = [("minor", steps.minor), ("major", steps.major), ("critical", steps.critical)]
    for (lower, low), (upper, high) in pairwise(named):
        if low > high:
            raise UsageError(
                f"{upper} ({100 * high:g}%) must not be below {lower} ({100 * low:g}%): set --{lower} or --{upper}, too"
            )
    return steps


def _parts(across: Sequence[str]) -> frozenset[str]:
    asked = {part.strip() for text in across for part in text.split(",") if part.strip()}
    unknown = sorted(asked - set(PARTS))
    if unknown:
        raise UsageError(
            f"--across: {unknown[0]!r} is no part of what makes runs comparable; there are {', '.join(PARTS)}"
        )
    return frozenset(asked)
