"""How values and limits read."""

from __future__ import annotations

import pytest

from loadkit.slo.metric import Kind
from loadkit.slo.text import limit_text, observed_text

MS = 1_000_000


@pytest.mark.parametrize(
    ("kind", "value", "limit", "text"),
    [
        (Kind.TIME, 231_456_000, 250 * MS, "231ms"),
        (Kind.TIME, 249_600_000, 250 * MS, "249.6ms"),
        (Kind.TIME, 250_000_001, 250 * MS, "250.000001ms"),
        (Kind.TIME, 250 * MS, 250 * MS, "250ms"),
        (Kind.TIME, 999_600, 2 * MS, "1000us"),
        (Kind.TIME, 90_400 * MS, 90_000 * MS, "90.4s"),
        (Kind.TIME, 75_000 * MS, 90_000 * MS, "1m15s"),
        (Kind.TIME, 0, 250 * MS, "0ns"),
        (Kind.RATIO, 0.9996, 0.9999, "99.96%"),
        (Kind.RATIO, 0.99996, 0.9999, "99.996%"),
        (Kind.RATIO, 0.999, 0.999, "99.9%"),
        (Kind.RATIO, 0.9990001, 0.999, "99.90001%"),
        (Kind.RATIO, 1.0, 0.999, "100%"),
        (Kind.RATIO, 0.0, 0.01, "0%"),
        (Kind.RATIO, 0.000012, 0.01, "0.001%"),
        (Kind.RATIO, 0.0123456, 0.01, "1.23%"),
        (Kind.RATIO, 0.1, 0.01, "10%"),
        (Kind.RATE, 49.9876, 100.0, "50/s"),
        (Kind.RATE, 99.96, 100.0, "99.96/s"),
        (Kind.COUNT, 1234567, 5, "1234567"),
        (Kind.BYTES, 1_572_864, 10, "1.5 MiB"),
        (Kind.BYTES, 1_572_865, 1_572_864, "1572865 B"),
        (Kind.BYTES, 5_033_000, 5_000_000, "5.03 MB"),
        (Kind.BYTES, 5_000_100, 5_000_000, "5.0001 MB"),
        (Kind.BYTES, 700_000_000, 5_000_000_000, "700 MB"),
        (Kind.BYTES, 12, 5_000_000, "12 B"),
        (Kind.BYTES, -1_500_000, 5_000_000, "-1.5 MB"),
    ],
)
def test_an_observed_value_never_looks_like_a_limit_it_differs_from(
    kind: Kind, value: float, limit: float, text: str
) -> None:
    assert observed_text(kind, value, limit) == text


@pytest.mark.parametrize(
    ("kind", "limit", "text"),
    [
        (Kind.TIME, 250 * MS, "250ms"),
        (Kind.TIME, 1_234_567, "1.234567ms"),
        (Kind.TIME, 90_000 * MS, "1m30s"),
        (Kind.TIME, 90_500 * MS, "90.5s"),
        (Kind.TIME, 1_000, "1us"),
        (Kind.RATIO, 0.9995, "99.95%"),
        (Kind.RATIO, 0.07, "7%"),
        (Kind.RATE, 0.5, "0.5/s"),
        (Kind.RATE, 1200.0, "1200/s"),
        (Kind.COUNT, 2.5, "2.5"),
        (Kind.COUNT, 1_000_000, "1000000"),
        (Kind.BYTES, 64_000, "62.5 KiB"),
        (Kind.BYTES, 500_000_000, "500 MB"),
        (Kind.BYTES, 12_345_000, "12.345 MB"),
        (Kind.BYTES, 1_572_865, "1572865 B"),
    ],
)
def test_a_limit_is_shown_with_all_its_digits(kind: Kind, limit: float, text: str) -> None:
    assert limit_text(kind, limit) == text
