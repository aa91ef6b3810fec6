"""Queueing stations and the theory of M/M/c, held against each other and against formulas of one server."""

import math
import random
from bisect import insort
from collections.abc import Callable

import pytest

from loadkit.clock import Ticket
from loadkit.demo.station import Servers, Shared, make_station
from loadkit.demo.theory import largest_rate, response_tail, wait_probability
from loadkit.scenario.demo_target import Queue
from tests.support.queueing import response_quantile

S = 10**9


class VirtualClock:
    """Time that goes by as fast as things happen."""

    def __init__(self) -> None:
        self.now = 1
        self.due: list[tuple[int, int, Ticket]] = []
        self.order = 0

    def now_ns(self) -> int:
        return self.now

    def at(self, when_ns: int, callback: Callable[[], None]) -> Ticket:
        ticket = Ticket(when_ns, callback)
        self.order += 1
        insort(self.due, (when_ns, self.order, ticket))
        return ticket

    def run_until(self, until_ns: int) -> None:
        while self.due and self.due[0][0] <= until_ns:
            when_ns, _, ticket = self.due.pop(0)
            self.now = max(self.now, when_ns)
            if ticket.callback is not None:
                ticket.callback()
        self.now = until_ns


def response_times(law: Queue, rate: float, arrivals: int) -> list[float]:
    clock, draw = VirtualClock(), random.Random(2)
    station = make_station(law, clock)
    found: list[float] = []
    at = 0.0
    for _ in range(arrivals):
        at += draw.expovariate(rate)
        clock.run_until(int(at * S))
        station.arrive(lambda begun=clock.now: found.append((clock.now - begun) / S))
    clock.run_until(int((at + 1000) * S))
    assert station.figures()["served"] == arrivals
    return sorted(found)


@pytest.mark.parametrize(("servers", "rho"), [(1, 0.5), (4, 0.7), (4, 0.875), (16, 0.9)])
@pytest.mark.parametrize("p", [0.5, 0.95, 0.99])
def test_simulated_response_times_are_those_of_the_formula(servers: int, rho: float, p: float) -> None:
    service_s = 0.005
    rate = rho * servers / service_s
    times = response_times(Queue(servers=servers, service_ns=int(service_s * S)), rate, 60_000)
    assert times[int(p * len(times))] == pytest.approx(response_quantile(rate, servers, service_s, p), rel=0.12)


def test_one_server_has_the_known_exponential_response_time() -> None:
    for p in (0.5, 0.99):
        assert response_quantile(80, 1, 0.01, p) == pytest.approx(-math.log(1 - p) / (100 - 80))
    assert largest_rate(1, 0.01, 0.99, 0.1) == pytest.approx(100 - -math.log(0.01) / 0.1)


def test_erlang_c_is_that_of_the_tables() -> None:
    assert wait_probability(1, 0.5) == pytest.approx(0.5)
    assert wait_probability(2, 1.0) == pytest.approx(1 / 3)
    assert wait_probability(10, 8.0) == pytest.approx(0.4092, abs=1e-4)
    assert wait_probability(4, 4.0) == 1
    assert wait_probability(500, 450.0) < 0.1  # no factorial overflows


def test_the_formula_has_no_hole_where_two_rates_are_equal() -> None:
    """With two servers of 100/s and 100/s offered, a wait ends as fast as a service."""
    around = [response_tail(rate, 2, 0.01, 0.05) for rate in (99.9999, 100, 100.0001)]
    assert around[0] < around[1] < around[2]
    assert around[2] - around[0] < 1e-5


def test_no_rate_is_low_enough_for_a_limit_below_the_service_itself() -> None:
    assert largest_rate(4, 0.005, 0.99, 0.02) == 0
    assert math.isinf(response_quantile(800, 4, 0.005, 0.99))


def test_the_largest_rate_is_where_the_quantile_meets_the_limit() -> None:
    rate = largest_rate(4, 0.005, 0.99, 0.05)
    assert response_quantile(rate, 4, 0.005, 0.99) == pytest.approx(0.05)
    assert rate == pytest.approx(700.2, abs=0.1)


@pytest.mark.parametrize("users", [1, 4, 20])
def test_a_shared_station_serves_at_the_rate_of_its_law(users: int) -> None:
    """Users who come back at once: so many are there all the time."""
    law, clock = Queue(service_ns=20_000_000, sigma=0.05, kappa=0.001), VirtualClock()
    station = Shared(law, clock)

    def again() -> None:
        station.arrive(again)

    for _ in range(users):
        again()
    clock.run_until(200 * S)
    figures = station.figures()
    assert figures["served"] / 200 == pytest.approx(law.rate_per_s(users), rel=0.03)
    assert figures["busy"] == pytest.approx(1, abs=0.01)
    assert figures["waiting"] == users


def test_a_station_tells_its_utilisation() -> None:
    law, clock, draw = Queue(servers=4, service_ns=5_000_000), VirtualClock(), random.Random(1)
    station, at = Servers(law, clock), 0.0
    while at < 60:
        at += draw.expovariate(400)
        clock.run_until(int(at * S))
        station.arrive(lambda: None)
    assert station.figures()["busy"] == pytest.approx(0.5, rel=0.03)


def test_who_is_late_once_is_not_late_for_all_who_come_after() -> None:
    law, clock = Queue(service_ns=10_000_000), VirtualClock()
    station, ended = Servers(law, clock), []
    for _ in range(3):
        station.arrive(lambda: ended.append(clock.now))
    clock.now = S  # the process was away
    clock.run_until(S + 1)
    assert len(ended) == 3
    assert station.figures()["late_max_ms"] > 900


def test_the_same_seed_gives_the_same_services() -> None:
    law = Queue(servers=2, service_ns=1_000_000, seed=3)
    assert response_times(law, 900, 200) == response_times(law, 900, 200)
