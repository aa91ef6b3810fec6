"""What a run says about an objective, in words that promise no more than was measured.

A load test consumes nothing of production's budget, so it is said what production would burn at this ratio, and for how long a
budget would last. "Consumed" is a word of the ledger.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from loadkit.slo.alert import BurnAlert, Finding, State
from loadkit.slo.attained import Attained
from loadkit.slo.evaluate import Status, Verdict
from loadkit.slo.metric import Kind
from loadkit.slo.objective import Method
from loadkit.slo.text import limit_text, observed_text
from loadkit.slo.window import clock
from loadkit.units import NS_PER_S, three_digits

_DAY_S = 86_400
_UNITS = ((365 * _DAY_S, "years"), (_DAY_S, "d"), (3600, "h"), (60, "min"), (1, "s"))


def verdict_of(found: Attained) -> Verdict:
    """Return an objective's verdict as all verdicts are."""
    slo, sli, ratio = found.slo, found.sli, found.bad_ratio
    low, high = (None, None) if ratio is None else (_good(ratio.high), _good(ratio.low))
    return Verdict(
        objective_text=f"slo {slo.name}",
        status=found.status,
        observed=sli,
        observed_text="nothing" if sli is None else observed_text(Kind.RATIO, sli, slo.target),
        limit_text=f">= {limit_text(Kind.RATIO, slo.target)}",
        samples=found.total,
        at=slo.at,
        origin="slo",
        strict=slo.strict,
        reason=found.reason,
        limit=slo.target,
        unit=Kind.RATIO.value,
        name=slo.name,
        scope=slo.of,
        low=low,
        high=high,
        note="" if ratio is None else ratio.note,
        steady_s=None if ratio is None else ratio.seconds,
    )


def _good(bad: float | None) -> float | None:
    return None if bad is None else 1 - bad


def headline(found: Attained) -> str:
    """Return "SLI 99.94% (95% CI 99.9-99.97%), target 99.9%"."""
    slo, sli, ratio = found.slo, found.sli, found.bad_ratio
    target = f"target {limit_text(Kind.RATIO, slo.target)}"
    if sli is None or ratio is None:
        return f"no SLI: {found.reason}, {target}"
    interval = ""
    if ratio.low is not None and ratio.high is not None:
        low, high = (_end(1 - end, slo.budget) for end in (ratio.high, ratio.low))
        interval = f" (95% CI {low}-{high}%)"
    return f"SLI {observed_text(Kind.RATIO, sli, slo.target)}{interval}, {target}"


def _end(ratio: float, budget: float) -> str:
    """Return an end of an interval in per cent, to a tenth of the budget."""
    decimals = max(2, 1 + math.ceil(-math.log10(100 * budget)))
    return f"{100 * ratio:.{decimals}f}".rstrip("0").rstrip(".")


def told(found: Attained) -> Iterator[str]:
    """Yield the sentences below the headline."""
    yield _counted(found)
    if found.bad_ratio is None:
        return
    yield from _burned(found)
    yield from _needed(found)
    yield from _alerts(found)


def _counted(found: Attained) -> str:
    slo = found.slo
    text = f"{found.bad:,} of {found.total:,} events bad; good is {slo.indicator.text}"
    if slo.method is not Method.OCCURRENCES and found.slices is not None and found.slices_bad is not None:
        text = f"{found.slices_bad:.4g} of {found.slices:,} slices of {span(slo.slice_s)} bad; {text}"
    return text if slo.of == "global" else f"{text}; {slo.of}"


def _burned(found: Attained) -> Iterator[str]:
    slo, burn, ratio = found.slo, found.burn, found.bad_ratio
    assert burn is not None
    assert ratio is not None
    window = span(slo.window_ns / NS_PER_S)
    if burn > 0 and found.lasts_s is not None:
        text = f"at this bad ratio production would burn {factor(burn)}; a {window} budget would last {span(found.lasts_s)}"
        if ratio.low is not None and ratio.high is not None:
            text += f" (burn 95% CI {factor(ratio.low / slo.budget)} to {factor(ratio.high / slo.budget)})"
        yield text
    elif ratio.high is not None:
        worst = ratio.high / slo.budget
        last = span(slo.window_ns / NS_PER_S / worst)
        yield f"no event was bad: at worst (95%) production would burn {factor(worst)}; a {window} budget would last {last}"


def _needed(found: Attained) -> Iterator[str]:
    slo = found.slo
    method = slo.method
    had, noun = (found.total, "event") if method is not Method.TIMESLICES else (found.slices or 0, "slice")
    if method is not Method.RATIO_TIMESLICES:
        yield f"to prove the target with no bad {noun} takes n >= {found.to_prove:,} (had {had:,})"
    if found.status is not Status.INCONCLUSIVE or not found.burn:
        return
    if found.to_settle is not None:
        yield f"at this ratio some {found.to_settle:,} {noun}s would settle it (had {had:,})"


def _alerts(found: Attained) -> Iterator[str]:
    burning = [one for one in found.alerts if isinstance(one.alert, BurnAlert)]
    if not burning:
        return
    seen = span(max(one.seen_s for one in burning))
    profile = found.slo.profile or "own"
    yield f"alerts ({profile}) by {seen} of load: {'; '.join(alert_text(one) for one in burning)}"


def alert_text(found: Finding) -> str:
    """Return what a run says about an alert: "critical 5x fires at 0:42"."""
    name = found.alert.name
    if found.state is State.FIRES and found.second is not None:
        return f"{name} fires at {clock(found.second)}"
    if found.state is State.INSUFFICIENT_DATA:
        return f"{name} insufficient_data ({found.reason})"
    return f"{name} {found.state.value}"


def factor(burn: float) -> str:
    """Return a burn rate: "0.6x", "14.4x", "0.003x"."""
    if 1e-4 <= burn < 0.005:
        return f"{burn:.1g}x"
    return f"{three_digits(burn)}x"


def span(seconds: float) -> str:
    """Return a span in its largest unit, rounded: "50 d", "2.5 h", "90 s"."""
    for size, unit in _UNITS:
        if seconds >= size and (unit != "years" or seconds >= 2 * size):
            return f"{_number(seconds / size)} {unit}"
    return f"{_number(seconds)} s"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else three_digits(value)
