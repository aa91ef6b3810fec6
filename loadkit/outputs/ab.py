"""What an A/B session came to, as text for people."""

from __future__ import annotations

import math
from collections.abc import Iterator

from loadkit.analysis.ab import Answer, Block, Decision, Difference, Pair
from loadkit.outputs.base import Paint, counted, plain, printable
from loadkit.scenario.trial import Load
from loadkit.stats.anytime import LEAST, Mean
from loadkit.units import format_duration_ns, format_share, three_digits

MOST_NAMES = 20
_MUCH_LATE = 0.01
_COLOURS = {
    Answer.SLOWER: "red",
    Answer.MORE_ERRORS: "red",
    Answer.FASTER: "green",
    Answer.FEWER_ERRORS: "green",
    Answer.NO_DIFFERENCE: "green",
    Answer.UNDECIDED: "yellow",
}


def load_text(load: Load) -> str:
    """Return a load in words."""
    if load.users is None:
        return f"{three_digits(load.rate or 0.0)} arrivals/s"
    paced = "" if load.throughput is None else f" with {three_digits(load.throughput)} requests/s"
    return f"{counted(load.users, 'user')}{paced}"


def pair_line(number: int, pair: Pair, decision: Decision) -> str:
    """Return the line of one pair: what both sides showed, and what all pairs so far say."""
    start = f"pair {number:>2} {pair.order}"
    if pair.invalid:
        return printable(f"{start} | does not count: {pair.invalid}")
    asked = decision.question
    sides = [f"{label} {_block_text(block, asked.of, asked.metric)}" for label, block in (("A", pair.a), ("B", pair.b))]
    return f"{start} | {asked.metric} {', '.join(sides)} | so far {_so_far(decision)}"


def _block_text(block: Block, of: str, metric: str) -> str:
    numbers = block.series.get(of)
    if numbers is None or not numbers.requests:
        return "no request"
    time_ns = numbers.times_ns.get(metric)
    failed = f" ({format_share(numbers.failed_share)} failed)" if numbers.failed else ""
    return (format_duration_ns(time_ns) if time_ns else "no valid response") + failed


def _so_far(decision: Decision) -> str:
    if decision.difference is None:
        return decision.why
    if decision.difference.log_ratio.count < LEAST:
        return f"{_percent(decision.difference.change[0])}, an interval needs {LEAST} pairs"
    return _change_text(decision.difference)


def answer_lines(decision: Decision, *, end: str, spent: str, paint: Paint = plain) -> Iterator[str]:
    """Yield the answer first, then the table, then what else is to be known. `end` says why the session was over."""
    yield paint(headline(decision), _COLOURS[decision.answer])
    left = f", {counted(decision.left_out, 'pair')} left out" if decision.left_out else ""
    yield f"  {counted(decision.pairs, 'pair')}{left}, {spent}: {end}"
    yield f"  {_resolution(decision)}"
    if decision.settle:
        yield f"  what would settle it: {decision.settle}"
    if decision.difference is not None:
        yield ""
        yield from _table(decision)
    if decision.errors is not None and (any(decision.failed) or decision.difference is None):
        yield f"  {_errors_text(decision.errors, decision.failed)}"
    if max(decision.late) >= _MUCH_LATE:
        a, b = (f"{100 * share:.2g}%" for share in decision.late)
        yield f"  the generator was late with {a} of A's arrivals and {b} of B's: that makes the intervals wider, and no side worse"


def headline(decision: Decision) -> str:
    """Return the answer in a sentence."""
    asked, difference = decision.question, decision.difference
    name = f"{asked.metric} of {printable(asked.of)}" if asked.of else asked.metric
    if decision.answer is Answer.SLOWER and difference is not None:
        return f"B is SLOWER ({decision.severity}): {name} {_from_to(difference)}"
    if decision.answer is Answer.FASTER and difference is not None:
        return f"B is faster: {name} {_from_to(difference)}"
    if decision.answer is Answer.MORE_ERRORS:
        return f"B has MORE ERRORS ({decision.severity}): {decision.why}"
    if decision.answer is Answer.FEWER_ERRORS:
        return f"B has fewer errors: {decision.why}"
    if difference is None:
        return f"UNDECIDED: {decision.why}"
    none = f"no difference of {100 * asked.detect:g}% or more"
    word = none if decision.answer is Answer.NO_DIFFERENCE else "UNDECIDED"
    return f"{word}: {name} {_from_to(difference)}; {decision.why}"


def _from_to(difference: Difference) -> str:
    return f"{format_duration_ns(difference.a_ns)} -> {format_duration_ns(difference.b_ns)}, {_change_text(difference)}"


def _change_text(difference: Difference) -> str:
    value, low, high = difference.change
    if math.isinf(difference.log_ratio.reach):
        return f"{_percent(value)} (no interval yet)"
    return f"{_percent(value)} (95% CI {_percent(low)} .. {_percent(high)})"


def _resolution(decision: Decision) -> str:
    if decision.difference is None or math.isinf(decision.difference.log_ratio.reach):
        return f"no difference could be found: the interval begins with {LEAST} pairs"
    return (
        f"could find a difference of {100 * math.expm1(min(decision.difference.log_ratio.reach, 700.0)):.2g}% or more"
    )


def _table(decision: Decision) -> Iterator[str]:
    assert decision.difference is not None
    rows = [decision.difference, *decision.others[:MOST_NAMES]]
    names = [_row_name(row) for row in rows]
    width = max(map(len, names))
    yield f"  {'':<{width}}  {'A':>9}  {'B':>9}  {'change':>8}  95% CI"
    for name, row in zip(names, rows, strict=True):
        value, low, high = row.change
        interval = "-" if math.isinf(row.log_ratio.reach) else f"{_percent(low)} .. {_percent(high)}"
        mark = "  <- asked" if row is decision.difference else ""
        times = f"{format_duration_ns(row.a_ns):>9}  {format_duration_ns(row.b_ns):>9}"
        yield f"  {name:<{width}}  {times}  {_percent(value):>8}  {interval}{mark}"
    more = len(decision.others) - MOST_NAMES
    if more > 0:
        yield f"  and {counted(more, 'name')} more, in the report of -o"


def _row_name(row: Difference) -> str:
    return printable(f"{row.metric} {row.name or 'of all'}")


def _errors_text(errors: Mean, failed: tuple[float, float]) -> str:
    a, b = map(format_share, failed)
    known = "" if math.isinf(errors.reach) else f" (95% CI {100 * errors.low:+.3g} .. {100 * errors.high:+.3g})"
    return f"failed: A {a}, B {b}, {100 * errors.value:+.3g} points{known}"


def _percent(share: float) -> str:
    """Return a change as people write it: "+0.3%", "-12%", "+1200%"."""
    text = (
        f"{100 * share:+.1f}"
        if abs(share) < 0.1
        else f"{100 * share:+.3g}"
        if abs(share) < 1
        else f"{100 * share:+.0f}"
    )
    return "0%" if float(text) == 0 else f"{text}%"
