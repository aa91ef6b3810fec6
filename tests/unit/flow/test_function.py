"""Hooks around scenarios, function steps, conditions and loops, through the real engine."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import Ran
from tests.support.hooks import ran_with_hooks
from tests.support.raw_server import Handler, always, response

SOURCE = """
    import asyncio

    def note(user):
        user.vars.setdefault("notes", []).append(user.scenario)

    async def slowly(user, metrics):
        await asyncio.sleep(0.05)
        user.vars["token"] = "t-" + str(user.number)
        metrics.counter("made.tokens", 2)

    async def rest(user):
        await asyncio.sleep(0.5)

    def fail(user):
        raise ValueError("sold out")

    class Refused(Exception):
        code = "E_REFUSED"

    async def refuse(user):
        await asyncio.sleep(0)
        raise Refused("not today")

    def missing_key(user):
        return {}["k"]

    def leave():
        raise SystemExit(3)

    def after(user):
        user.log("after " + str(user.vars.get("token")))

    def told(error, user):
        user.log(f"told {error.name}: {error}")

    def again(user):
        user.vars["rounds"] = user.vars.get("rounds", 0) + 1
        return user.vars["rounds"] < 3

    def told_rounds(user):
        return user.vars["$loopCount"] < 2

    async def never(user):
        return False

    def yes(user):
        return True

    def no():
        return False

    def double(x, by=2):
        return int(x) * by

    def loopCount(user):
        return "never called without parentheses"

    def who(user, greeting):
        return greeting + " " + str(user.number)

    async def forever(user):
        try:
            await asyncio.sleep(3600)
        finally:
            user.log("cut off")

    def measure(metrics):
        metrics.rate("seen")
        metrics.histogram("size", 2.5)
        metrics.histogram("size", 7.5)

    def wrong(metrics):
        metrics.histogram("size", -1)

    def block(user):
        import time
        time.sleep(0.12)
"""


def ok() -> Handler:
    return always([], response(b"{}", "200 OK", "Content-Type: application/json"))


def ran(directory: Path, flow: list[Any], **options: Any) -> Ran:
    return ran_with_hooks(directory, ok(), SOURCE, flow, **options)[0]


def said(result: Ran) -> list[str]:
    return [text for _, text in result.lines]


def test_a_function_step_and_hooks_of_the_scenario_run_in_order(tmp_path: Path) -> None:
    flow = [{"function": "note"}, {"log": "{{ token }} {{ notes[0] }}"}]
    result = ran(tmp_path, flow, beforeScenario="slowly", afterScenario=["after"])
    assert said(result) == ["t-0 it", "after t-0"]
    assert result.count("made.tokens") == 2
    assert result.count("vusers.completed") == 1
    assert result.errors == {}


@pytest.mark.parametrize(
    ("name", "error", "example"),
    [
        ("fail", "sold out", 'function "fail": ValueError: sold out ('),
        ("refuse", "E_REFUSED", 'function "refuse": Refused: not today ('),
        ("missing_key", "KeyError: 'k'", "function \"missing_key\": KeyError: 'k' ("),
        ("leave", "SystemExit: 3", 'function "leave": HookExited: SystemExit: 3 ('),
    ],
)
def test_an_exception_ends_the_visit_under_its_text(tmp_path: Path, name: str, error: str, example: str) -> None:
    result = ran(tmp_path, [{"function": name}, {"log": "never"}])
    assert result.errors == {error: 1}
    assert (result.count("vusers.failed"), result.count("vusers.completed"), said(result)) == (1, 0, [])
    ((_, text),) = result.summary.examples[error]
    assert text.startswith(example)
    assert "hooks.py:" in text


def test_an_unknown_function_is_counted_and_the_visit_goes_on(tmp_path: Path) -> None:
    result = ran(tmp_path, [{"function": "nobody"}, {"log": "on"}])
    assert result.errors == {'Undefined function "nobody"': 1}
    assert (said(result), result.count("vusers.completed")) == (["on"], 1)


def test_after_a_failure_on_error_and_after_scenario_run(tmp_path: Path) -> None:
    result = ran(tmp_path, [{"function": "fail"}], onError="told", afterScenario="after")
    assert [line.split(" (")[0] for line in said(result)] == [
        'told sold out: function "fail": ValueError: sold out',
        "after None",
    ]
    assert (result.count("vusers.failed"), result.errors) == (1, {"sold out": 1})


def test_with_compat_after_scenario_is_left_out_and_on_error_is_for_requests_alone(tmp_path: Path) -> None:
    result = ran(
        tmp_path, [{"function": "fail"}], onError="told", afterScenario="after", config={"compat": "artillery"}
    )
    assert (said(result), result.errors) == ([], {"sold out": 1})


def test_on_error_is_told_of_a_request_without_a_response(tmp_path: Path) -> None:
    flow = [{"get": {"url": "http://127.0.0.1:9/", "timeout": 1}}]
    result = ran(tmp_path, flow, onError=["told"], config={"compat": "artillery"})
    assert said(result)[0].startswith("told ECONNREFUSED: ")


@pytest.mark.parametrize(
    ("loop", "rounds"),
    [
        ({"whileTrue": "again"}, ["0", "1", "2"]),
        ({"whileTrue": "never"}, ["0"]),
        ({"whileTrue": "told_rounds"}, ["0", "1"]),
        ({"whileTrue": "again", "count": 2}, ["0", "1", "2"]),
        ({"whileTrue": "again", "count": "5-7"}, ["5", "6", "7"]),
        ({"whileTrue": "again", "over": ["a"]}, ["0", "1", "2"]),
        ({"whileTrue": "again", "over": "nothing"}, []),
    ],
)
def test_while_true_alone_ends_a_loop(tmp_path: Path, loop: dict[str, Any], rounds: list[str]) -> None:
    flow = [{"loop": [{"log": "{{ $loopCount }}"}], **loop}]
    assert said(ran(tmp_path, flow, config={"variables": {"nothing": 3}})) == rounds


def test_a_condition_may_be_a_function_or_an_expression(tmp_path: Path) -> None:
    flow = [{"get": {"url": f"/{name}", "ifTrue": name}} for name in ("yes", "no", "1 > 2", "1 < 2", "fail")]
    result = ran(tmp_path, flow)
    assert [name for name in ("/yes", "/no", "/1 > 2", "/1 < 2") if result.summary.count("http.requests", name)] == [
        "/yes",
        "/1 < 2",
    ]
    assert result.errors == {"sold out": 1}


def test_with_compat_a_condition_that_raises_is_true(tmp_path: Path) -> None:
    result = ran(tmp_path, [{"get": {"url": "/x", "ifTrue": "fail"}}], config={"compat": "artillery"})
    assert (result.count("http.requests"), result.errors) == (1, {})


def test_templates_call_functions(tmp_path: Path) -> None:
    flow = [
        {"set": {"n": 5}},
        {"log": "{{ $loopCount }}|{{ double(n) }} {{ double(2, 7) }} {{ who('hello') }} {{ $double(1) }}"},
    ]
    assert said(ran(tmp_path, flow)) == ["|10 14 hello 0 2"]


def test_an_exception_in_a_template_ends_the_visit_under_its_text(tmp_path: Path) -> None:
    flow = [{"get": {"url": "/{{ double('x') }}"}}, {"log": "never"}]
    result = ran(tmp_path, flow)
    assert result.errors == {"invalid literal for int() with base 10: 'x'": 1}
    assert said(result) == []


def test_a_coroutine_is_cut_off_at_the_end_of_the_run_and_may_clean_up(tmp_path: Path) -> None:
    result = ran(tmp_path, [{"function": "forever"}], graceful_stop_ns=50_000_000, afterScenario="after")
    assert result.errors == {"CANCELLED": 1}
    assert said(result) in ([], ["cut off"])  # its last words may come after the last snapshot


def test_metrics_of_its_own_are_recorded(tmp_path: Path) -> None:
    result = ran(tmp_path, [{"function": "measure"}])
    size = result.summary.histogram("size")
    assert (size.total, size.min_ns, size.max_ns, size.mean_ns()) == (2, 2_500_000, 7_500_000, 5_000_000.0)
    assert result.count("rates.seen") == 1
    assert ran(tmp_path, [{"function": "wrong"}]).errors == {"histogram 'size': -1 is not a number of zero or more": 1}


def test_what_follows_a_hook_is_due_later_by_its_time(tmp_path: Path) -> None:
    """A request behind a hook of 500 ms is as late as one without: its response time does not hold the hook's."""
    result = ran(tmp_path, [{"function": "rest"}, {"get": {"url": "/"}}])
    response_time, service_time = (
        result.summary.histogram(f"http.{name}_time").max_ns for name in ("response", "service")
    )
    assert response_time - service_time < 500_000_000 < result.summary.histogram("vusers.session_length").max_ns


def test_a_function_that_blocks_is_named(tmp_path: Path) -> None:
    result = ran(tmp_path, [{"function": "block"}])
    assert result.count("hooks.blocked") == 1
    ((_, text),) = result.summary.examples["hooks.blocked"]
    assert text.startswith('function "block" held up the worker for ')
