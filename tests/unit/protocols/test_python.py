"""Calls of functions through the real engine: in threads and on the loop, measured, judged, given up."""

import itertools
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from loadkit.metrics.snapshot import Snapshot
from loadkit.workload.closed import Closed
from loadkit.workload.count import Count
from tests.support.engine import Ran, S, build_for, on_loop, run_flow

FUNCTIONS = """
import asyncio, threading
from tests.unit.protocols.test_python import gate, seen

def add(a, b=1):
    seen.append(threading.current_thread().name)
    return {"sum": a + b, "parts": [a, b]}

async def wait_a_moment(value=None):
    seen.append(threading.current_thread().name)
    await asyncio.sleep(0)
    return value

def fail(): raise LookupError("not in here")
async def fail_async(): assert 1 > 2, "no"
def leave(): raise SystemExit(3)
async def leave_async(): raise SystemExit(3)
def untold():
    class Mute(Exception):
        def __str__(self): raise RuntimeError
    raise Mute
def forgotten(): return wait_a_moment()

def stuck(): gate.wait(20)
async def stuck_async():
    try:
        await asyncio.sleep(20)
    finally:
        seen.append("cancelled")

def third_time():
    seen.append("called")
    if len(seen) == 3:
        raise ValueError("three")

def grow(values):
    values.append(1)
    return len(values)

class Point:
    pass
def point(): return Point()
def raw(): return b"id=12"
"""
gate = threading.Event()
seen: list[str] = []
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()
    gate.clear()


@pytest.fixture
def call(tmp_path: Path) -> Any:
    module = f"functions_{next(_numbers)}"
    (tmp_path / f"{module}.py").write_text(FUNCTIONS)

    def run(function: str, *, flow: list[Any] | None = None, options: dict[str, Any] | None = None, **keys: Any) -> Ran:
        spec = {"function": f"{module}:{function}", "name": function, **keys}
        ran: Ran = on_loop(run_flow([{"call": spec}, *(flow or [])], "", base=tmp_path, **(options or {})))
        return ran

    return run


def times(ran: Ran, name: str) -> tuple[int, int, int]:
    summary: Snapshot = ran.summary
    kinds = ("response_time", "service_time", "failure_time")
    return tuple(summary.histogram(f"python.{kind}", name).total for kind in kinds)  # type: ignore[return-value]


def example(ran: Ran, error: str) -> str:
    return ran.summary.examples[error][0][1]


@pytest.mark.parametrize(("function", "keys"), [("add", {"with": {"a": 1}}), ("wait_a_moment", {})])
def test_a_call_is_counted_and_timed(call: Any, function: str, keys: dict[str, Any]) -> None:
    ran = call(function, **keys)
    assert (ran.count("python.calls"), ran.count("python.returns"), ran.count("vusers.completed")) == (1, 1, 1)
    assert times(ran, function) == (1, 1, 0)
    assert ran.errors == {}
    assert ran.count("http.requests") == 0


def test_a_function_runs_in_a_thread_and_an_async_one_on_the_loop(call: Any) -> None:
    call("add", **{"with": {"a": 1}})
    call("wait_a_moment")
    assert [name.startswith("loadkit-call") for name in seen] == [True, False]


def test_the_wait_for_a_thread_is_in_the_response_time_and_in_the_lag(call: Any) -> None:
    def release() -> None:
        time.sleep(0.1)
        gate.set()

    threading.Thread(target=release).start()
    ran = call("stuck", options={"workload": Count(2, S // 100), "config": {"python": {"threads": 1}}})
    waits = ran.summary.histogram("generator.thread_wait")
    assert (ran.count("python.returns"), waits.total) == (2, 2)
    assert waits.max_ns > 50_000_000
    assert ran.summary.histogram("python.service_time").min_ns < 50_000_000  # the second found the gate open
    assert ran.summary.histogram("python.response_time").max_ns >= waits.max_ns
    assert ran.summary.histogram("generator.lag").max_ns >= waits.max_ns


def test_each_call_in_a_row_is_a_sample_and_those_to_warm_up_are_none(call: Any) -> None:
    for function in ("add", "wait_a_moment"):
        ran = call(function, calls=50, warmupCalls=10, **({"with": [1]} if function == "add" else {}))
        assert (ran.count("python.calls"), times(ran, function)) == (50, (50, 50, 0))
    assert len(seen) == 120


def test_a_row_that_comes_back_between_its_calls_waits_for_its_thread_once(call: Any) -> None:
    gate.set()
    ran = call("stuck", calls=300_000, warmupCalls=1000, options={"graceful_stop_ns": 60 * S})
    response, service = (ran.summary.histogram(f"python.{kind}_time") for kind in ("response", "service"))
    assert ran.count("python.calls") == response.total == service.total == 300_000
    assert ran.summary.histogram("generator.thread_wait").total == 2  # to warm up, and for the row
    assert response.sum_ns >= service.sum_ns


@pytest.mark.parametrize(
    ("function", "error", "says"),
    [
        ("fail", "LookupError", "call fail: LookupError: not in here (functions_"),
        ("fail_async", "AssertionError", "call fail_async: AssertionError: no (functions_"),
        ("leave", "SystemExit", "call leave: SystemExit: 3"),
        ("leave_async", "SystemExit", "call leave_async: SystemExit: 3"),
        ("untold", "Mute", "call untold: Mute: (it has no text)"),
        ("forgotten", "TypeError", "define it with `async def`"),
    ],
)
def test_an_exception_is_an_error_of_its_class_with_its_place(
    call: Any, function: str, error: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = call(function, flow=[{"log": "never"}])
    assert ran.errors == {error: 1}
    assert (ran.count("python.calls"), ran.count("python.returns"), ran.count("vusers.failed")) == (1, 0, 1)
    assert times(ran, function) == (0, 0, 1)
    assert says in example(ran, error)
    assert ran.lines == []


def test_the_calls_before_one_that_fails_count(call: Any) -> None:
    ran = call("third_time", calls=10)
    assert (ran.count("python.calls"), ran.count("python.returns"), ran.errors) == (3, 2, {"ValueError": 1})


def test_a_failure_in_a_call_to_warm_up_ends_the_visit_and_is_no_sample(call: Any) -> None:
    ran = call("third_time", warmupCalls=5)
    assert (ran.count("python.calls"), ran.errors, ran.count("vusers.failed")) == (0, {"ValueError": 1}, 1)
    assert "in a call to warm up" in example(ran, "ValueError")


@pytest.mark.parametrize("function", ["stuck", "stuck_async"])
def test_a_call_that_takes_too_long_is_given_up(call: Any, function: str) -> None:
    began = time.monotonic()
    ran = call(function, timeout="100ms")
    gate.set()
    assert time.monotonic() - began < 10
    assert (ran.errors, ran.count("python.calls"), times(ran, function)) == ({"ETIMEDOUT": 1}, 1, (0, 0, 1))
    assert "did not return within 0.1 s" in example(ran, "ETIMEDOUT")
    assert seen == ([] if function == "stuck" else ["cancelled"])


def test_without_a_free_thread_the_generator_is_to_blame(call: Any) -> None:
    options = {"workload": Count(2, S // 100), "config": {"python": {"threads": 1}}}
    ran = call("stuck", timeout="100ms", options=options)
    gate.set()
    assert ran.errors == {"ETIMEDOUT": 1, "ERR_GENERATOR": 1}
    assert "none of 1 threads was free" in example(ran, "ERR_GENERATOR")


@pytest.mark.parametrize("function", ["stuck", "stuck_async"])
def test_the_end_of_the_run_cuts_a_call_off(call: Any, function: str) -> None:
    ran = call(function, timeout="20s", options={"graceful_stop_ns": S // 10, "duration_ns": S // 5})
    gate.set()
    assert ran.errors == {"CANCELLED": 1}


def test_the_time_limit_is_that_of_each_call_and_not_of_the_row() -> None:
    flow = [{"call": {"function": "time:sleep", "with": [0.1], "calls": 16, "timeout": "1500ms"}}]
    ran = on_loop(run_flow(flow, ""))
    assert (ran.errors, ran.count("python.returns")) == ({}, 16)


def test_paced_users_take_a_slot_for_each_call(call: Any) -> None:
    workload = Closed(1, 1, S, Fraction(20))
    ran = call("add", calls=5, options={"workload": workload, "duration_ns": S}, **{"with": [1]})
    assert 15 <= ran.count("python.calls") <= 25


def test_arguments_are_rendered_and_values_captured(call: Any) -> None:
    ran = call(
        "add",
        flow=[{"log": "{{ whole.parts[1] }} {{ sum }}"}],
        capture=[{"as": "whole"}, {"json": "$.sum", "as": "sum"}],
        options={"variables": {"a": 20}},
        **{"with": {"a": "{{ a }}", "b": 3}},
    )
    assert [text for _, text in ran.lines] == ["3 23"]


def test_constant_arguments_are_not_shared_by_virtual_users(call: Any) -> None:
    ran = call("grow", expect={"equals": 1}, options={"workload": Count(3, S // 100)}, **{"with": {"values": []}})
    assert (ran.count("checks.ok"), ran.count("checks.failed")) == (3, 0)


@pytest.mark.parametrize(
    ("function", "expect", "failed", "says"),
    [
        ("add", {"equals": {"sum": 3, "parts": [1, 2]}}, 0, ""),
        ("add", {"equals": 3}, 1, 'the value is {"sum":3,"parts":[1,2]}, expected 3'),
        ("add", [{"hasProperty": "parts[1]"}, {"notHasProperty": "rest"}], 0, ""),
        ("add", {"hasProperty": "rest"}, 1, "the value has no property rest"),
        ("add", {"type": "dict"}, 0, ""),
        ("add", {"type": "Mapping"}, 1, "the value is a dict, expected Mapping"),
        ("add", {"matchesRegexp": '"sum":3'}, 0, ""),
        ("raw", {"matchesRegexp": "id=\\d+"}, 0, ""),
        ("wait_a_moment", {"type": "None"}, 0, ""),
        ("wait_a_moment", {"type": "str"}, 1, "the value is a NoneType, expected str"),
        ("point", {"type": "Point"}, 0, ""),
        ("point", {"hasProperty": "x"}, 1, "the value is a Point, which is no data"),
    ],
)
def test_what_is_returned_is_checked(call: Any, function: str, expect: Any, failed: int, says: str) -> None:
    arguments = {"with": {"a": 1, "b": 2}} if function == "add" else {}
    ran = call(function, expect=expect, **arguments)
    assert (ran.count("checks.failed"), ran.count("vusers.completed")) == (failed, 1)
    texts = [text for name, found in ran.summary.examples.items() for _, text in found if name.startswith("expect.")]
    assert all(says in text for text in texts)
    assert len(texts) == failed


def test_a_capture_of_what_was_not_returned_ends_the_visit(call: Any) -> None:
    ran = call("add", capture={"json": "$.rest", "as": "rest"}, **{"with": [1]})
    assert ran.errors == {"Failed capture or match": 1}
    assert 'capture "rest" ($.rest): nothing was found' in example(ran, "Failed capture or match")


def test_a_step_may_depend_on_a_condition(call: Any) -> None:
    assert call("fail", ifTrue="1 > 2").errors == {}
    assert call("fail", probability=0).errors == {}


def test_debug_shows_calls_without_secrets(call: Any) -> None:
    ran = call("add", options={"debug": True}, **{"with": {"a": 1, "b": 2}})
    assert any("add(a=1, b=2)" in text and "'sum': 3" in text for _, text in ran.lines)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("nowhere_at_all:f", "LK220"),
        ({"function": "json:dumps", "with": {"obj": 1, "nothing": 1}}, ""),  # it takes **kw
        ({"function": "textwrap:dedent", "with": {"nothing": 1}}, "LK220"),
        ({"function": "gc:collect", "calls": "many"}, "LK104"),
        ({"function": "gc:collect", "capture": {"header": "x", "as": "y"}}, "LK216"),
        ({"function": "gc:collect", "timeout": "soon"}, "LK211"),
    ],
)
def test_faults_of_a_step_are_found_before_load(spec: Any, code: str) -> None:
    build = build_for({})
    build.steps([{"call": spec}], ("flow",))
    assert {diagnostic.code for diagnostic in build.diagnostics} == ({code} if code else set())
