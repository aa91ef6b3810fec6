"""What a plan demands of this machine, and what the machine has: workers, descriptors, connections and ports.

It is told for the worst case, in which each request takes until its timeout; `preflight` refuses only what is sure to fail.
"""

from __future__ import annotations

import sys
from typing import Any, Literal

import msgspec

from loadkit.engine.descriptors import descriptor_limit
from loadkit.fleet.preflight import descriptors_needed, pool_of, port_held_s, port_warnings, ports_used, usable_ports
from loadkit.fleet.sizing import usable_cores, worker_count
from loadkit.scenario.objectives import ObjectiveOutlook, foresee_objectives
from loadkit.scenario.outlook import Outlook, foresee
from loadkit.scenario.plan import Plan


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan needs and this machine has. Descriptors are those of one worker; None is what is not known here."""

    cores: int
    workers: int
    descriptors_most: int
    descriptors_limit: int | None
    connections_per_s: float
    """New ones, over all origins, at the peak of an open phase; a closed phase keeps its connections."""
    connections_per_user: int
    ports_most: int
    """To one origin, closed ones that are still kept included."""
    ports_limit: int | None
    ways: list[str]
    """How targets are reached, where it is not directly."""
    warnings: list[str]


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What `loadkit plan --json` prints. `format` changes when a key changes its meaning."""

    format: Literal[1] = 1
    plan: Outlook
    machine: Demand
    objectives: list[ObjectiveOutlook] = []


def forecast(plan: Plan, asked: int | None) -> Forecast:
    """Return what a plan will do and what it demands of this machine, with `asked` workers or as many as are worth it."""
    outlook = foresee(plan)
    return Forecast(plan=outlook, machine=demand_of(plan, outlook, asked), objectives=foresee_objectives(plan))


def forecast_schema() -> dict[str, Any]:
    """Return the JSON Schema of a forecast."""
    schema = msgspec.json.schema(Forecast)
    definitions = schema.pop("$defs")
    root = definitions.pop("Forecast")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "title": "loadkit plan",
        "$defs": definitions,
    }


def demand_of(plan: Plan, outlook: Outlook, asked: int | None) -> Demand:
    """Return the demand, with `asked` workers or as many as are worth it."""
    cores, limit, ports = usable_cores(), descriptor_limit(), usable_ports(plan)
    workers = worker_count(plan, asked, cores)
    share = -(-outlook.users_most // workers)
    need = descriptors_needed(plan, share)
    pool = pool_of(plan)
    phases = plan.phases if plan.connections else ()
    used = [ports_used(phase, port_held_s(plan, ports) if ports else 0) for phase in phases]
    warnings = port_warnings(plan, ports)
    if need > limit:
        warnings.append(
            f"with {share:,} virtual users at once a worker needs {need:,} file descriptors, and the limit is {limit:,}: "
            f"set maxVusers, or raise the limit with `ulimit -n {need}`"
        )
    return Demand(
        cores=cores,
        workers=workers,
        descriptors_most=need,
        descriptors_limit=None if limit == sys.maxsize else limit,
        connections_per_s=0.0 if pool is not None else max((rate for rate, _ in used), default=0.0) * plan.connections,
        connections_per_user=plan.connections,
        ports_most=round(max((held for _, held in used), default=0.0)) if pool is None else pool * workers,
        ports_limit=ports.number if ports else None,
        ways=list(plan.ways),
        warnings=warnings,
    )
