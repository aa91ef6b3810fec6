"""What is true of a queue with c servers under random arrivals (M/M/c), to hold measurements against.

    a     = lambda s                offered load, in servers; rho = a / c < 1
    C     = (a^c / c!) / ((1 - rho) sum_{k<c} a^k / k! + a^c / c!)        probability to wait (Erlang 1917)
    theta = (1 - rho) c / s         rate at which a wait ends
    P(W > t) = C exp(-theta t)
    P(T > t) = (1 - C) exp(-t/s) + C (theta exp(-t/s) - exp(-theta t)/s) / (theta - 1/s)

T = W + S is the response time, S exponential with mean s (Kleinrock, Queueing Systems I, 3.5; Gross and Harris 2.3). Times are in
seconds, rates per second.
"""

from __future__ import annotations

import math

_HALVINGS = 100
_SAME = 1e-9  # theta and 1/s closer than this count as equal, where the formula is 0/0


def wait_probability(servers: int, load: float) -> float:
    """Return Erlang's C for an offered `load` in servers; 1 where there is no steady state."""
    if load >= servers:
        return 1.0
    blocked = 1.0  # Erlang's B, by its recursion: no factorial that overflows
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


def response_tail(rate: float, servers: int, service_s: float, limit_s: float) -> float:
    """Return the probability that a response takes longer than a limit; 1 where the queue grows without end."""
    load, mu = rate * service_s, 1 / service_s
    if load >= servers:
        return 1.0
    waits, theta = wait_probability(servers, load), servers * mu - rate
    alone = math.exp(-mu * limit_s)
    if abs(theta - mu) < _SAME * mu:
        behind = (1 + mu * limit_s) * alone
    else:
        behind = (theta * alone - mu * math.exp(-theta * limit_s)) / (theta - mu)
    return (1 - waits) * alone + waits * behind


def largest_rate(servers: int, service_s: float, p: float, limit_s: float) -> float:
    """Return the largest rate at which the quantile p of the response time is below a limit; 0 where none is low enough."""
    low, high = 0.0, servers / service_s
    if response_tail(low, servers, service_s, limit_s) > 1 - p:
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if response_tail(middle, servers, service_s, limit_s) > 1 - p:
            high = middle
        else:
            low = middle
    return low
