"""A step is looked at as a whole: one fault for one mistake."""

from typing import Any

import pytest

from loadkit.scenario.assemble import build_schema
from loadkit.scenario.steps import Steps
from tests.unit.scenario.fragments import CONFIG, PHASE_KEYS, STEPS

KNOWN = Steps(build_schema(STEPS, CONFIG, PHASE_KEYS))


def test_actions_and_those_that_hold_steps() -> None:
    assert set(KNOWN.actions) == {"get", "think", "loop", "parallel"}
    assert set(KNOWN.flows) == {"loop", "parallel"}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("think", [("LK102", None)]),
        (["think"], [("LK102", None)]),
        (None, [("LK102", None)]),
        ({}, [("LK105", None)]),
        ({"x-note": 1}, [("LK105", None)]),
        ({"x-note": 1, "jitter": 1}, [("LK105", None)]),
        ({"gte": "/"}, [("LK107", "gte")]),
        ({"name": "a", "url": "/", "gte": "/"}, [("LK107", "gte")]),
        ({"think": 1, "get": "/", "foo": 1}, [("LK105", "get"), ("LK101", "foo")]),
        ({"think": 1, "limit": 1, "foo": 1}, [("LK101", "foo"), ("LK106", "limit")]),
        ({"get": "/", "url": "/", "gzip": 1}, [("LK101", "url"), ("LK101", "gzip")]),
        ({"get": None, "url": "/", "gzip": 1}, [("LK101", "url")]),
        ({"get": None, "foo": 1, "gzip": 1}, [("LK101", "foo"), ("LK101", "gzip")]),
    ],
)
def test_faults(step: Any, expected: list[tuple[str, str | None]]) -> None:
    assert [(fault.code, fault.key) for fault in KNOWN.faults(step, "step 1")] == expected


def test_a_block_that_stands_too_far_left_leaves_its_action_empty() -> None:
    (fault,) = KNOWN.faults({"get": None, "url": "/"}, "step 1")
    assert fault.empty_action == "get"
    assert "indent" in fault.hint
