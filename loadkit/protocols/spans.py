"""What notes a span of each request of a traced visit. Where no visit is traced, a step stays what it was."""

from __future__ import annotations

from time import perf_counter_ns as now_ns

from loadkit.flow.step import Build, StepFunction
from loadkit.flow.tracer import TRACE, VisitTrace, traced_share
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.book import Series
from loadkit.metrics.family import HTTP
from loadkit.metrics.sample import Sample
from loadkit.metrics.span import Span

_END, _STATUS = Sample._fields.index("end_ns"), Sample._fields.index("status")


def compile_span(step: StepFunction, series: Series, method: str, build: Build) -> StepFunction:
    """Return a step that notes a span of what it sends; the same step where no output takes traces."""
    if not traced_share(build.config):
        return step
    name = series.name

    async def traced(user: VirtualUser) -> None:
        trace: VisitTrace = user.sessions.get(TRACE) or user.session(TRACE, VisitTrace)
        visit, tracer, before_ns = trace.visit, user.run.tracer, user.due_ns
        if tracer is None or not visit.trace_id:
            await step(user)
            return
        trace.trace_id, trace.span_id = visit.trace_id, tracer.new_span_id()
        begun_ns = trace.begun_ns = _begins_ns(user)
        error = "CANCELLED"  # unless it comes to another end
        try:
            await step(user)
            error = ""
        except StepFailed as failed:
            error = failed.name or "Failed"
            raise
        finally:
            if user.due_ns != before_ns:  # else nothing was sent, as a condition may decide
                start_ns, end_ns = max(begun_ns, trace.begun_ns), user.due_ns
                status = _status(series, end_ns)
                ids = trace.trace_id, trace.span_id, visit.span_id
                tracer.keep(Span(*ids, name, min(start_ns, end_ns), end_ns, user.number, method, status, error))

    return traced


def _begins_ns(user: VirtualUser) -> int:
    """Return when what a user does next begins: now, unless it waits for its slot before."""
    now = now_ns()
    return now if user.pacer is None else max(now, user.pacer.next_ns())


def _status(series: Series, end_ns: int) -> int:
    """Return the status of the response that ended then, the last that was recorded; 0 where it was none."""
    rows, width = series.rows, series.width
    if series.family is not HTTP or len(rows) < width or rows[_END - width] != end_ns:
        return 0
    return rows[_STATUS - width]
