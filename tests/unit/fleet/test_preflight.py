"""What a machine must have before load begins."""

from dataclasses import replace
from typing import Any

import pytest

from loadkit.errors import PreflightError
from loadkit.fleet.preflight import (
    Ports,
    check_descriptors,
    check_local_addresses,
    machine_ports,
    port_warnings,
    usable_ports,
)
from tests.unit.scenario.test_compile import plan_of

LINUX = Ports(number=28_232, reuse=0)


@pytest.mark.parametrize(
    ("phase", "connections", "workers", "limit", "need"),
    [
        ({"users": 900}, 1, 1, 1000, None),
        ({"users": 901}, 1, 1, 1000, "1,001"),
        ({"users": 1802}, 1, 2, 1000, "1,001"),
        ({"users": 1801}, 1, 2, 1000, "1,001"),  # shares are rounded up
        ({"users": 1800}, 1, 2, 1000, None),
        ({"users": 10, "rampTo": 500}, 3, 1, 1000, "1,600"),
        ({"arrivalRate": 1000, "maxVusers": 950}, 1, 1, 1000, "1,050"),
        ({"arrivalCount": 50, "maxVusers": 950}, 1, 1, 1000, None),  # there are not more
        ({"arrivalRate": 1000}, 1, 1, 1000, None),  # nobody knows
        ({"pause": 10}, 1, 1, 64, None),
    ],
)
def test_users_that_are_sure_to_come_need_descriptors(
    phase: dict[str, Any], connections: int, workers: int, limit: int, need: str | None
) -> None:
    plan = replace(plan_of({"phases": [{"duration": 10, "name": "peak", **phase}]}), connections=connections)
    if need is None:
        check_descriptors(plan, workers, limit)
        return
    with pytest.raises(PreflightError) as caught:
        check_descriptors(plan, workers, limit)
    for words in (
        'phase "peak" (',
        f"needs {need} file descriptors",
        "the limit is 1,000",
        f"ulimit -n {need}".replace(",", ""),
    ):
        assert words in str(caught.value)


def test_a_worker_more_is_a_remedy_that_suffices() -> None:
    plan = plan_of({"phases": [{"duration": 10, "users": 2000}]})
    with pytest.raises(PreflightError, match="use --workers 3"):
        check_descriptors(plan, 1, 1000)
    check_descriptors(plan, 3, 1000)


def test_a_pool_is_what_is_connected() -> None:
    plan = plan_of({"phases": [{"duration": 10, "users": 5000}], "http": {"pool": 20}})
    check_descriptors(plan, 1, 200)
    with pytest.raises(PreflightError, match="20 pooled"):
        check_descriptors(plan, 1, 110)


@pytest.mark.parametrize(
    ("phase", "ports", "words"),
    [
        ({"duration": 600, "arrivalRate": 376}, LINUX, ""),
        (
            {"duration": 600, "arrivalRate": 377},
            LINUX,
            "may open 377 connections/s, each keeps its port for 60 s: 22,620 of the 28,232",
        ),
        ({"duration": 600, "arrivalRate": 1, "rampTo": 900}, LINUX, "54,000 of the 28,232"),
        ({"duration": 10, "arrivalRate": 900}, LINUX, ""),  # 9,000 in all
        ({"duration": 600, "arrivalRate": 900}, replace(LINUX, reuse=1), ""),
        ({"duration": 600, "arrivalRate": 900}, replace(LINUX, reuse=2), "54,000"),  # only on loopback
        ({"duration": 600, "arrivalRate": 30_000}, replace(LINUX, reuse=1), "for 1 s: 30,000"),
        ({"duration": 600, "users": 50_000}, LINUX, ""),  # they keep their connections
        ({"duration": 600, "arrivalRate": 900}, None, ""),
    ],
)
def test_arrivals_that_use_up_the_ports_are_told_of(phase: dict[str, Any], ports: Ports | None, words: str) -> None:
    warnings = port_warnings(plan_of({"target": "http://10.0.0.1", "phases": [phase]}), ports)
    assert len(warnings) == bool(words)
    assert words in "".join(warnings)


def test_linux_reuses_ports_of_loopback() -> None:
    phases = [{"duration": 600, "arrivalRate": 900}]
    assert not port_warnings(plan_of({"target": "http://localhost:80", "phases": phases}), replace(LINUX, reuse=2))


def test_pooled_connections_stay() -> None:
    config = {"target": "http://10.0.0.1", "phases": [{"duration": 600, "arrivalRate": 900}], "http": {"pool": 5}}
    assert not port_warnings(plan_of(config), LINUX)


def test_this_machine_has_ports() -> None:
    ports = machine_ports()
    assert ports is None or ports.number > 0


def test_each_source_address_has_the_ports_of_the_machine_and_a_socket_needs_none() -> None:
    ports = machine_ports()
    if ports is None:
        pytest.skip("this system does not tell its ports")
    config = {"phases": [{"duration": 10, "arrivalRate": 1}]}
    assert usable_ports(plan_of(config)) == ports
    several = plan_of({**config, "http": {"localAddresses": ["127.0.0.2", "127.0.0.3", "127.0.0.4"]}})
    assert usable_ports(several) == replace(ports, number=3 * ports.number)
    assert usable_ports(plan_of({**config, "target": "http://unix:/run/shop.sock"})) is None
    assert usable_ports(plan_of({**config, "http": {"unixSocket": "shop.sock"}})) is None


def test_source_addresses_of_another_machine_are_refused_before_load() -> None:
    config = {"phases": [{"duration": 10, "arrivalRate": 1}]}
    check_local_addresses(plan_of({**config, "http": {"localAddresses": ["127.0.0.2", "127.0.0.3"]}}))
    with pytest.raises(PreflightError, match=r"cannot come from 203\.0\.113\.7"):
        check_local_addresses(plan_of({**config, "http": {"localAddresses": ["127.0.0.2", "203.0.113.7"]}}))
