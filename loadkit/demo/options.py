"""How the demo is to behave; apart from the demo itself, so that who starts it in a process of its own need not import it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace

from loadkit.errors import UsageError
from loadkit.scenario.demo_target import Queue, read_demo, read_shop

SLOWDOWN = "LOADKIT_DEMO_SLOWDOWN"
"""The environment variable that makes every demo slower, for trying out what finds regressions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """How the demo behaves.

    `error_rate` is the share of requests, except for /health, answered with 503; `latency` multiplies the times of
    latency.py, 0 answers at once; the same `seed` gives the same times and errors. With a `queue` it is a queueing station
    in place of the shop, whose times `latency` multiplies; it has no errors and a seed of its own. `leak` and `cache` are
    bytes: what the shop never lets go of each request, and what it keeps of all at most.
    """

    error_rate: float = 0.0
    latency: float = 1.0
    seed: int = 0
    queue: Queue | None = None
    leak: float = 0.0
    cache: int = 0

    @property
    def law(self) -> Queue | None:
        """Return the queue with its times multiplied."""
        if self.queue is None:
            return None
        return replace(self.queue, service_ns=max(1, round(self.queue.service_ns * self.latency)))


def slowdown() -> float:
    """Return the factor by which demos are slower, 1.0 when the environment does not say. Raises UsageError."""
    text = os.environ.get(SLOWDOWN, "")
    try:
        factor = float(text) if text else 1.0
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise UsageError(f"{SLOWDOWN}={text} is not a factor above zero, such as 1.6")
    return factor


def options_of(target: str) -> DemoOptions:
    """Return what a target of `demo://` and the environment ask for. Raises UsageError, and ValueError for a wrong target."""
    queue, shop = read_demo(target), read_shop(target)
    return DemoOptions(latency=slowdown() * shop.slowdown, queue=queue, leak=shop.leak, cache=shop.cache)
