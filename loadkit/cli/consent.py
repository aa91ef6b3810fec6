"""One question before much load goes to a host that may be somebody else's; only where somebody sits who can answer."""

from __future__ import annotations

import os
import sys

from loadkit.cli.limits import addresses_of
from loadkit.errors import UsageError
from loadkit.hosts import address_of, is_private_address, is_private_name
from loadkit.scenario.plan import Plan
from loadkit.scenario.rates import UNKNOWN, peak_per_s

MUCH_PER_S = 100.0


def ask_before_load(plan: Plan) -> None:
    """Ask on a terminal whether load above 100 requests/s may go to hosts that are not private. Raises UsageError after a no."""
    peak = peak_per_s(plan.phases, plan.scenarios)
    if peak > MUCH_PER_S:
        _ask(plan, "as many requests as it answers" if peak == UNKNOWN else f"up to {peak:,.0f} requests/s")


def ask_before_search(plan: Plan, most_per_s: float | None) -> None:
    """Ask whether more and more load may go to hosts that are not private, until it is too much. Raises UsageError after a no."""
    if most_per_s is None or most_per_s > MUCH_PER_S:
        limit = "" if most_per_s is None else f", up to {most_per_s:,.0f} requests/s"
        _ask(plan, f"more and more requests until it is too much{limit}")


def _ask(plan: Plan, much: str) -> None:
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("CI"):
        return
    hosts = [host for host in plan.hosts if not is_private(host)]
    if not hosts:
        return
    sys.stdout.write(f"This sends {much} to {', '.join(hosts)}, not a private host. Continue? [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("not confirmed; nothing was sent (--yes answers in advance)")


def is_private(host: str) -> bool:
    """Say whether a host is on this machine or in a private network; one that nobody knows is taken to be public."""
    address = address_of(host)
    if address is not None:
        return is_private_address(address)
    if is_private_name(host):
        return True
    found = [address_of(text) for text in addresses_of(host)]
    return bool(found) and all(address is not None and is_private_address(address) for address in found)
