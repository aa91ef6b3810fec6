"""Figures of several tools as a Markdown table: medians, and loadkit's ratio to each tool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

SUBJECT = "loadkit"


def comparison(columns: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Return a table with a row per tool, from {work: {tool: figures of each round}}.

    A ratio is loadkit's median over the tool's, so above 1 loadkit is faster. The fastest tool stands first.
    """
    tools = sorted({tool for figures in columns.values() for tool in figures}, key=lambda tool: -_best(tool, columns))
    rows = []
    for tool in tools:
        cells = [f"**{tool}**" if tool == SUBJECT else tool]
        for figures in columns.values():
            cells += _cells(figures.get(tool, ()), figures.get(SUBJECT, ()))
        rows.append(cells)
    head = ["tool"]
    for title in columns:
        head += [f"{title}, requests/s", "range", "loadkit/tool"]
    return markdown(head, rows)


def _best(tool: str, columns: Mapping[str, Mapping[str, Sequence[float]]]) -> float:
    return max((median(figures[tool]) for figures in columns.values() if figures.get(tool)), default=0.0)


def _cells(figures: Sequence[float], subject: Sequence[float]) -> list[str]:
    if not figures:
        return ["-", "-", "-"]
    ratio = f"{median(subject) / median(figures):.2f}" if subject else "-"
    return [f"{median(figures):,.0f}", f"{min(figures):,.0f}..{max(figures):,.0f}", ratio]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with columns as wide as their longest cell; the first is aligned left, others right."""
    widths = [max(len(row[index]) for row in (head, *rows)) for index in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = []
    for row in (head, rule, *rows):
        first, *others = row
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
