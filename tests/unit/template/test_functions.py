import re
import time
import uuid
from typing import Any

import pytest

from loadkit import registry
from loadkit.template.compile import compile_value
from loadkit.template.functions import FUNCTIONS, TemplateFunction
from tests.support.users import user

ALL: dict[str, TemplateFunction] = registry.plugins("function")


def call(name: str, *args: Any, seed: int = 1) -> Any:
    return FUNCTIONS[name].call(user(seed=seed), *args)


def test_random_number_takes_both_ends() -> None:
    somebody = user()
    drawn = {FUNCTIONS["$randomNumber"].call(somebody, 1, 3) for _ in range(200)}
    assert drawn == {1, 2, 3}


@pytest.mark.parametrize(("low", "high"), [("5", "5"), (5.0, 5), (5, 5)])
def test_random_number_takes_what_reads_as_a_whole_number(low: Any, high: Any) -> None:
    assert call("$randomNumber", low, high) == 5


def test_random_number_covers_more_than_a_float_can() -> None:
    low, high = -(1 << 80), 1 << 80
    assert low <= call("$randomNumber", low, high) <= high


@pytest.mark.parametrize("bounds", [(2, 1), ("x", 2), (1.5, 2), (None, 1), (True, 2), (float("nan"), 1)])
def test_random_number_refuses_other_arguments_by_name(bounds: tuple[Any, Any]) -> None:
    with pytest.raises(ValueError, match=r"\$randomNumber"):
        call("$randomNumber", *bounds)


def test_random_string_is_alphanumeric() -> None:
    assert re.fullmatch(r"[A-Za-z0-9]{10}", call("$randomString"))
    assert re.fullmatch(r"[A-Za-z0-9]{40}", call("$randomString", "40"))
    assert call("$randomString", 0) == ""


@pytest.mark.parametrize("length", [-1, 10_000_000, "x", None])
def test_random_string_refuses_other_lengths(length: Any) -> None:
    with pytest.raises(ValueError, match=r"\$randomString"):
        call("$randomString", length)


def test_uuid_has_the_shape_of_version_4() -> None:
    made = {call("$uuid", seed=seed) for seed in range(50)}
    assert len(made) == 50
    assert all(uuid.UUID(text).version == 4 and uuid.UUID(text).variant == uuid.RFC_4122 for text in made)
    assert all(text == str(uuid.UUID(text)) for text in made)


def test_uuid_without_parentheses_is_one_per_visit_and_a_call_is_new() -> None:
    somebody = user()
    bare, called = (compile_value(text, FUNCTIONS).render for text in ("{{ $uuid }}", "{{ $uuid() }}"))
    assert bare(somebody) == bare(somebody)
    assert called(somebody) != called(somebody)
    assert bare(user(seed=2)) != bare(somebody)


def test_pick_takes_each_of_its_arguments_or_of_a_list() -> None:
    somebody = user(colours=["red", {"rgb": 1}])
    of_arguments = compile_value("{{ $pick('a', 2, null) }}", FUNCTIONS).render
    assert {of_arguments(somebody) for _ in range(100)} == {"a", 2, None}
    of_list = compile_value("{{ $pick(colours) }}", FUNCTIONS).render
    assert {str(of_list(somebody)) for _ in range(100)} == {"red", "{'rgb': 1}"}
    with pytest.raises(ValueError, match=r"\$pick"):
        call("$pick", [])


def test_sequence_counts_on_in_all_its_uses() -> None:
    somebody = user()
    first, second = (compile_value(text, FUNCTIONS).render for text in ("{{ $sequence }}", "{{ $sequence(1000) }}"))
    assert [first(somebody), second(somebody), first(somebody)] == [1, 1001, 3]


@pytest.mark.parametrize("example", [function.example for function in ALL.values()])
def test_examples_work_and_repeat_with_the_seed(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_123_456_789)
    render = compile_value(example, ALL).render
    assert render(user(seed=7)) == render(user(seed=7))


def test_every_function_is_documented_under_its_name() -> None:
    for name, function in ALL.items():
        assert function.name == name
        assert name.startswith("$")
        assert function.doc.endswith(".")
