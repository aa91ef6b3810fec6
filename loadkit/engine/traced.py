"""Visits of which a share is traced: each of those is a span, whose children are its requests."""

from __future__ import annotations

from time import perf_counter_ns as now_ns

from loadkit.engine.services import WorkerServices
from loadkit.engine.visits import Visits
from loadkit.flow.tracer import TRACE, VisitTrace
from loadkit.flow.user import VirtualUser, uniform
from loadkit.metrics.span import Span
from loadkit.scenario.plan import Plan
from loadkit.workload.base import WHOLE, Shard

_CHOOSE = 2  # salt of flow.user.uniform: which choice of a visit is meant


class TracedVisits(Visits):
    """Visits of a worker whose services have a tracer."""

    def __init__(self, plan: Plan, services: WorkerServices, shard: Shard = WHOLE) -> None:
        super().__init__(plan, services, shard)
        assert services.tracer is not None
        self._tracer = services.tracer
        self._chosen_by = plan.seed

    async def once(self, user: VirtualUser) -> bool:
        """Carry out one visit, and note its span if it is one of the chosen."""
        if uniform(self._chosen_by, user.number, _CHOOSE) >= self._tracer.share:
            return await super().once(user)
        trace: VisitTrace = user.sessions.get(TRACE) or user.session(TRACE, VisitTrace)
        ids = trace.visit.trace_id, trace.visit.span_id = self._tracer.new_trace_id(), self._tracer.new_span_id()
        name, number, begun_ns = self.name_of(user.number), user.number, now_ns()
        whole = await super().once(user)
        error = "" if whole else "vusers.failed"
        self._tracer.keep(Span(*ids, "", name, begun_ns, now_ns(), number, error=error))
        return whole
