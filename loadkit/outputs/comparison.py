"""A comparison as text: the verdict, a line for each series, what could have been found, and what would settle the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadkit.analysis.comparison import Comparison
from loadkit.analysis.policy import BlockOn, OnInconclusive, Severity
from loadkit.analysis.series import Advice, ErrorComparison, SeriesComparison, Verdict
from loadkit.analysis.wording import error_text, latency_text, percent, subject
from loadkit.errors import ExitCode
from loadkit.outputs.base import Paint, counted, plain, printable
from loadkit.units import NS_PER_S, format_duration_ns

MOST = 40
_COLOURS = {
    Verdict.PASS: "green",
    Verdict.IMPROVEMENT: "green",
    Verdict.WITHIN_NOISE: "yellow",
    Verdict.REGRESSION: "red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.UNRESOLVED: "yellow",
    Verdict.INVALID: "red",
}
_Line = tuple[Verdict, str]
_LONGEST_S = 3600  # nobody makes load for longer to settle a question; alternating runs do it sooner


def verdict_line(found: Comparison, *, paint: Paint = plain) -> str:
    """Return the one line that says what a comparison came to, with its exit code where that is not 0."""
    word, why = outcome(found)
    code = f"; exit code {int(found.exit)}" if found.exit is not ExitCode.PASS else ""
    return paint(printable(f"{word}: {why}{code}"), _COLOURS[found.verdict])


def outcome(found: Comparison) -> tuple[str, str]:
    """Return what a comparison came to: the word for it, and why."""
    word = f"REGRESSION {found.severity}" if found.severity else found.verdict.name.replace("_", " ")
    if found.verdict in (Verdict.PASS, Verdict.IMPROVEMENT):
        word = f"NO REGRESSION{', but an improvement' if found.verdict is Verdict.IMPROVEMENT else ''}"
    return word, _summary(found)


def comparison_lines(found: Comparison, *, paint: Paint = plain) -> Iterator[str]:
    """Yield what stands below the verdict."""
    if found.verdict is not Verdict.INVALID:
        base = f" of {found.baseline}" if found.baseline else ""
        yield printable(
            f"{found.run} beside {counted(len(found.runs), 'run')}{base}, {found.steady_s} s of steady load"
        )
    for left in found.left_out:
        yield paint(printable(f"left out: {left.run}: {left.reason}"), "yellow")
    yield from (printable(f"note: {note}") for note in found.notes)
    decides, informs = _shown(found)
    for title, shown in (("decides:", decides), ("informs:", informs)):
        if shown:
            yield title
        for verdict, text in shown[:MOST]:
            coloured = paint(printable(text), _COLOURS[verdict]) if _speaks(verdict) else printable(text)
            yield f"  {coloured}"
        if len(shown) > MOST:
            yield f"  ... and {len(shown) - MOST} more (--json has them all)"
    yield from map(printable, _detectable(found))
    yield from map(printable, _next(found))


def quiet_lines(found: Comparison, *, paint: Paint = plain) -> Iterator[str]:
    """Yield what -q leaves: nothing where nothing is wrong."""
    if found.verdict in (Verdict.REGRESSION, Verdict.INVALID) or found.exit is not ExitCode.PASS:
        yield verdict_line(found, paint=paint)


def _summary(found: Comparison) -> str:
    if found.verdict is Verdict.REGRESSION:
        return _worst(found)
    if found.reason:
        return found.reason
    compared = counted(len(found.runs), "baseline run")
    minor = f"{found.settings.latency.minor:.0%}"
    if found.verdict is Verdict.INCONCLUSIVE:
        return f"no regression was found beside {compared}, but one of {minor} is not excluded"
    return f"one of {minor} or more is excluded beside {compared}"


def _worst(found: Comparison) -> str:
    """Return the line of the gravest regression: one that blocks before others, errors before latencies."""
    texts: dict[ErrorComparison | SeriesComparison, str] = {one: error_text(one, judged=False) for one in found.errors}
    texts.update((one, latency_text(one, judged=False)) for one in found.series)
    worse = [one for one in texts if one.gated and one.severity]
    return texts[max(worse, key=lambda one: (one.blocked, one.severity.rank if one.severity else 0))]


def _speaks(verdict: Verdict) -> bool:
    return verdict in (Verdict.REGRESSION, Verdict.IMPROVEMENT, Verdict.INVALID, Verdict.WITHIN_NOISE)


def _shown(found: Comparison) -> tuple[list[_Line], list[_Line]]:
    """Return the lines of what decides, and of what informs."""
    whole = {one.family for one in found.series if one.gated and one.name is None}
    decides = [
        *((one.verdict, error_text(one)) for one in found.errors if one.gated),
        *((one.verdict, latency_text(one)) for one in found.series if one.gated),
    ]
    informs = [
        *(
            (one.verdict, error_text(one))
            for one in found.errors
            if one.name and not one.gated and _speaks(one.verdict)
        ),
        *((one.verdict, latency_text(one)) for one in found.series if _informs(one, alone=one.family not in whole)),
    ]
    return decides, informs


def _informs(one: SeriesComparison, *, alone: bool) -> bool:
    """Say whether a line is shown that does not decide: p50 and p99 of all, and what there is to say of others.

    Where a name is `alone`, it is all, and is shown instead.
    """
    if one.gated or one.verdict is Verdict.INVALID or (alone and one.name is None):
        return False
    return _speaks(one.verdict) or (one.of == "good" and (alone or one.name is None))


def _detectable(found: Comparison) -> Iterator[str]:
    known = [
        f"{percent(one.detectable)} % of {subject(one)}" for one in found.series if one.detectable and _decided(one)
    ]
    if known:
        more = f", and {counted(len(known) - 6, 'other')}" if len(known) > 6 else ""
        yield f"could detect, four times out of five: p95 {', '.join(f'>= {one}' for one in known[:6])}{more}"
    elif found.verdict is not Verdict.INVALID:
        yield "could detect: nothing; the runs are too short or have too few samples"


def _decided(one: SeriesComparison) -> bool:
    return one.gated and one.verdict not in (Verdict.UNRESOLVED, Verdict.INVALID)


def _next(found: Comparison) -> Iterator[str]:
    """Yield what to do now."""
    settings = found.settings
    if found.verdict is Verdict.REGRESSION and not found.blocked:
        yield f"not blocked: {_why_not_blocked(found)}"
    if found.verdict in (Verdict.INCONCLUSIVE, Verdict.UNRESOLVED):
        if settings.on_inconclusive is OnInconclusive.WARN:
            yield "an open result does not fail the command; --on-inconclusive fail lets it"
        open_ones = [one for one in found.series if one.gated and one.advice]
        if open_ones:
            yield f"what would settle it: {_settled_by(open_ones, settings.latency.minor, found.steady_s)}"


def _why_not_blocked(found: Comparison) -> str:
    settings = found.settings
    if settings.block_on is BlockOn.NONE:
        return "--block-on none"
    severity = found.severity or Severity.MINOR
    if severity.rank < Severity(settings.block_on).rank:
        return f"--block-on {settings.block_on} stops graver ones only"
    return "it is not certain enough: the lower end of its interval is too low, or there are too few baseline runs"


def _settled_by(open_ones: Sequence[SeriesComparison], minor: float, steady_s: int) -> str:
    """Return what would settle the first of them: all requests, unless that is settled."""
    advice = open_ones[0].advice or Advice()
    what = f"to see {minor:.0%} in the p95 of {subject(open_ones[0])}"
    if advice.seconds and advice.seconds <= _LONGEST_S:
        needed = format_duration_ns(advice.seconds * NS_PER_S)
        return f"{needed} of steady load in both runs (now {steady_s} s), {what}"
    if advice.runs:
        return f"some {advice.runs} runs on each side, {what}: `loadkit ab` alternates short runs of both"
    return f"`loadkit ab`, which alternates short runs of both, {what}: longer runs would take hours"
