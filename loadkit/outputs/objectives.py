"""The objectives of a run as the summary shows them: a line for each verdict, and below it what it means for production."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from loadkit.outputs.base import Paint, printable
from loadkit.slo.attained import Attained
from loadkit.slo.evaluate import Status
from loadkit.slo.wording import headline, told

COLOURS = {Status.PASS: "green", Status.FAIL: "red", Status.INCONCLUSIVE: "yellow", Status.INVALID: "yellow"}
_INDENT = " " * 15


def objective_lines(found: Iterable[Attained], paint: Paint, *, strict: bool = True) -> Iterator[str]:
    """Yield a line for each objective, and its sentences below; `strict` says that a miss fails the run."""
    for one in found:
        yield verdict_line(one, paint, strict=strict)
        yield from (printable(f"{_INDENT}{line}") for line in told(one))


def verdict_line(found: Attained, paint: Paint, *, strict: bool = True) -> str:
    """Return "PASS         checkout  SLI 99.94% (95% CI 99.9-99.97%), target 99.9%  shop.yaml:12"."""
    slo = found.slo
    parts = [printable(slo.name), headline(found)]
    if found.reason and found.sli is not None:
        parts.append(f"({printable(found.reason)})")
    if not (strict and slo.strict):
        parts.append("(does not fail the run)")
    if slo.at:
        parts.append(f"{slo.at.file}:{slo.at.line}")
    return f"{paint(f'{found.status.name:<12}', COLOURS[found.status])} {'  '.join(parts)}"
