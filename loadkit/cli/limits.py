"""The limits of a run: those of the command line and those of the project's `.loadkit.yaml`; both hold."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loadkit.errors import UsageError
from loadkit.hosts import AllowList, Fence
from loadkit.scenario.plan import Plan
from loadkit.scenario.project import Project, find_project, positive_rate, read_project

TIMEOUT_VARIABLE = "LOADKIT_TIMEOUT_MULTIPLIER"
LEAST_MULTIPLIER, MOST_MULTIPLIER = 0.1, 100.0
_LOOKUP_S = 2.0


def read_limits(allow_host: Sequence[str] | None, max_rate: str | None) -> dict[str, Any]:
    """Return limits and patience as fields of Settings. Raises UsageError and, for a wrong project file, ScenarioError."""
    path = find_project(Path.cwd(), Path.home())
    held = limits(allow_host or (), max_rate, read_project(path) if path else Project())
    return {**held, "timeout_multiplier": timeout_multiplier(os.environ)}


def timeout_multiplier(environment: Mapping[str, str]) -> float:
    """Return by how much timeouts are longer than written: LOADKIT_TIMEOUT_MULTIPLIER. Raises UsageError, which names it."""
    text = environment.get(TIMEOUT_VARIABLE, "").strip()
    if not text:
        return 1.0
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not LEAST_MULTIPLIER <= found <= MOST_MULTIPLIER:
        raise UsageError(
            f"{TIMEOUT_VARIABLE}={text!r} is not a number from {LEAST_MULTIPLIER:g} to {MOST_MULTIPLIER:g}; write 2 for timeouts "
            "twice as long"
        )
    return found


def limits(allow_host: Sequence[str], max_rate: str | None, project: Project) -> dict[str, Any]:
    """Return what holds: every list of hosts, and the lower rate. Raises UsageError for options that mean nothing."""
    given = tuple(entry.strip() for text in allow_host for entry in text.split(",") if entry.strip())
    if allow_host and not given:
        raise UsageError("--allow-host names no host; write --allow-host shop.example,10.0.0.0/8")
    rates = [(project.max_rate, project.file)] if project.max_rate is not None else []
    try:
        AllowList(given)
    except ValueError as error:
        raise UsageError(f"--allow-host: {error}") from error
    try:
        if max_rate is not None:
            rates.append((positive_rate(max_rate), "--max-rate"))
    except ValueError as error:
        raise UsageError(f"--max-rate: {error}") from error
    lists = tuple(hosts for hosts in (given, project.allow_hosts) if hosts)
    return {"allow_hosts": lists, "max_rate": min(rates, default=None)}


def check_addresses(plan: Plan) -> None:
    """Raise UsageError when a known host is allowed by none of its addresses; one that nobody knows is the run's to find out."""
    fence = Fence(plan.settings.allow_hosts)
    for host in plan.hosts if fence else ():
        said = plan.network.addresses_of(host, 0)
        addresses = [address for _, address in said] if said else addresses_of(host)
        if addresses and not any(fence.allows(host, address) for address in addresses):
            raise UsageError(
                f"{host} is {', '.join(addresses)}, which is not among the allowed hosts; nothing was sent. "
                "Allow it with --allow-host, or in .loadkit.yaml"
            )


def addresses_of(host: str) -> list[str]:
    """Return the addresses of a host; none when it has none or nobody tells them within two seconds."""
    found: list[str] = []

    def look_up() -> None:
        try:
            found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            pass

    thread = threading.Thread(target=look_up, daemon=True)  # a lookup cannot be given up, only left behind
    thread.start()
    thread.join(_LOOKUP_S)
    return list(dict.fromkeys(found))
