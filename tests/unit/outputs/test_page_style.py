"""The colours of page.css: whether who sees little of them can read what they write."""

import re

import pytest

from loadkit.outputs.pages import PAGE

TEXT = 4.5
"""Least contrast of text, and of what else is to be seen: WCAG 2.2, 1.4.3 and 1.4.11."""
SHAPE = 3.0
_PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
COLOURS = {name: (light, dark) for name, light, dark in _PAIR.findall((PAGE / "page.css").read_text())}
READ = [
    *((ink, ground) for ink in ("ink", "muted") for ground in ("ground", "surface", "raised", "idle-ground")),
    *((tone, "surface") for tone in ("accent", "good", "bad", "warn")),
    *((tone, f"{tone}-ground") for tone in ("good", "bad", "warn")),
    ("ink", "mark"),
    ("bad", "raised"),
    ("accent-ink", "accent"),
]
SEEN = [
    *((name, "surface") for name in sorted(COLOURS) if name.startswith("chart-")),
    ("focus", "surface"),
    ("focus", "ground"),
    ("good", "idle-ground"),
    ("bad", "idle-ground"),
]


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, as WCAG defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("least", "pairs"), [(TEXT, READ), (SHAPE, SEEN)], ids=["text", "shapes"])
def test_colours_can_be_told_from_what_they_stand_on(least: float, pairs: list[tuple[str, str]], theme: int) -> None:
    found = {pair: contrast(COLOURS[pair[0]][theme], COLOURS[pair[1]][theme]) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < least} == {}
