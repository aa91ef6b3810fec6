"""What a plan will do, for people: a chart over time, the phases, the shares, and what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from loadkit.outputs.base import Paint, against, counted
from loadkit.outputs.layout import columns
from loadkit.units import NS_PER_S, format_duration_ns, three_digits

if TYPE_CHECKING:
    from loadkit.scenario.objectives import ObjectiveOutlook
    from loadkit.scenario.outlook import Outlook, PayloadOutlook, PhaseOutlook

HEIGHT = 6
_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII = " .......#"
_UNKNOWN = "unknown"


def outlook_lines(outlook: Outlook, *, paint: Paint, blocks: bool = True) -> Iterator[str]:
    """Yield the lines. Without `blocks` the chart is drawn in ASCII."""
    yield f"{outlook.name}: {_span(outlook.duration_s)}{against(outlook.target)}"
    yield ""
    rates = [point.arrivals_per_s or 0.0 for point in outlook.timeline]
    if any(rates):
        yield paint("Arrivals per second", "bold")
        yield from chart(rates, outlook.duration_s, blocks=blocks)
        yield ""
    yield paint("Virtual users at most", "bold") + _assumption(outlook)
    yield from chart([float(point.users_most) for point in outlook.timeline], outlook.duration_s, blocks=blocks)
    yield ""
    yield paint("Phases", "bold")
    yield from _phases(outlook.phases)
    yield ""
    yield paint("Scenarios", "bold")
    yield from _scenarios(outlook)
    yield ""
    yield paint("Requests", "bold")
    yield from _requests(outlook)
    for when, requests in (("Before the load, once", outlook.before), ("After the load, once", outlook.after)):
        if requests:
            yield ""
            yield paint(when, "bold")
            yield from _table([(one.name, f"{one.number:,}") for one in requests], left=(0,))
    yield from _needs(outlook, paint)


def objective_lines(objectives: Sequence[ObjectiveOutlook], *, paint: Paint) -> Iterator[str]:
    """Yield whether a plan is large enough to prove each of its objectives."""
    if objectives:
        yield ""
        yield paint("Objectives", "bold")
    for one in objectives:
        planned = f"nobody knows how many {one.unit}" if one.planned is None else f"{one.planned:,} {one.unit}"
        needed = "" if one.to_prove is None else f", {one.to_prove:,} without a bad one prove it"
        text = f"  {one.name}: target {100 * one.target:.12g}%, {planned}{needed}"
        few = f": too few, so it cannot pass; plan more {one.unit}" if one.too_few else ""
        yield text + paint(few, "yellow")


def chart(values: Sequence[float], duration_s: float, *, blocks: bool = True) -> Iterator[str]:
    """Yield a column chart, the largest value beside its top, and the time below it."""
    most, signs = max(values, default=0.0), _BLOCKS if blocks else _ASCII
    top = three_digits(most) if most < 1000 else f"{most:,.0f}"
    eighths = [round(value / most * HEIGHT * 8) if most else 0 for value in values]
    eighths = [max(level, 1) if value else 0 for level, value in zip(eighths, values, strict=True)]
    for row in range(HEIGHT - 1, -1, -1):
        label = top if row == HEIGHT - 1 else "0" if row == 0 else ""
        line = "".join(signs[min(8, max(0, level - 8 * row))] for level in eighths)
        yield f"  {label:>11} |{line}".rstrip()
    end = _span(duration_s)
    yield f"  {'':>11} +{'-' * len(values)}"
    yield f"  {'':>11}  0{end:>{len(values) - 1}}"


def _assumption(outlook: Outlook) -> str:
    most, least = outlook.users_most, outlook.users_most_answering_at_once
    slowest = "if every request takes until its timeout"
    if any(one.longest_visit_s is None for one in outlook.scenarios):
        slowest = "if nobody is done, since a think time is a template"
    return f" ({most:,} {slowest}, {least:,} if the target answers at once)"


def _phases(phases: Sequence[PhaseOutlook]) -> Iterator[str]:
    rows = [("", "from", "for", "load", "visits", "requests", "users at most")]
    for phase in phases:
        name = f"{phase.name} (warm-up)" if phase.warmup else phase.name
        users = f"{phase.users_most:,}"
        rows.append(
            (name, _span(phase.start_s), _span(phase.duration_s), _load(phase), *_amounts(phase), users)
        )  # fmt: skip
    yield from _table(rows, left=(0, 3))


def _amounts(phase: PhaseOutlook) -> tuple[str, str]:
    visits = _UNKNOWN if phase.arrivals is None else f"{phase.arrivals:,}"
    return visits, _UNKNOWN if phase.requests is None else f"{phase.requests:,}"


def _load(phase: PhaseOutlook) -> str:
    if phase.model == "pause":
        return "pause"
    if phase.model == "closed":
        paced = f" at {three_digits(phase.peak_requests_per_s)} requests/s" if phase.peak_requests_per_s else ""
        return f"closed{paced}"
    first, last = three_digits(phase.rate_from or 0.0), three_digits(phase.rate_to or 0.0)
    text = f"{first}/s" if first == last else f"{first}/s to {last}/s"
    most = three_digits(phase.rate_most or 0.0)
    return text if most in (first, last) else f"{text}, up to {most}/s"


def _scenarios(outlook: Outlook) -> Iterator[str]:
    rows = [("", "weight", "share", "visits", "requests each", "a visit takes")]
    for one in outlook.scenarios:
        least = _span(one.shortest_visit_s)
        takes = f"{least} and more" if one.longest_visit_s is None else f"{least} to {_span(one.longest_visit_s)}"
        visits = _UNKNOWN if one.visits is None else f"{one.visits:,}"
        each = f"{'about ' if one.uncertain else ''}{one.requests_per_visit:,}"
        rows.append((one.name, f"{one.weight:g}", f"{one.share:.1%}", visits, each, takes))
    yield from _table(rows, left=(0,))
    if any(one.uncertain for one in outlook.scenarios):
        yield "  about: conditions are taken to hold, and a count that only a visit knows to be 1"


def _requests(outlook: Outlook) -> Iterator[str]:
    total = _UNKNOWN if outlook.requests is None else f"{outlook.requests:,}"
    peak = outlook.peak_requests_per_s
    fast = "as fast as the target answers" if peak is None else f"{three_digits(peak)}/s at the peak"
    yield f"  {total} in all, {fast}; redirects are not counted"
    rows = [(one.name, "" if one.number is None else f"{one.number:,}") for one in outlook.requests_by_name]
    yield from _table(rows, left=(0,))


def _needs(outlook: Outlook, paint: Paint) -> Iterator[str]:
    if outlook.payloads:
        yield ""
        yield paint("Data", "bold")
    for payload in outlook.payloads:
        needed = "one for each visit" if payload.needed is None else f"{payload.needed:,} needed"
        yield f"  {payload.path}: {counted(payload.rows, 'row')}, {needed}{_behind(payload, paint)}"
    if outlook.processor:
        yield ""
        yield paint("Functions", "bold")
        yield f"  {outlook.processor}, which a run imports{f': {listed}' if (listed := ', '.join(outlook.functions)) else ''}"
    if outlook.environment or outlook.secrets:
        yield ""
        yield paint("Environment and secrets", "bold")
    for variable in outlook.environment:
        yield f"  ${variable.name}" + ("" if variable.set else paint("  is not set", "yellow"))
    if outlook.secrets:
        yield f"  masked: {', '.join(outlook.secrets)}"


def _behind(payload: PayloadOutlook, paint: Paint) -> str:
    """Return what is particular about how rows are given, and what comes behind the last one."""
    if payload.order in ("random", "all"):
        return {"random": ", at random", "all": ", all for each visit"}[payload.order]
    if payload.repeats:
        return ", they come again after the last one"
    if payload.on_exhausted == "wrap":
        return ""
    text = f"each once; behind the last one {'the run ends' if payload.on_exhausted == 'stop' else 'visits fail'}"
    short = payload.needed is not None and payload.needed > payload.rows
    return paint(f", too few: {text}", "yellow") if short else f", {text}"


def _table(rows: Sequence[tuple[str, ...]], *, left: tuple[int, ...]) -> Iterator[str]:
    return (f"  {line}" for line in columns(rows, left=left))


def _span(seconds: float) -> str:
    return format_duration_ns(round(seconds * NS_PER_S)) if seconds else "0s"
