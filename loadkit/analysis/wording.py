"""What was found of one series, in one line: the same on the screen, in a report and in the files for CI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadkit.analysis.series import ErrorComparison, SeriesComparison

_EVERY = {"http": "all requests", "python": "all calls"}
_LATENCY = {"regression": "slower", "improvement": "faster"}  # of what only informs
_ERRORS = {"regression": "worse", "improvement": "better", "within_noise_but_slower": "worse, within noise"}
_WORDS = {
    "pass": "pass",
    "regression": "REGRESSION",
    "within_noise_but_slower": "slower, within noise",
    "improvement": "improvement",
    "inconclusive": "inconclusive",
    "unresolved": "unresolved",
    "invalid": "not comparable",
}


def subject(one: SeriesComparison | ErrorComparison) -> str:
    """Return whose numbers these are: `all requests`, or the name."""
    return _EVERY[one.family] if one.name is None else one.name


def latency_text(one: SeriesComparison, *, judged: bool = True) -> str:
    """Return such as "p95 checkout 212 -> 251 ms, +18 % (95 % CI +6..+32 %), REGRESSION minor, 5 baseline runs".

    Without `judged` the verdict is left out.
    """
    of = " (failed ones included)" if one.of == "every" else ""
    parts = [f"{one.percentile} {subject(one)}{of} {milliseconds(one.baseline_ms)} -> {milliseconds(one.run_ms)} ms"]
    known = one.ratio is not None and one.verdict != "invalid"  # of other requests a change means nothing
    if known and one.ratio is not None and one.low is not None and one.high is not None:
        parts.append(f"{percent(one.ratio)} % (95 % CI {percent(one.low)}..{percent(one.high)} %)")
    parts += [_verdict(one, _LATENCY)] if judged else []
    if known:
        parts.append(_runs(one.baseline_runs))
        parts.append(f"n_eff {one.effective_samples:,.0f} of {one.samples:,}")
    return ", ".join(parts)


def error_text(one: ErrorComparison, *, judged: bool = True) -> str:
    """Return such as "errors checkout 0.1 -> 2.4 %, +2.3 points (95 % CI +1.1..+3.6), REGRESSION major, 5 baseline runs"."""
    rates = f"{_rate(one.baseline_errors, one.baseline_requests)} -> {_rate(one.errors, one.requests)} %"
    parts = [f"errors {subject(one)} {rates}"]
    if (
        one.difference is not None
        and one.low is not None
        and one.high is not None
        and (one.errors or one.baseline_errors)
    ):
        ends = f"{100 * one.low:+.2g}..{100 * one.high:+.2g}"
        parts.append(f"{100 * one.difference:+.2g} points (95 % CI {ends})")
    parts += [_verdict(one, _ERRORS)] if judged else []
    parts.append(_runs(one.baseline_runs))
    return ", ".join(parts)


def milliseconds(value: float | None) -> str:
    """Return three digits of a time, a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def percent(change: float) -> str:
    """Return a change in percent, with its sign: +18."""
    return f"{100 * change:+,.0f}" if abs(change) < 99 else f"{'+' if change > 0 else '-'}{abs(100 * change):.2g}"


def _verdict(one: SeriesComparison | ErrorComparison, own: Mapping[str, str]) -> str:
    words = _WORDS if one.gated else {**_WORDS, **own}
    word = f"{words[one.verdict]} {one.severity}" if one.severity and one.gated else words[one.verdict]
    return f"{word} ({one.note})" if one.note else word


def _runs(number: int) -> str:
    return f"{number} baseline {'run' if number == 1 else 'runs'}"


def _rate(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2g}" if whole else "-"
