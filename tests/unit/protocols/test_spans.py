"""Spans of traced visits, and the traceparent that their targets see."""

import re
from typing import Any

import pytest

from loadkit.metrics.span import MOST_SPANS, Span, Spans
from loadkit.workload.closed import Closed
from loadkit.workload.count import Count
from tests.support.engine import Ran, S, on_loop, run_flow
from tests.support.raw_server import Handler, RawServer, always, raw_server, response

OK = response(b"{}", "200 OK", "Content-Type: application/json")
TRACEPARENT = re.compile(rb"\r\ntraceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])\r\n")


def traced(share: object, **http: Any) -> dict[str, Any]:
    return {"outputs": ["jsonl:x", {"type": "otlp", "traces": {"sample": share}}], "http": http}


def serve(handler: Handler, flow: list[Any], **options: Any) -> Ran:
    async def main() -> tuple[Ran, RawServer]:
        async with raw_server(handler) as server:
            return await run_flow(flow, server.url, **options), server

    return on_loop(main())[0]  # type: ignore[no-any-return]


def requests_of(ran: Ran) -> list[Span]:
    return [span for span in ran.spans if span.parent_id]


def visits_of(ran: Ran) -> list[Span]:
    return [span for span in ran.spans if not span.parent_id]


def seen_by(log: list[bytes]) -> list[tuple[str, str, str]]:
    found = [TRACEPARENT.search(head) for head in log]
    return [(one[1].decode(), one[2].decode(), one[3].decode()) for one in found if one]


def test_the_requests_of_a_traced_visit_are_spans_with_the_ids_that_the_target_saw() -> None:
    log: list[bytes] = []
    flow = [{"get": {"url": "/a"}}, {"think": 0.01}, {"post": {"url": "/b", "name": "buy"}}]
    ran = serve(always(log, OK), flow, config=traced(1), workload=Count(3, S))
    assert len(visits_of(ran)) == len({span.trace_id for span in ran.spans}) == 3
    assert [(span.trace_id, span.span_id) for span in requests_of(ran)] == [ids[:2] for ids in seen_by(log)]
    assert {flags for _, _, flags in seen_by(log)} == {"01"}
    for visit in visits_of(ran):
        first, second = (span for span in requests_of(ran) if span.trace_id == visit.trace_id)
        assert (first.parent_id, second.parent_id) == (visit.span_id, visit.span_id)
        assert [(span.name, span.method, span.status, span.error) for span in (first, second)] == [
            ("/a", "GET", 200, ""),
            ("buy", "POST", 200, ""),
        ]
        assert visit.name == "scenario 0"
        assert visit.start_ns <= first.start_ns <= first.end_ns < second.start_ns <= second.end_ns <= visit.end_ns


def test_a_request_without_an_answer_is_a_span_with_its_error() -> None:
    ran = serve(always([], b""), [{"get": {"url": "/a"}}, {"get": {"url": "/never"}}], config=traced(1))
    (request,), (visit,) = requests_of(ran), visits_of(ran)
    assert (request.status, request.error) == (0, next(iter(ran.errors)))
    assert visit.error == "vusers.failed"


def test_a_share_of_visits_is_traced_the_same_with_the_same_seed() -> None:
    runs = []
    for _ in range(2):
        log: list[bytes] = []
        ran = serve(always(log, OK), [{"get": {"url": "/a"}}], config=traced(0.25), workload=Count(100, S))
        flags = [flags for _, _, flags in seen_by(log)]
        assert (flags.count("01"), len(flags)) == (len(visits_of(ran)), 100)
        runs.append(sorted(span.visit for span in visits_of(ran)))
    assert runs[0] == runs[1]
    assert 10 <= len(runs[0]) <= 45


def test_visits_of_a_closed_user_are_traces_of_their_own() -> None:
    flow = [{"get": {"url": "/a"}}, {"think": 0.005}]
    workload = Closed(1, 1, S // 10, None)
    ran = serve(always([], OK), flow, config=traced(1), workload=workload, duration_ns=S // 10)
    assert len({span.trace_id for span in ran.spans}) == len(visits_of(ran)) == ran.count("vusers.created") > 1


def test_branches_share_a_trace() -> None:
    flow = [{"parallel": [{"get": {"url": "/a"}}, {"get": {"url": "/b"}}]}]
    ran = serve(always([], OK), flow, config=traced(1))
    (visit,) = visits_of(ran)
    assert [span.parent_id for span in requests_of(ran)] == [visit.span_id] * 2
    assert len({span.span_id for span in ran.spans}) == 3


def test_a_request_that_a_condition_leaves_out_is_no_span() -> None:
    ran = serve(always([], OK), [{"get": {"url": "/a", "ifTrue": False}}], config=traced(1))
    assert (len(visits_of(ran)), len(requests_of(ran))) == (1, 0)


@pytest.mark.parametrize("config", [{}, {"outputs": [{"type": "otlp"}]}, traced(0), traced("much")])
def test_nothing_is_traced_unless_an_output_takes_traces(config: dict[str, Any]) -> None:
    log: list[bytes] = []
    ran = serve(always(log, OK), [{"get": {"url": "/a"}}], config=config)
    assert (ran.spans, seen_by(log)) == ([], [])


def test_a_header_that_is_switched_off_stays_off() -> None:
    log: list[bytes] = []
    ran = serve(always(log, OK), [{"get": {"url": "/a"}}], config=traced(1, distributedTracing=False))
    assert (len(ran.spans), seen_by(log)) == (2, [])


def test_more_spans_than_there_is_room_for_are_counted() -> None:
    spans = Spans()
    for number in range(MOST_SPANS + 3):
        spans.keep(Span("a", "b", "", "it", 0, 1, number))
    assert (spans.dropped, len(spans.take()), spans.dropped) == (3, MOST_SPANS, 0)


@pytest.mark.parametrize(
    ("config", "prefix"), [(traced(1), "a9"), (traced(1, distributedTracing={"traceIdPrefix": "cafe"}), "cafe")]
)
def test_a_log_line_has_the_ids_of_the_last_request(config: dict[str, Any], prefix: str) -> None:
    flow = [{"log": "before"}, {"get": {"url": "/a"}}, {"log": "after"}]
    ran = serve(always([], OK), flow, config=config)
    (visit,), (request,) = visits_of(ran), requests_of(ran)
    assert [(line.text, line.trace, line.span) for line in ran.logged] == [
        ("before", visit.trace_id, visit.span_id),
        ("after", request.trace_id, request.span_id),
    ]
    assert visit.trace_id.startswith(prefix)


def test_a_log_line_has_the_ids_of_a_header_too() -> None:
    log: list[bytes] = []
    flow = [{"get": {"url": "/a"}}, {"log": "after"}]
    ran = serve(always(log, OK), flow, config={"http": {"distributedTracing": True}})
    assert [(line.trace, line.span) for line in ran.logged] == [ids[:2] for ids in seen_by(log)]
    assert ran.spans == []
