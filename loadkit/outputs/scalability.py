"""What steps of rising numbers of users came to, as text for people."""

from __future__ import annotations

import math
from collections.abc import Iterator

from loadkit.analysis.scalability import REACH, Row, Scalability, Step
from loadkit.outputs.base import Paint, counted, plain, printable
from loadkit.stats.usl import Bounds, Fit
from loadkit.units import format_duration_ns, format_share, three_digits

_HEAD = ("users", "requests/s", "mean", "p95", "E(N)", "marginal", "failed", "by the law")
_WIDTHS = (6, 10, 8, 8, 6, 8, 7, 10)


def step_line(step: Step) -> str:
    """Return the line of one step, when it is over."""
    parts = [
        f"{counted(step.users, 'user'):>10}: {three_digits(step.rate)} requests/s",
        f"mean {format_duration_ns(1e9 * step.response_s)}",
        f"p95 {format_duration_ns(step.p95_ns.value)}",
    ]
    if step.failed:
        parts.append(f"{format_share(step.failed)} failed")
    if step.limit:
        parts.append(f"generator limit: {step.limit}")
    parts += [f"misses {text}" for text in step.missed]
    return printable(", ".join(parts))


def scalability_lines(found: Scalability, *, paint: Paint = plain) -> Iterator[str]:
    """Yield the answer first, then the law, the table, and what weakens it."""
    yield paint(_headline(found), "green" if found.trusted else "yellow")
    yield from (f"  {line}" for line in _findings(found))
    yield ""
    yield "  " + "  ".join(f"{head:>{width}}" for head, width in zip(_HEAD, _WIDTHS, strict=True))
    yield from (f"  {_row(row)}" for row in found.rows)
    yield from _marks(found)
    if found.fit is not None:
        yield ""
        yield from (f"  {line}" for line in _law(found.fit))
    for doubt in found.doubts:
        yield paint(f"  not to be relied on: {doubt}", "yellow")
    for warning in found.warnings:
        yield f"  note: {warning}"


def _headline(found: Scalability) -> str:
    most = counted(found.most_users, "user")
    if found.named_peak is not None:
        users, rate = found.named_peak
        beyond = "" if found.peak == "measured" else f", predicted a little beyond the {most} measured"
        return f"peak: {three_digits(rate.value)} requests/s with {users.value:.3g} users{beyond}"
    if found.peak == "extrapolated":
        return f"peak not reached: by the law it lies beyond {REACH:g} times the {most} measured, which would be extrapolated"
    if found.peak == "none":
        return f"no peak: throughput still rises with the {most} measured"
    return "no scalability law: see below why"


def _findings(found: Scalability) -> Iterator[str]:
    if found.named_peak is not None:
        users, rate = found.named_peak
        yield f"95% CI: {_interval(rate)} requests/s with {_interval(users)} users"
    if found.peak == "extrapolated":
        yield f"measure more users to find it: --users ...,{2 * found.most_users}"
    if found.ceiling is not None:
        yield f"it comes close to {three_digits(found.ceiling.value)} requests/s (95% CI {_interval(found.ceiling)})"
    if found.optimum is not None:
        yield (
            f"optimal concurrency: {counted(found.optimum.users, 'user')}, with {three_digits(found.optimum.rate)} requests/s "
            "the most throughput for the response time"
        )
    else:
        yield "optimal concurrency: none, no step meets the objectives"
    if found.knee is not None:
        sure = "" if found.knee.certain else " (not certain)"
        yield f"knee: {counted(found.knee.users, 'user')}{sure}, {found.knee.why}"
    if found.at_scale is not None:
        row = found.at_scale
        yield f"efficiency at scale: {row.efficiency:.0%} with {counted(row.step.users, 'user')}, the most that meet the objectives"


def _row(row: Row) -> str:
    step = row.step
    cells = (
        str(step.users),
        three_digits(step.rate),
        format_duration_ns(1e9 * step.response_s),
        format_duration_ns(step.p95_ns.value),
        f"{row.efficiency:.0%}",
        "-" if row.marginal is None else f"{row.marginal:.0%}",
        format_share(step.failed),
        "-" if row.fitted is None else three_digits(row.fitted),
    )
    mark = "  *" if row.left_out else "  !" if step.missed else ""
    return "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)) + mark


def _marks(found: Scalability) -> Iterator[str]:
    for row in found.rows:
        if row.left_out:
            yield printable(f"  * {counted(row.step.users, 'user')}: not in the law, {row.left_out}")
        elif row.step.missed:
            yield printable(f"  ! {counted(row.step.users, 'user')}: misses {', '.join(row.step.missed)}")


def _law(found: Fit) -> Iterator[str]:
    law = found.law
    yield (
        f"Universal Scalability Law: X(N) = {law.rate:.4g} N / (1 + {law.contention:.3g} (N-1) + {law.coherency:.3g} N (N-1)), "
        f"R² {found.explained:.3f}"
    )
    parts = (("lambda", found.rate), ("sigma", found.contention), ("kappa", found.coherency))
    yield ", ".join(f"{name} {bounds.value:.3g} (95% CI {_interval(bounds)})" for name, bounds in parts)


def _interval(bounds: Bounds) -> str:
    low, high = ("unbounded" if math.isinf(end) else f"{end:.3g}" for end in (bounds.low, bounds.high))
    return f"{low} .. {high}"
