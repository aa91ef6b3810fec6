"""How the demo is to behave; apart from the demo itself, so that who starts it in a process of its own need not import it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """How the demo behaves.

    `error_rate` is the share of requests, except for /health, answered with 503; `latency` multiplies the times of
    latency.py, 0 answers at once; the same `seed` gives the same times and errors.
    """

    error_rate: float = 0.0
    latency: float = 1.0
    seed: int = 0
