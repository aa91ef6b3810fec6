import io

import pytest

from loadkit.outputs.chart import ASCII, UNICODE, Chart, chart_lines, glyphs_for


def chart(values: list[float], marks: list[int] | None = None, levels: list[float] | None = None) -> Chart:
    return Chart(values=values, levels=levels or [sum(values) / len(values)], marks=marks or [], format="{:.0f}".format)


def test_values_stand_where_they_belong() -> None:
    lines = chart_lines(chart([100, 200, 300]), width=40, height=5)
    assert lines == [
        "300 |            o",
        "    |",
        "200 |------o------",
        "    |",
        "100 |o",
        "    +--------------",
    ]


def test_changes_are_marked_with_letters() -> None:
    lines = chart_lines(chart([100, 100, 200, 200, 50], [2, 4], [100, 200, 50]), width=60, height=4, glyphs=UNICODE)
    assert lines[-1].count("A") == lines[-1].count("B") == 1
    assert all(line[lines[-1].index("A")] == "┊" for line in lines[:-1])


@pytest.mark.parametrize("size", [1, 2, 12, 79, 80, 81, 1000])
@pytest.mark.parametrize("width", [20, 80, 200])
def test_a_chart_is_never_wider_than_it_may_be(size: int, width: int) -> None:
    values = [100.0 + number % 7 for number in range(size)]
    lines = chart_lines(
        chart(values, [size // 2] if size > 1 else [], [100.0, 103.0][: 2 if size > 1 else 1]), width=width
    )
    assert max(map(len, lines)) <= width
    assert any("o" in line for line in lines)


def test_noise_is_not_drawn_at_full_height() -> None:
    lines = chart_lines(chart([100.0, 100.5, 99.5, 100.0]), width=40, height=11)
    assert sum("o" in line for line in lines) <= 3


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0], [5.0, 5.0]])
def test_values_without_a_spread_have_a_chart(values: list[float]) -> None:
    assert any("o" in line for line in chart_lines(chart(values), width=40))


@pytest.mark.parametrize(
    ("encoding", "environment", "glyphs"),
    [
        ("utf-8", {}, UNICODE),
        ("ascii", {}, ASCII),
        ("latin-1", {}, ASCII),
        ("utf-8", {"TERM": "dumb"}, ASCII),
        ("utf-8", {"TERM": "xterm"}, UNICODE),
    ],
)
def test_what_a_terminal_cannot_show_is_not_drawn(encoding: str, environment: dict[str, str], glyphs: object) -> None:
    assert glyphs_for(io.TextIOWrapper(io.BytesIO(), encoding=encoding), environment) is glyphs
