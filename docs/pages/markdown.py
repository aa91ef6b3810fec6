"""The few forms of Markdown that the reference is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import yaml


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; line breaks and bars in cells are taken care of."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def code(text: str) -> str:
    """Return a text as code within a line."""
    fence = "``" if "`" in text else "`"
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def block(text: str, language: str = "text") -> str:
    """Return a block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def heading(level: int, text: str) -> str:
    """Return a heading, to be followed by an empty line."""
    return f"{'#' * level} {text}"


def anchor(title: str) -> str:
    """Return the part of a link after `#` that leads to a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def flow_yaml(value: Any) -> str:
    """Return a value on one line, as it may stand in a scenario file."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("...\n").strip()


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")
