"""think, loop, log and set."""

import math
from typing import Any

import pytest

from loadkit.workload.count import Count
from tests.support.engine import Ran, build_for, on_loop, run_flow

TARGET = "http://127.0.0.1:9"


def ran(flow: list[Any], **options: Any) -> Ran:
    result: Ran = on_loop(run_flow(flow, TARGET, **options))
    return result


def said(flow: list[Any], **options: Any) -> list[str]:
    return [text for _, text in ran(flow, **options).lines]


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ({"count": 3}, ["0", "1", "2"]),
        ({"count": "3"}, ["0", "1", "2"]),
        ({"count": "1-4"}, ["1", "2", "3"]),
        ({"count": "{{ rounds }}"}, ["0", "1"]),
        ({"count": 0}, []),
        ({"over": ["a", "b"]}, ["0", "1"]),
        ({"over": []}, []),
    ],
)
def test_a_loop_runs_as_often_as_it_says(loop: dict[str, Any], expected: list[str]) -> None:
    assert said([{"loop": [{"log": "{{ $loopCount }}"}], **loop}], variables={"rounds": 2}) == expected


def test_count_0_is_endless_as_in_artillery_where_that_is_asked_for() -> None:
    body = [{"log": "{{ $loopCount }}"}, {"think": "{{ pause }}"}, {"set": {"pause": "{{ pause }}."}}]
    lines = said([{"loop": body, "count": 0}], variables={"pause": "0"}, config={"compat": "artillery"})
    assert lines == ["0", "1", "2"]  # "0.." is no think time, which ends the visit


def test_a_loop_without_an_end_goes_on_until_the_run_cuts_it_off() -> None:
    result = ran([{"loop": [{"think": "5ms"}]}], duration_ns=50_000_000, graceful_stop_ns=50_000_000)
    assert result.errors == {"CANCELLED": 1}


def test_a_loop_leaves_its_count_behind() -> None:
    inner = {"loop": [{"log": "{{ $loopCount }}"}], "count": 2}
    assert said([{"loop": [inner, {"log": "outer {{ $loopCount }}"}], "count": 2}, {"log": "{{ $loopCount }}"}]) == [
        *["0", "1", "outer 0"], *["0", "1", "outer 1"], "2"
    ]  # fmt: skip
    assert said([{"loop": [{"log": "x"}], "over": ["a", "b", "c"]}, {"log": "{{ $loopCount }}"}])[-1] == "3"


def test_mappings_and_lists_are_printed_as_json() -> None:
    assert said([{"log": {"a": "{{ x }}", "b": [1]}}, {"log": "{{ y }}"}], variables={"x": "1", "y": {"z": None}}) == [
        '{"a":"1","b":[1]}', '{"z":null}'
    ]  # fmt: skip


def test_a_loop_over_a_variable_gives_its_elements() -> None:
    flow = [{"loop": [{"log": "{{ $loopElement.name }}"}], "over": "shop.items"}]
    assert said(flow, variables={"shop": {"items": [{"name": "x"}, {"name": "y"}]}}) == ["x", "y"]


def test_loop_variables_can_be_renamed_and_nested() -> None:
    inner = {"loop": [{"log": "{{ i }}{{ $loopCount }}"}], "count": 2}
    assert said([{"loop": [inner], "count": 2, "loopValue": "i"}]) == ["00", "01", "10", "11"]


def test_set_gives_variables_a_value_in_order() -> None:
    flow = [{"set": {"a": 1, "b": "{{ a }}2", "c.d": [1]}}, {"log": "{{ b }} {{ c.d[0] }}"}]
    assert said(flow) == ["12 1"]


def test_think_waits_and_is_not_counted_as_lateness() -> None:
    result = ran([{"think": "30ms"}, {"think": 0.02}])
    assert 50e6 <= result.summary.histogram("vusers.session_length").min_ns < 1e9


@pytest.mark.parametrize("jitter", ["50%", 5])
def test_jitter_varies_the_pause(jitter: Any) -> None:
    result = ran([{"loop": [{"think": "10ms", "jitter": jitter}], "count": 5}])
    assert 20e6 < result.summary.histogram("vusers.session_length").min_ns < 1e9


def test_a_think_time_that_is_none_ends_the_visit_and_is_counted() -> None:
    result = ran([{"think": "{{ pause }}"}, {"log": "never"}], variables={"pause": "soon"})
    assert (result.errors, result.lines) == ({"Invalid think time: soon": 1}, [])


@pytest.mark.parametrize(
    ("flow", "code"),
    [
        ([{"think": "soon"}], "LK211"),
        ([{"think": 1, "jitter": "much"}], "LK211"),
        ([{"loop": [{"log": "x"}]}], "LK103"),
        ([{"loop": [{"log": "x"}], "count": "few"}], "LK104"),
        ([{"loop": [{"log": "x"}], "count": math.inf}], "LK104"),
        ([{"loop": [{"log": "x"}], "count": 0}], "LK506"),
        ([{"loop": [{"log": "x"}], "count": 1, "over": []}], "LK505"),
        ([{"log": "{{ nobody }}"}], "LK201"),
        ([{"log": "{{ $nope() }}"}], "LK203"),
        ([{"log": "{{ a"}], "LK204"),
    ],
)
def test_what_makes_no_sense_is_a_diagnostic(flow: list[Any], code: str) -> None:
    build = build_for({"target": TARGET})
    build.steps(flow, ("flow",))
    assert [diagnostic.code for diagnostic in build.diagnostics] == [code]


def test_a_loop_in_which_nothing_is_waited_for_leaves_room_for_others() -> None:
    quiet = {"loop": [{"set": {"a": 1}}], "count": 300_000}
    result = ran([quiet], workload=Count(2, 10**9), graceful_stop_ns=60 * 10**9)
    assert result.count("vusers.completed") == 2
    assert len(result.snapshots) >= 2 or result.summary.end_ns < 10**9
