from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.template.expression import ExpressionFault, compile_expression, over_variables

VALUES: dict[str, Any] = {
    "five": 5,
    "text": "abc",
    "digits": "5",
    "null_value": None,
    "yes": True,
    "list": [1, "b"],
    "empty": "",
    "http.codes.200": 7,
    "errors.Failed capture or match": 2,
    "pet": {"tags": ["x"], "id": 3},
}


def evaluate(text: str) -> Any:
    return compile_expression(text).evaluate(VALUES.get)


@pytest.mark.parametrize(
    "text",
    [
        "five == 5",
        "five == digits",
        '"5" == five',
        "five != 6",
        'text == "abc"',
        'text < "abd"',
        "five > 4 and five >= 5 and five < 6 and five <= 5",
        "digits > 4.5",
        "five == 5 && !(five == 6) || false",
        "false or five == 5",
        "yes",
        "yes == true",
        "yes == 1",
        "not empty",
        "not missing",
        "missing == null",
        "missing == undefined",
        "null_value == missing",
        "five != null",
        "missing != 5",
        'text in ("x", "abc")',
        "five in (1, 5)",
        "five in (5)",
        '"b" in list',
        "five not in (1, 2)",
        "not (five in (1, 2))",
        'text ~= "^a.c$"',
        "text ~= text",
        'digits ~= "\\d"',
        "2 + 3 * 4 == 14",
        "(2 + 3) * 4 == 20",
        "10 - 4 - 3 == 3",
        "2 ^ 3 == 8",
        "-2 + 3 == 1",
        "- - 2 == 2",
        "7 % 4 == 3",
        "1 / 4 == .25",
        "1e3 == 1000",
        'text + 1 == "abc1"',
        "five + digits == 55",
        "http.codes.200 == 7",
        "'errors.Failed capture or match' == 2",
        "'five' == 5",
        '"a\\"b" == "a\\"b"',
        "1 < 2 == true",
    ],
)
def test_true_expressions(text: str) -> None:
    assert evaluate(text) is True or evaluate(text) == VALUES["yes"]


@pytest.mark.parametrize(
    "text",
    [
        "five == 6",
        "missing",
        "missing == 5",
        "missing < 5",
        "missing > 5",
        "missing >= 0",
        'missing ~= "."',
        'missing in ("a", "b")',
        "text > 5",
        "list < 5",
        'text == "ABC"',
        'yes == "no"',
        "1 / 0 > 1",
        "10 % 0 == 0",
        "missing + 1 > 0",
        "-missing == 0",
        "-text == 0",
        "9 ^ 9 ^ 9 ^ 9 > 0",
        "(0 - 8) ^ 0.5 > 0",
        "not five == 6",
        "five and missing",
        'five ~= ("(" + five)',
    ],
)
def test_false_expressions(text: str) -> None:
    assert not evaluate(text)


def test_names_are_listed_once_in_order() -> None:
    assert compile_expression("b.c > a and 'x y' == b.c or true").names == ("b.c", "a", "x y")


def test_and_and_or_stop_at_the_first_answer() -> None:
    asked: list[str] = []

    def lookup(name: str) -> Any:
        asked.append(name)
        return name == "a"

    assert compile_expression("a or b").evaluate(lookup) is True
    assert compile_expression("b and c").evaluate(lookup) is False
    assert asked == ["a", "b"]


def test_over_variables_looks_inside_values_by_path() -> None:
    assert over_variables(compile_expression('pet.id == 3 and pet.tags[0] == "x" and pet.tags.length == 1'))(VALUES)
    assert over_variables(compile_expression("http.codes.200 == 7"))(VALUES) is True
    assert over_variables(compile_expression("'errors.Failed capture or match' == 2"))(VALUES) is True
    assert over_variables(compile_expression("'what is this?!' == null"))(VALUES) is True


def test_dots_can_be_refused() -> None:
    with pytest.raises(ExpressionFault) as caught:
        compile_expression("a.b == 1", names_with_dots=False)
    assert caught.value.offset == 1


@pytest.mark.parametrize(
    ("text", "offset", "says", "hint"),
    [
        ("", 0, "empty", "comparison"),
        ("   ", 0, "empty", "comparison"),
        ("a === 5", 2, "JavaScript", "=="),
        ("a !== 5", 2, "JavaScript", "!="),
        ("a = 5", 2, "unexpected", "=="),
        ("a & b", 2, "unexpected", "and"),
        ("a | b", 2, "unexpected", "or"),
        ("a ? 1 : 2", 2, "unexpected", "?"),
        ("a ==", 4, "too early", ""),
        ("a and", 5, "too early", ""),
        ("a b", 2, "unexpected 'b'", ""),
        ("and a", 0, "unexpected 'and'", ""),
        ("a not b", 2, "unexpected 'not'", ""),
        ("(a", 0, "never closed", ""),
        ("a)", 1, "unexpected ')'", ""),
        ("()", 1, "unexpected ')'", ""),
        ('x "abc', 2, "never closed", ""),
        ("abs(a)", 0, "no functions", "variables"),
        ("1 < a < 3", 6, "chained", "and"),
        ("a == b == c", 7, "chained", "and"),
        ('a ~= "("', 8, "regular expression", ""),
        ("200ms", 0, "unexpected", ""),
        ("1.5.2", 0, "unexpected", ""),
        ("(" * 30 + "1" + ")" * 30, 25, "nested", ""),
    ],
)
def test_faults_say_what_is_wrong_and_where(text: str, offset: int, says: str, hint: str) -> None:
    with pytest.raises(ExpressionFault) as caught:
        compile_expression(text)
    assert caught.value.offset == offset
    assert says in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "text", ["1+" * 5000 + "1", "not " * 5001 + "a", "a or " * 5000 + "five", "1 in (" + "1," * 5000 + "1)"]
)
def test_long_expressions_need_no_deep_stack(text: str) -> None:
    assert evaluate(text)


TOKENS = "a b.c 'q' \"s\" 1 .5 2e3 ( ) , true null in not and or && || ! == != ~= < <= > >= + - * / % ^ = === x"


@given(st.lists(st.sampled_from(TOKENS.split()), max_size=15).map(" ".join) | st.text(max_size=25))
def test_any_text_evaluates_or_is_a_fault(text: str) -> None:
    offset = 0
    try:
        expression = compile_expression(text)
    except ExpressionFault as fault:
        offset = fault.offset
    else:
        for value in (None, 0, -1.5, "", "s", True, [1, "s"], {"k": 1}):
            expression.evaluate(lambda name, value=value: value)
        over_variables(expression)(VALUES)
    assert 0 <= offset <= len(text)
