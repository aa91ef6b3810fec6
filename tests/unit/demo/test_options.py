"""What the environment says about demos."""

import pytest

from loadkit.demo.options import slowdown
from loadkit.errors import UsageError


def test_without_a_word_demos_are_as_fast_as_ever(monkeypatch):
    monkeypatch.delenv("LOADKIT_DEMO_SLOWDOWN", raising=False)
    assert slowdown() == 1.0


def test_a_factor_makes_them_slower(monkeypatch):
    monkeypatch.setenv("LOADKIT_DEMO_SLOWDOWN", "1.6")
    assert slowdown() == 1.6


@pytest.mark.parametrize("text", ["much", "0", "-1", "inf", "nan"])
def test_what_is_no_factor_is_refused(monkeypatch, text):
    monkeypatch.setenv("LOADKIT_DEMO_SLOWDOWN", text)
    with pytest.raises(UsageError, match=f"LOADKIT_DEMO_SLOWDOWN={text} is not a factor"):
        slowdown()
