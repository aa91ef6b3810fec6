import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.template.regexp import BUDGET_S, RegexpFault, RegexpTimeout, compile_regexp


@pytest.mark.parametrize(
    ("source", "flags", "text", "found"),
    [
        (r"(?<id>\d+)-\k<id>", "", "x 12-12", "12-12"),
        (r"(?<=a)b", "", "ab", "b"),
        ("ABC", "gi", "xabc", "abc"),
        ("^b", "m", "a\nb", "b"),
        ("a.b", "s", "a\nb", "a\nb"),
        (r"a[^]b", "u", "a\nb", "a\nb"),
        (r"\u{1F600}", "u", "😀", "😀"),
        (r"\/path\/", "", "/path/", "/path/"),
        ("[[a]", "", "[", "["),
        (r"\p{L}+", "u", "12 äb", "äb"),
    ],
)
def test_javascript_notation_is_understood(source: str, flags: str, text: str, found: str) -> None:
    match = compile_regexp(source, flags).search(text)
    assert match is not None
    assert match[0] == found


@pytest.mark.parametrize(("source", "flags"), [("(", ""), ("a{9999999999999}", ""), ("a", "q"), ("[b-a]", "")])
def test_what_cannot_be_compiled_is_a_fault(source: str, flags: str) -> None:
    with pytest.raises(RegexpFault):
        compile_regexp(source, flags)


@given(st.text(alphabet="ab()[]{}^$*+?|\\-<>=!:k09u,P#&~", max_size=20))
def test_any_text_compiles_or_is_a_fault(source: str) -> None:
    with contextlib.suppress(RegexpFault):
        assert compile_regexp(source).groups >= 0


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"(x+x+)+y", "x" * 1000),
        (r"(\w+\s?)*$", "a " * 50_000 + "!"),
        (r"(?:.*?,){11}P", "1," * 3000),
    ],
)
def test_a_search_is_given_up_after_its_budget(source: str, text: str) -> None:
    search, began = compile_regexp(source).search, time.process_time()
    with pytest.raises(RegexpTimeout, match="longer than 50 ms"):
        search(text)
    assert time.process_time() - began < 4 * BUDGET_S


@pytest.mark.parametrize(
    ("source", "text"), [("(a+)+$", "a" * 40 + "b"), ("x*y", "x" * 1_000_000), (r"\w+@", "a" * 1_000_000)]
)
def test_many_expressions_that_explode_elsewhere_end_in_time(source: str, text: str) -> None:
    assert compile_regexp(source).search(text) is None


@pytest.mark.parametrize("source", ["a" * 10_001, "((a{1,9999}){1,9999}){1,9999}" * 3])
def test_a_huge_expression_is_quick_to_judge(source: str) -> None:
    began = time.process_time()
    with contextlib.suppress(RegexpFault):
        compile_regexp(source)
    assert time.process_time() - began < 1
