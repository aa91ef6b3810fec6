"""Response times of a queue with random arrivals, out of what the demo knows of them."""

from __future__ import annotations

import math

from loadkit.demo.theory import response_tail

_HALVINGS = 100


def response_quantile(rate: float, servers: int, service_s: float, p: float) -> float:
    """Return the response time that a share p (0.99) of the requests stay below; infinity where there is no steady state."""
    if rate * service_s >= servers:
        return math.inf
    low, high = 0.0, service_s
    while response_tail(rate, servers, service_s, high) > 1 - p:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if response_tail(rate, servers, service_s, middle) > 1 - p:
            low = middle
        else:
            high = middle
    return high
