"""How many workers a plan is worth: `--workers auto`, and the shares that no worker may lack."""

from __future__ import annotations

import os
from pathlib import Path

from loadkit.errors import UsageError
from loadkit.scenario.plan import Phase, Plan
from loadkit.scenario.rates import phase_rate_per_s
from loadkit.workload.base import ClosedWorkload

SMALL_RATE_PER_S = 1000.0
"""One worker keeps this many arrivals or requests a second with ease; more workers would only cost memory."""

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Return how many cores this process may use: its affinity, and the control group's quota where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _CGROUP_QUOTA.read_text().split()
        return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):
        return cores


def asked_workers(text: str) -> int | None:
    """Return what `--workers` asks for, None for auto. Raises UsageError."""
    if text.strip().lower() == "auto":
        return None
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise UsageError(f"--workers {text} is not a number of workers; write 1, 2, ... or auto")
    return number


def worker_count(plan: Plan, asked: int | None, cores: int) -> int:
    """Return the number of workers: what was asked for, else all cores but one, but never so many that one has no share."""
    if asked is None:
        asked = 1 if max(map(phase_rate_per_s, plan.phases), default=0.0) < SMALL_RATE_PER_S else max(1, cores - 1)
    most_vusers = [phase.max_vusers for phase in plan.phases if phase.max_vusers is not None]
    return max(1, min([asked, max(map(_divided, plan.phases), default=1), *most_vusers]))


def _divided(phase: Phase) -> int:
    """Return how many arrivals or users of a phase there are to divide; a small phase leaves workers idle for a while."""
    workload = phase.workload
    return workload.users if isinstance(workload, ClosedWorkload) else workload.reserved
