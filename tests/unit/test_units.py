"""Numbers with units, both ways."""

from typing import Any

import pytest

from loadkit import units

S, MS = units.NS_PER_S, units.NS_PER_MS


@pytest.mark.parametrize(
    ("written", "ns"),
    [
        (90, 90 * S), ("90", 90 * S), ("90s", 90 * S), ("1m30s", 90 * S), ("1m 30s", 90 * S), (0.5, S // 2),
        ("0.5 min", 30 * S), ("100ms", 100 * MS), ("9 seconds", 9 * S), ("1h", 3600 * S), ("2us", 2000), (0, 0),
    ],
)  # fmt: skip
def test_durations(written: Any, ns: int) -> None:
    assert units.parse_duration_ns(written) == ns


@pytest.mark.parametrize(
    "written",
    ["", "soon", "5 parsecs", "1m30", "-5", -5, True, None, [], "1e400", float("nan"), 1e305, "1e305", "99999999d"],
)
def test_what_is_not_a_duration_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"is not a duration|is longer than"):
        units.parse_duration_ns(written)


@pytest.mark.parametrize(("written", "rate"), [(50, 50), ("50/s", 50), ("30/min", 0.5), ("7200/h", 2), ("0.5", 0.5)])
def test_rates(written: Any, rate: float) -> None:
    assert units.parse_rate_per_s(written) == rate


@pytest.mark.parametrize("written", ["fast", "5/fortnight", -1, True, None])
def test_what_is_not_a_rate_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="is not a rate"):
        units.parse_rate_per_s(written)


def test_sizes_and_ratios() -> None:
    assert [units.parse_bytes(text) for text in (512, "64KB", "1MiB", "1.5 kib")] == [512, 64_000, 1 << 20, 1536]
    assert [units.parse_ratio(text) for text in (0.5, "0.5%", "0.005", "100 %")] == [0.5, 0.005, 0.005, 1]
    for wrong in ("many", None, -1):
        with pytest.raises(ValueError, match="is not a size"):
            units.parse_bytes(wrong)
    with pytest.raises(ValueError, match="is not a ratio"):
        units.parse_ratio("half")


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0ns"), (999, "999ns"), (412_300, "412us"), (999_960, "1000us"), (1_254_000, "1.25ms"), (12_540_000, "12.5ms"),
        (3_200 * MS, "3.2s"), (59 * S, "59s"), (90 * S, "1m30s"), (3661 * S, "1h1m1s"), (120 * S, "2m"),
    ],
)  # fmt: skip
def test_durations_are_shown_with_three_digits(ns: int, text: str) -> None:
    assert units.format_duration_ns(ns) == text


def test_sizes_are_shown_with_a_unit() -> None:
    assert [units.format_bytes(size) for size in (312, 1536, 3 << 30)] == ["312 B", "1.5 KiB", "3.0 GiB"]


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (0.00003, "0.003%"),
        (0.942, "94.2%"),
        (0.9994, "99.9%"),
        (0.9996, "100%"),
        (1.0, "100%"),
        (-12.4, "-1,240%"),
    ],
)
def test_shares_are_shown_in_percent_without_an_exponent(share: float, text: str) -> None:
    assert units.format_share(share) == text
