"""The times that a plan's thresholds and objectives compare with: where the buckets of exported histograms end."""

from __future__ import annotations

from loadkit.scenario.plan import Plan
from loadkit.slo.condition import time_limits
from loadkit.slo.expression import Objective
from loadkit.slo.metric import Kind
from loadkit.units import NS_PER_S

_LONGEST_NS = 3600 * NS_PER_S


def time_limits_of(plan: Plan) -> tuple[int, ...]:
    """Return the limits of response and service times in nanoseconds, rising, each once."""
    rules = [check.rule for check in plan.ensure.checks] if plan.ensure and plan.ensure.enabled else []
    thresholds = [*plan.objectives, *(rule for rule in rules if isinstance(rule, Objective))]
    limits = {round(one.limit) for one in thresholds if one.selector.kind is Kind.TIME}
    limits |= {round(limit) for slo in plan.slos for _, limit in time_limits(slo.indicator.condition)}
    return tuple(sorted(limit for limit in limits if 0 < limit <= _LONGEST_NS))
