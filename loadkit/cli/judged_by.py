"""What the environment says of comparisons: how much slower is a regression, and whether a baseline follows what passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loadkit.analysis.policy import BlockOn, Settings
from loadkit.cli.comparing import read_percent
from loadkit.errors import UsageError

UPDATE_VARIABLE = "LOADKIT_UPDATE_BASELINE"
THRESHOLD_VARIABLE = "LOADKIT_REGRESSION_THRESHOLD"
_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


def usual_settings(environment: Mapping[str, str], *, noise: float | None = None) -> Settings:
    """Return what comparisons are made by where no option says otherwise. Raises UsageError, which names the variable.

    `noise` is what unchanged runs differ by, where that was measured. LOADKIT_REGRESSION_THRESHOLD=20% is from how much slower on a
    run has regressed and is blocked: the minor step is 20 %, the others are no lower, and what is minor blocks.
    """
    settings = Settings() if noise is None else Settings(noise_floor=noise)
    text = environment.get(THRESHOLD_VARIABLE, "").strip()
    if not text:
        return settings
    least = read_percent(text, THRESHOLD_VARIABLE)
    steps = settings.latency
    moved = replace(steps, minor=least, major=max(least, steps.major), critical=max(least, steps.critical))
    return replace(settings, latency=moved, block_on=BlockOn.MINOR)


def updates_baseline(environment: Mapping[str, str]) -> bool:
    """Say whether a run that passes becomes part of its baseline. Raises UsageError for a value that is neither yes nor no."""
    text = environment.get(UPDATE_VARIABLE, "").strip().lower()
    if text not in (*_YES, *_NO):
        raise UsageError(
            f"{UPDATE_VARIABLE}={environment[UPDATE_VARIABLE]!r} is neither yes nor no: write true or false"
        )
    return text in _YES
