"""What the live view shows, block by block: each a pure function of what was seen and of how it is to look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from loadkit.outputs.base import against
from loadkit.outputs.live.line import Line, Piece, cut_text, line, padded, safe, spread, table, width_of
from loadkit.outputs.live.seen import Now, Seen
from loadkit.outputs.live.spark import Marks, bar, spark
from loadkit.outputs.live.timeline import PhaseLine
from loadkit.outputs.live.view import Block, Size
from loadkit.outputs.progress import describe_arrivals, describe_budget, describe_missing, describe_times, format_rate
from loadkit.slo.standing import Standing
from loadkit.slo.validity import Validity
from loadkit.slo.window import clock
from loadkit.units import NS_PER_S, format_duration_ns

KEYS = "p pause  r resume  + - rate  q stop  e errors  ? less"
HELD_KEYS = "b or Enter begin  q end without load  ? less"
_LABEL = 11
_VALUE = 9
_WIDE = 100  # columns; from here on there is room for what explains
_NAME = 12  # columns that a name has at least
_BRIEF = 14  # columns of a value that has its own place
_FIRST = {"FAIL": 0, "WARN": 1}
_HOT = 0.8
"""What share of a budget is spent, or of a core used, when it turns yellow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How it is to look. `rate` is how many times the planned arrivals are made, 0 in a pause; `stops` how often it was stopped.

    With `keys` they are obeyed, and `helped` says which there are; `full` shows errors in full.
    """

    size: Size
    marks: Marks
    keys: bool = False
    helped: bool = False
    full: bool = False
    rate: float = 1.0
    stops: int = 0

    @property
    def wide(self) -> bool:
        """Say whether there is room for what explains."""
        return self.size.columns >= _WIDE


def blocks(seen: Seen, phases: PhaseLine, look: Look) -> list[Block]:
    """Return the blocks of a view, from top to bottom."""
    now = seen.now
    if now is None:
        return [_head(seen, look), Block(name="state", lines=[line(Piece("starting", "dim"))])]
    ruler = phases.lines(look.size.columns, now.progress.elapsed_ns, look.marks)
    return [
        _head(seen, look),
        Block(name="state", lines=[_state(now, look)]),
        Block(name="phases", lines=ruler, least=2),
        Block(name="minute", lines=[*_minute(seen, now.progress.made, look)], least=4),
        Block(name="times", lines=[*_times(now)], least=2),
        Block(name="generator", lines=[*_generator(now, look)]),
        Block(name="thresholds", lines=[*_thresholds(now, look)], apart=True),
        Block(name="budgets", lines=[*_budgets(now, look)]),
        Block(name="names", lines=[*_names(now, look)], least=2, apart=True),
        _errors(now, look),
        Block(name="observed", lines=[*_observed(seen, look)], least=2, apart=True),
        Block(name="interventions", lines=[*_interventions(now)], apart=True),
        Block(name="keys", lines=[*_keys(look, KEYS)]),
    ]


def held_blocks(look: Look, *, ready: bool) -> list[Block]:
    """Return the blocks of the view before load begins, of a run that waits for somebody to begin it."""
    what = "load waits: b or Enter begins" if look.keys else "load waits to be begun"
    notice = " STOPPING " if look.stops else " HELD "
    said = "" if look.stops else what if ready else "the workers get ready"
    state = line(Piece(notice, "notice"), Piece(f" {look.marks.dot} "), said)
    return [Block(name="state", lines=[state]), Block(name="keys", lines=[*_keys(look, HELD_KEYS)])]


def _head(seen: Seen, look: Look) -> Block:
    plan, elapsed_ns = seen.plan, seen.now.progress.elapsed_ns if seen.now else 0
    left = line(Piece(safe(plan.name), "bold"), Piece(safe(against(seen.target)), "dim"))
    total = f" of {clock(round(plan.duration_ns / NS_PER_S))}" if plan.duration_ns else ""
    right = line(f"{clock(elapsed_ns // NS_PER_S)}{total}")
    return Block(name="head", lines=[spread(left, right, look.size.columns, look.marks.more)])


def _state(now: Now, look: Look) -> Line:
    """Return where the run is and what starts virtual users; a pause and a stop are said first."""
    seen, dot = now.progress, f" {look.marks.dot} "
    left = f", {format_duration_ns(seen.left_ns)} left" if seen.left_ns else ""
    phase = "waiting for the last virtual users" if seen.phase == "finishing" else f"{safe(seen.phase)}{left}"
    said: list[Piece] = []
    if look.stops:
        again = "" if look.stops > 1 or not look.keys else ", q again ends at once"
        said = [Piece(f" STOPPING{again} ", "notice"), Piece(dot)]
    elif look.rate == 0:
        said = [Piece(f" PAUSED{': r resumes' if look.keys else ''} ", "notice"), Piece(dot)]
    elif look.rate != 1:
        said = [Piece(f"RATE {look.rate:.0%} of the plan", "yellow"), Piece(dot)]
    arrivals = "" if seen.phase == "finishing" else f"{dot}{describe_arrivals(seen)}"
    return line(*said, Piece(phase, "bold"), arrivals)


def _minute(seen: Seen, made: str, look: Look) -> Iterator[Line]:
    """Yield the last minute of what matters most."""
    seconds = list(seen.seconds)
    last = seconds[-1]
    p95s = [one.p95_ns for one in seconds]
    rows: list[tuple[str, str, Sequence[float | None], Callable[[float], str], str]] = [
        (made, format_rate(last.requests_per_s), [one.requests_per_s for one in seconds], format_rate, ""),
        ("p95", "-" if last.p95_ns is None else format_duration_ns(last.p95_ns), p95s, format_duration_ns, ""),
        (
            "errors",
            format_rate(last.errors_per_s),
            [one.errors_per_s for one in seconds],
            format_rate,
            "red" if last.errors_per_s else "",
        ),
        ("users", f"{last.vusers:,}", [float(one.vusers) for one in seconds], lambda users: f"{users:,.0f}", ""),
    ]
    room = look.size.columns - _LABEL - _VALUE - 1
    for name, value, values, text_of, colour in rows:
        most = max((one for one in values if one is not None), default=0.0)
        drawn = spark(values, room, look.marks)
        ends = f" up to {text_of(most)}" if look.wide and most else ""
        yield (
            Piece(padded(name, _LABEL), "dim"),
            Piece(padded(value, _VALUE, right=True), colour),
            Piece(f" {drawn}", colour),
            Piece(ends, "dim"),
        )


def _times(now: Now) -> Iterator[Line]:
    window = f"  (last {now.recent_s} s)"
    for name, times in (("response", now.response_time), ("service", now.service_time)):
        yield line(Piece(padded(name, _LABEL), "dim"), describe_times(times), Piece(window, "dim"))


def _generator(now: Now, look: Look) -> Iterator[Line]:
    """Yield how the generator does, in red when it is the limit: then the figures are not the target's."""
    health, dot = now.health, f" {look.marks.dot} "
    limit = health.measurement.status is Validity.INVALID
    cpu = "no worker told yet" if health.cpu is None else f"busiest worker {health.cpu:.0%} cpu"
    hot = "red" if limit else "yellow" if (health.cpu or 0) > _HOT else ""
    parts = [Piece("LIMIT ", "red")] if limit else []
    parts.append(Piece(cpu, hot))
    if health.lag_ns is not None:
        parts.append(Piece(f"{dot}lag p99 {format_duration_ns(health.lag_ns)}"))
    for count, word in ((health.late, "late"), (health.dropped, "dropped")):
        parts.append(Piece(f"{dot}{count:,} {word}", "yellow" if count else ""))
    if look.wide and health.own_cpu is not None:
        parts.append(Piece(f"{dot}coordinator {health.own_cpu:.0%} cpu"))
    yield line(Piece(padded("generator", _LABEL), "dim"), *parts)
    for reason in health.measurement.reasons:
        yield line(Piece(f"  {safe(reason)}", "red" if limit else "yellow"))


def _thresholds(now: Now, look: Look) -> Iterator[Line]:
    """Yield how many hold and how each stands: those that fail first, then the others as they are in the file."""
    if not now.standings:
        return
    states = [_word(one) for one in now.standings]
    dot = f" {look.marks.dot} "
    words = (("FAIL", "red", "fail"), ("WARN", "yellow", "warn"), ("ok", "green", "hold"), ("--", "dim", "open"))
    counts = [(states.count(word), colour, text) for word, colour, text in words]
    parts = [
        Piece(f"{count} {text}{'s' * (count == 1 and text != 'open')}", colour)
        for count, colour, text in counts
        if count
    ]
    told = [part for pair in ((Piece(dot), part) for part in parts) for part in pair][1:]
    yield line(Piece(padded("thresholds", _LABEL), "dim"), *told)
    ranked = sorted(zip(states, now.standings, strict=True), key=lambda one: _FIRST.get(one[0], len(_FIRST)))
    yield from table([_standing(word, one, look) for word, one in ranked], numbers={1})


def _word(one: Standing) -> str:
    if one.holds is None:
        return "--"
    return "ok" if one.holds else "FAIL" if one.strict else "WARN"


def _standing(word: str, one: Standing, look: Look) -> list[Piece]:
    colour = {"FAIL": "red", "WARN": "yellow", "ok": "green"}.get(word, "dim")
    text = f"{one.text} {one.limit}" if one.origin == "slo" else one.text
    brief = width_of(one.observed) <= _BRIEF
    said = text if brief else f"{text}: {one.observed}"
    since = f", failed at {clock(one.failed_s)}" if one.failed_s is not None else ""
    at = f"  {one.at.file}:{one.at.line}" if look.wide and one.at else ""
    observed = Piece(safe(one.observed) if brief else "", colour if word != "ok" else "")
    return [Piece(f"  {word}", colour), observed, Piece(safe(f"{said}{since}{at}"))]


def _budgets(now: Now, look: Look) -> Iterator[Line]:
    """Yield a gauge for each objective: what of the run's own budget is spent."""
    room = 20 if look.wide else 10
    for spent in now.progress.budgets:
        colour = "red" if spent.used > 1 else "yellow" if spent.used > _HOT else "green"
        name = cut_text(safe(spent.name), max(_NAME, look.size.columns // 4), look.marks.more)
        yield line(
            Piece(padded("budget", _LABEL), "dim"),
            f"{name} ",
            Piece(bar(spent.used, room, look.marks), colour),
            Piece(f" {describe_budget(spent)}", "red" if spent.overspent else ""),
        )


def _names(now: Now, look: Look) -> Iterator[Line]:
    """Yield the slowest names first."""
    if not now.names:
        return
    heads = ["p50", "p95", "p99", "count", "errors"] if look.wide else ["p95", "count", "errors"]
    room = max(_NAME, look.size.columns - 14 * len(heads))
    rows = [[Piece("slowest names", "dim"), *(Piece(head, "dim") for head in heads)]]
    for one in now.names:
        times = {"p50": one.p50_ns, "p95": one.p95_ns, "p99": one.p99_ns}
        cells = {head: "-" if ns is None else format_duration_ns(ns) for head, ns in times.items()}
        cells |= {"count": f"{one.requests:,}", "errors": f"{one.errors:,}"}
        name = cut_text(safe(one.name), room - 2, look.marks.more)
        rows.append(
            [
                Piece(f"  {name}"),
                *(Piece(cells[head], "red" if head == "errors" and one.errors else "") for head in heads),
            ]
        )
    yield from table(rows, numbers=set(range(1, len(heads) + 1)))


def _errors(now: Now, look: Look) -> Block:
    """Return the errors, each with an example; in full with all that are kept, and before anything else."""
    total = sum(one.count for one in now.troubles)
    missing = describe_missing(now.progress)
    label = Piece(padded("errors", _LABEL), "dim")
    if not total:
        return Block(name="errors", lines=[line(label, ", ".join(["none", *missing]))], apart=True, first=look.full)
    kinds = ", ".join(f"{one.count:,} {safe(one.name)}" for one in now.troubles)
    lines = [line(label, Piece(", ".join([kinds, *missing]), "red"))]
    for one in now.troubles:
        if look.full:
            lines.append(line(Piece(f"  {one.count:,} {safe(one.name)}", "red")))
            lines += [line(f"    {part}") for text in one.texts for part in _wrapped(safe(text), look.size.columns - 4)]
        elif one.texts:
            lines.append(line(Piece(f"  {safe(one.name)}  ", "red"), safe(one.texts[-1])))
    least = min(len(lines), max(1, look.size.rows // 2)) if look.full else 1
    return Block(name="errors", lines=lines, least=least, apart=True, first=look.full)


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Yield a text in parts that fit."""
    part, room = "", width
    for char in text:
        took = width_of(char)
        if took > room and part:
            yield part
            part, room = "", width
        part, room = part + char, room - took
    yield part


def _observed(seen: Seen, look: Look) -> Iterator[Line]:
    """Yield the system under test: the last value of each series, and its last minute."""
    names = dict.fromkeys(name for second in seen.seconds for name in second.observed)
    if not names:
        return
    yield line(Piece("observed", "dim"))
    width = min(max(map(width_of, map(safe, names))), max(_NAME, look.size.columns // 3))
    for name in names:
        values = [second.observed.get(name) for second in seen.seconds]
        last = next((value for value in reversed(values) if value is not None), None)
        text = "-" if last is None else seen.text_of(name, last)
        room = look.size.columns - width - _VALUE - 5
        label = padded(cut_text(safe(name), width, look.marks.more), width)
        yield line(f"  {label} {padded(text, _VALUE + 1, right=True)} ", spark(values, room, look.marks))


def _interventions(now: Now) -> Iterator[Line]:
    """Yield what people did, the newest first: that is what holds now."""
    for index, text in enumerate(now.interventions):
        yield line(Piece(padded("" if index else "changed", _LABEL), "dim"), Piece(safe(text), "yellow"))


def _keys(look: Look, keys: str) -> Iterator[Line]:
    if look.keys:
        yield line(Piece(keys if look.helped else "? keys", "dim"))
