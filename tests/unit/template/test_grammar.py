import pytest

from loadkit.template.grammar import Both, Chain, Constant, Duration, ExpressionFault, Name, Signed, parse_expression


def test_an_expression_becomes_a_tree_whose_parts_know_where_they_stand() -> None:
    assert parse_expression("status < 500 and not error") == Both(
        (Chain(Name("status", 0), (("<", Constant(500, 9)),), 0, 13), Signed(("not",), Name("error", 21), 17)), 0
    )


def test_a_number_may_have_a_unit_where_durations_are_allowed() -> None:
    tree = parse_expression("response_time <= 1.5s", durations=True)
    assert tree == Chain(Name("response_time", 0), (("<=", Duration("1.5s", 17)),), 0, 21)


def test_a_unit_is_refused_elsewhere() -> None:
    with pytest.raises(ExpressionFault, match="unexpected '300ms'") as fault:
        parse_expression("total < 300ms")
    assert fault.value.offset == 8


@pytest.mark.parametrize("text", ["300mss", "3s4", "1.5.2s"])
def test_what_only_begins_like_a_duration_is_none(text: str) -> None:
    with pytest.raises(ExpressionFault):
        parse_expression(text, durations=True)
