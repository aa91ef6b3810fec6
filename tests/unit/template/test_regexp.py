import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.template.regexp import RegexpFault, compile_regexp


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
    ],
)
def test_javascript_notation_is_understood(source: str, flags: str, text: str, found: str) -> None:
    match = compile_regexp(source, flags).search(text)
    assert match is not None
    assert match[0] == found


@pytest.mark.parametrize(
    ("source", "flags"), [("(", ""), ("a{9999999999999}", ""), (r"\p{L}", ""), ("a", "q"), ("[b-a]", "")]
)
def test_what_cannot_be_compiled_is_a_fault(source: str, flags: str) -> None:
    with pytest.raises(RegexpFault):
        compile_regexp(source, flags)


@given(st.text(alphabet="ab()[]{}^$*+?|\\-<>=!:k09u,P#&~", max_size=20))
def test_any_text_compiles_or_is_a_fault(source: str) -> None:
    with contextlib.suppress(RegexpFault):
        assert compile_regexp(source).flags is not None
