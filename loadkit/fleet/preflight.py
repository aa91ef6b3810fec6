"""What this machine must have before load begins: descriptors for the users that are sure to come, and ports to connect from.

descriptors of a worker = its virtual users x connections of each + 100
ports in use            = new connections/s x seconds that a closed one keeps its port (60, or 1 where Linux reuses it)
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

from loadkit.engine.descriptors import SPARE_DESCRIPTORS
from loadkit.errors import PreflightError
from loadkit.protocols.address import split_url
from loadkit.scenario.plan import Phase, Plan
from loadkit.units import NS_PER_S
from loadkit.workload.base import ClosedWorkload

TIME_WAIT_S = 60  # TCP_TIMEWAIT_LEN of Linux (include/net/tcp.h)
REUSE_S = 1  # net.ipv4.tcp_tw_reuse: "delay before a port is reused" is a second
_MOST_PERCENT = 80
_SYSCTL = Path("/proc/sys/net/ipv4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports of this machine: how many may be connected from, and whether closed ones are reused (0, 1, 2: on loopback)."""

    number: int
    reuse: int


def check_descriptors(plan: Plan, workers: int, limit: int) -> None:
    """Raise PreflightError when a worker's share of the planned virtual users cannot all be connected.

    How many an open phase without maxVusers will have at work nobody knows; it is not refused.
    """
    for phase in plan.phases:
        users = _sure_users(phase)
        share = -(-users // workers)
        need = descriptors_needed(plan, share)
        if users and need > limit:
            pool = pool_of(plan)
            connected = share if pool is None else min(share * plan.width, pool)
            raise PreflightError(_too_few(phase, share, connected, need, limit, plan, workers))


def descriptors_needed(plan: Plan, users: int) -> int:
    """Return how many descriptors a worker needs for so many virtual users."""
    pool = pool_of(plan)
    return (users if pool is None else min(users * plan.width, pool)) * plan.connections + SPARE_DESCRIPTORS


def _too_few(phase: Phase, share: int, connected: int, need: int, limit: int, plan: Plan, workers: int) -> str:
    where = f'phase "{phase.name}" ({phase.at})'
    what = f"{connected:,} pooled" if connected != share else f"{connected:,} virtual user{'s' * (connected != 1)}"
    each = f"{plan.connections} connection{'s' * (plan.connections != 1)}"
    of_each = " of each worker" if workers > 1 else ""
    remedies = [f"raise it with `ulimit -n {need}`"]
    left = (limit - SPARE_DESCRIPTORS) // max(1, plan.connections)
    if left > 0 and connected == share:
        remedies.append(f"use --workers {-(-_sure_users(phase) // left)}")
    remedies.append("plan fewer users")
    return (
        f"{where} needs {need:,} file descriptors{of_each} ({what} x {each} + {SPARE_DESCRIPTORS}), "
        f"and the limit is {limit:,}; {', or '.join(remedies)}"
    )


def port_warnings(plan: Plan, ports: Ports | None) -> list[str]:
    """Return a sentence for each phase that would use up more than 80 % of the ports to one target."""
    if ports is None or pool_of(plan) is not None or not plan.target:
        return []
    held_s = port_held_s(plan, ports)
    return [text for phase in plan.phases if (text := _port_warning(phase, ports.number, held_s))]


def port_held_s(plan: Plan, ports: Ports) -> int:
    """Return how many seconds a closed connection to the target keeps its port."""
    reused = ports.reuse == 1 or (ports.reuse == 2 and _is_local(plan.target))
    return REUSE_S if reused else TIME_WAIT_S


def ports_used(phase: Phase, held_s: int) -> tuple[float, float]:
    """Return the most new connections a second to an origin, and the ports that they keep at once; a closed phase keeps its own."""
    workload = phase.workload
    if isinstance(workload, ClosedWorkload):
        return 0.0, float(workload.users)
    rate = max(workload.rate_at(0), workload.rate_at(workload.duration_ns))
    return rate, min(rate * min(held_s, phase.duration_ns / NS_PER_S), workload.reserved)


def _port_warning(phase: Phase, ports: int, held_s: int) -> str:
    if isinstance(phase.workload, ClosedWorkload):
        return ""  # its users keep their connections
    rate, used = ports_used(phase, held_s)
    if 100 * used <= _MOST_PERCENT * ports:
        return ""
    return (
        f'{phase.at}: phase "{phase.name}" may open {rate:,.0f} connections/s, each keeps its port for {held_s} s: '
        f"{used:,.0f} of the {ports:,} ports to one address; what cannot be opened makes the run INVALID. "
        "Use `http.pool` or users that stay, widen net.ipv4.ip_local_port_range, or set net.ipv4.tcp_tw_reuse=1"
    )


def usable_ports(plan: Plan) -> Ports | None:
    """Return the ports that connections of a plan may come from: each source address has all of them. None where none is used."""
    ports = machine_ports()
    if ports is None or plan.network.unix_socket or _is_socket(plan.target):
        return None
    return replace(ports, number=ports.number * max(1, len(plan.network.local_addresses)))


def check_local_addresses(plan: Plan) -> None:
    """Raise PreflightError when connections are to come from an address that this machine does not have."""
    for family, address in plan.network.local_addresses:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            try:
                sock.bind((address, 0))
            except OSError as error:
                raise PreflightError(
                    f"connections cannot come from {address}: {error.strerror or error}; "
                    "`http.localAddresses` lists addresses of this machine"
                ) from None


def machine_ports() -> Ports | None:
    """Return what Linux says about its ports; None elsewhere."""
    try:
        first, last = (_SYSCTL / "ip_local_port_range").read_text().split()
        return Ports(number=int(last) - int(first) + 1, reuse=int((_SYSCTL / "tcp_tw_reuse").read_text()))
    except (OSError, ValueError):
        return None


def _sure_users(phase: Phase) -> int:
    """Return how many virtual users a phase may have at work by its own words; 0 when it does not say."""
    workload = phase.workload
    if isinstance(workload, ClosedWorkload):
        return workload.users
    return 0 if phase.max_vusers is None else min(phase.max_vusers, workload.reserved)


def pool_of(plan: Plan) -> int | None:
    """Return how many connections a worker shares among its users; None when each has its own."""
    http = plan.config.get("http")
    pool = http.get("pool") if isinstance(http, dict) else None
    return int(pool) if pool is not None else None


def _is_socket(target: str) -> bool:
    try:
        return bool(split_url(target)[0].socket)
    except ValueError:
        return False


def _is_local(target: str) -> bool:
    try:
        host = split_url(target)[0].host
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
