import time
from datetime import UTC, datetime
from typing import Any

import pytest

from loadkit.template.compile import TemplateFault, compile_value
from loadkit.template.instants import FUNCTIONS
from tests.support.users import user

NOON_NS = int(datetime(2028, 2, 28, 12, tzinfo=UTC).timestamp()) * 1_000_000_000 + 7_999_999


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: NOON_NS)


def render(text: str, **variables: Any) -> Any:
    return compile_value(text, FUNCTIONS).render(user(**variables))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{ $now }}", "2028-02-28T12:00:00.007Z"),
        ("{{ $now() }}", "2028-02-28T12:00:00.007Z"),
        ("{{ $date }}", "2028-02-28"),
        ("{{ $date('%Y-%m-%d', '1d') }}", "2028-02-29"),
        ("{{ $date('%d.%m.%Y %H:%M', '-12h1m') }}", "27.02.2028 23:59"),
        ("{{ $date('%H:%M:%S', -1) }}", "11:59:59"),
        ("{{ $date('%H:%M:%S', '+90s') }}", "12:01:30"),
        ("{{ $timestamp }}", NOON_NS // 1_000_000_000),
        ("{{ $timestamp('ms') }}", NOON_NS // 1_000_000),
        ("{{ $timestamp('ns', '-1s') }}", NOON_NS - 1_000_000_000),
    ],
)
def test_times_are_those_of_utc_with_their_offset(text: str, made: Any) -> None:
    assert render(text) == made


def test_an_offset_may_be_a_variable() -> None:
    assert render("{{ $date('%d', later) }}", later="2d") == "01"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ $date('%Y', 'soon') }}", "not a duration"),
        ("{{ $date('%Y', '--1d') }}", "duration"),
        ("{{ $date('%Y', null) }}", "not a duration"),
        ("{{ $timestamp('weeks') }}", "not a unit"),
    ],
)
def test_mistakes_are_found_at_load(text: str, said: str) -> None:
    with pytest.raises(TemplateFault, match=said):
        compile_value(text, FUNCTIONS)
