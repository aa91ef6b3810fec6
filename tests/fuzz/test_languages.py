"""Mutated templates, paths, conditions, thresholds and quantities: a value or the fault that the language names."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from loadkit import registry
from loadkit.slo.expression import parse_threshold
from loadkit.slo.metric import ThresholdFault
from loadkit.template.compile import PathFault, TemplateFault, assign, compile_path, compile_value
from loadkit.template.expression import ExpressionFault, compile_expression, over_variables
from loadkit.units import (
    format_bytes,
    format_duration_ns,
    parse_bytes,
    parse_duration_ns,
    parse_rate_per_s,
    parse_ratio,
)
from tests.fuzz.mutation import fuzz, in_shards, mutated

TEMPLATES = (
    "plain", "{{ a }}", "/pets/{{ pet.id }}?x={{ b }}", "{{ list[0].name }} and {{{ raw }}}", '{{ "{{" }}',
    "{{ pet['a key'] }}", "{{ $randomNumber(1, 100) }}", "{{ $randomString(16) }}-{{ $uuid }}", "{{ $uuid() }}",
    "{{ $env.HOME }}", "{{ $randomString(n) }}", "{{ $randomNumber(low, pet.id) }}", "{{ $randomString( 'x' ) }}",
    "{{ a }}{{ a }}{{ pet }}{{ list }}", "{{ $loopCount }}",
)  # fmt: skip
CONDITIONS = (
    'status == "open" and total > 10', "a in (1, 2, 3)", "not a or b && c", "pet.tags[0] ~= '^x'", "(a + 2) * 3 - -b / c % 4 ^ 2",
    "'a key' != null", 'text ~= "^[a-z]+$"', "http.codes.200 >= 5", "a not in (b, c)", "a == b", "p95 < 250 || max <= 1e3",
)  # fmt: skip
THRESHOLDS = (
    "http.response_time.p95 < 250ms", 'http.response_time.p99.9 <= 1m30s of "/checkout"', "http.error_rate < 1%",
    "http.codes.5xx == 0", "checks.pass_rate >= 99.9%", "http.request_rate >= 100/s", "vusers.failed <= 10",
    "errors.ECONNREFUSED != 3 of 'a b'", "http.downloaded_bytes > 1MiB", "vusers.session_length.median < 3 of login",
)  # fmt: skip
QUANTITIES = (
    "90",
    "90s",
    "250ms",
    "1m30s",
    "1.5 h",
    "50/s",
    "30/min",
    "0.5%",
    "1MiB",
    "64KB",
    "1e3",
    "-5",
    "+.5e-2",
    " 7 µs ",
    "10/h",
)
TOKENS = (
    "{{", "}}", "{{{", "}}}", "{{ ", " }}", "$", "$env.", "$processEnvironment.", "(", ")", ",", ".", "[", "]", "['",
    '["', "'", '"', "\\", "__class__", ".__class__.__mro__", "__import__('os')", "a.b.c", "[0]", "[-1]",
    "[999999999]", ".length", "constructor", "%", "/s", "/", "*", "+", "-", "^", "~=", "==", "===", "<", "<=", "!=",
    "=", "&&", "||", "&", "not ", "in ", " and ", " or ", " of ", "null", "true", "undefined", "NaN", "inf", "1e999",
    "1e-999", "0", "-0", "9" * 30, "9" * 400, "9" * 5000, "1_000", "\u0663", "\xb2", "\u00b5s", "\n", "\t", "\0", " ",
    "\u2028", "\ud800", "not " * 50, "(" * 30, "((a+)+)+$", "p", "p101", "p99.99", ".p0", "max", "ms", "KiB", "%%",
)  # fmt: skip


class Trap:
    """A value that tells when one of its attributes is asked for."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("__class__", "__str__", "__repr__"):
            return object.__getattribute__(self, name)
        raise Touched(name)

    def __str__(self) -> str:
        return "trap"


class Touched(Exception):
    """An attribute of a value was read."""


class User:
    """What a template sees of a virtual user."""

    number = 0

    def next_number(self) -> int:
        return 0

    def __init__(self) -> None:
        self.random = Random(1)
        self.variables: dict[str, Any] = {
            "a": "{{ secret }}", "b": 7, "c": 0.5, "n": 3, "low": "1", "secret": "opened", "text": "abc", "total": None,
            "status": "open",
            "pet": {"id": 5, "a key": [1], "tags": ["x", Trap()], "name": "{{ $env.HOME }}"}, "list": [{"name": "y"}, [], Trap()],
            "trap": Trap(), "raw": "<{{ secret }}>", "p95": 10**30, "max": float("inf"), "$loopCount": 1,
        }  # fmt: skip


def check_template(text: str) -> None:
    try:
        template = compile_value(text, registry.plugins("function"))
    except TemplateFault as fault:
        for found in (fault, *fault.others):
            assert found.code in ("LK203", "LK204")
            assert 0 <= found.offset <= len(text)
        return
    user = User()
    try:
        rendered, shown = template.render(user), template.text(user)
    except ValueError as error:  # a function's argument
        assert str(error).startswith("$")
        return
    assert isinstance(shown, str)
    if "secret" not in text and isinstance(rendered, str):
        assert "opened" not in rendered, "what was put in was rendered again"


def check_condition(text: str) -> None:
    for dots in (True, False):
        try:
            expression = compile_expression(text, names_with_dots=dots)
        except ExpressionFault as fault:
            assert 0 <= fault.offset <= len(text)
            continue
        over_variables(expression)(User().variables)
        expression.evaluate(lambda name: None)


def check_path(text: str) -> None:
    user = User()
    try:
        compile_path(text)(user.variables)
    except PathFault as fault:
        assert 0 <= fault.offset <= len(text)
    try:
        assign(user.variables, text, 1)
    except PathFault as fault:
        assert 0 <= fault.offset <= len(text)


def check_threshold(text: str) -> None:
    try:
        objective = parse_threshold(text)
    except ThresholdFault as fault:
        assert fault.code in ("LK301", "LK302", "LK303")
        assert 0 <= fault.offset <= len(text)
        return
    assert 0 <= objective.limit < float("inf")
    assert objective.label != ""


def check_quantity(text: str) -> None:
    numbers: list[Any] = [text]
    for read in (int, float):
        try:
            numbers.append(read(text))
        except (ValueError, OverflowError):
            pass
    for value in numbers:
        for parse, show in (
            (parse_duration_ns, format_duration_ns),
            (parse_rate_per_s, str),
            (parse_bytes, format_bytes),
            (parse_ratio, str),
        ):
            try:
                parsed: Any = parse(value)  # type: ignore[operator]
            except ValueError as error:
                assert str(error)
            else:
                assert show(parsed)  # type: ignore[operator]
                assert abs(parsed) < float("inf")


@in_shards
@pytest.mark.parametrize(
    ("corpus", "check"),
    [
        pytest.param(TEMPLATES, check_template, id="templates"),
        pytest.param(CONDITIONS, check_condition, id="conditions"),
        pytest.param(
            ("a", "pet.id", "list[0].name", "pet['a key'][0]", "a.b.c", "[0]", "trap"), check_path, id="paths"
        ),
        pytest.param(THRESHOLDS, check_threshold, id="thresholds"),
        pytest.param(QUANTITIES, check_quantity, id="quantities"),
    ],
)
def test_a_mutated_text_is_understood_or_refused(
    corpus: tuple[str, ...], check: Callable[[str], None], shard: int
) -> None:
    fuzz(check.__name__, shard, lambda random: mutated(random, corpus, TOKENS), check)
