"""Which directories of runs are removed to make room: the oldest, and never what somebody relies on."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from loadkit.report.store import JOURNAL, REPORT, goes_on, remove, runs, size_of

KEPT = 50
KEPT_BYTES = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which runs stay: the newest so many, as far as they take up at most so many bytes, and none that is older than so long."""

    runs: int | None = KEPT
    bytes: int | None = KEPT_BYTES
    age_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A directory that goes, or that would go if there were no reason to keep it. `size` is in bytes."""

    directory: Path
    size: int
    held: str = ""


def choose(root: Path, policy: Policy, *, held: Mapping[str, str], stored: Collection[str]) -> list[Choice]:
    """Return the directories that a policy does not keep, the newest first.

    `held` says of runs by their ids why they stay, `stored` are those that the history has: a whole run that it has not would be
    lost with its directory. A run that goes on stays, and so does the newest. Raises OSError.
    """
    found, total, oldest = [], 0, None if policy.age_s is None else time.time() - policy.age_s
    for number, directory in enumerate(reversed(runs(root))):
        size = size_of(directory)
        total += size
        too_many = policy.runs is not None and number >= policy.runs
        too_much = policy.bytes is not None and total > policy.bytes
        too_old = oldest is not None and directory.stat().st_mtime < oldest
        if number and (too_many or too_much or too_old):
            why = held.get(directory.name) or _reason(directory, stored)
            found.append(Choice(directory=directory, size=size, held=why))
    return found


def _reason(directory: Path, stored: Collection[str]) -> str:
    if goes_on(directory / JOURNAL):
        return "it still goes on"
    if (directory / REPORT).is_file() and directory.name not in stored:
        return f"it is not in the history: loadkit runs import {directory}"
    return ""


def collect(choices: list[Choice]) -> list[Choice]:
    """Remove the directories for which there is no reason to stay, and return them. Raises OSError."""
    gone = [choice for choice in choices if not choice.held]
    for choice in gone:
        remove(choice.directory)
    return gone
