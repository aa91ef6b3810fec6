"""What was found of thresholds, a line each: "PASS  http.response_time.p95 < 250ms  measured 79.2ms (95% CI 55.7ms to 286ms)"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from loadkit.outputs.base import Paint, printable
from loadkit.outputs.objectives import COLOURS
from loadkit.slo.evaluate import Verdict
from loadkit.slo.metric import Kind
from loadkit.slo.text import interval_text
from loadkit.stats.batches import LEAST_S
from loadkit.stats.intervals import CERTIFIED_S, EXCEEDANCES


def verdict_lines(verdicts: Iterable[Verdict], paint: Paint) -> list[str]:
    """Return a line for each verdict."""
    rows = list(verdicts)
    objectives = max((len(_title(row)) for row in rows), default=0)
    return [_verdict_line(row, objectives, paint) for row in rows]


def short_run(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Yield, once for all of them, why there are no intervals, or what those of a short run lack."""
    noted = [verdict for verdict in verdicts if verdict.note and verdict.steady_s is not None]
    if any(_too_short(verdict) for verdict in noted):
        yield f"no confidence intervals (CI) in less than {LEAST_S} s of steady load"
    elif any(verdict.low is not None and verdict.high is not None for verdict in noted):
        yield f"a CI is certified with {CERTIFIED_S} s of steady load and {EXCEEDANCES} independent samples beyond the percentile"


def _too_short(verdict: Verdict) -> bool:
    return verdict.steady_s is not None and verdict.steady_s < LEAST_S


def _title(verdict: Verdict) -> str:
    """Return a verdict's objective, its name before it, and behind it what the text does not say of the scope."""
    text = verdict.objective_text
    said = "" if verdict.scope in ("global", "each") or verdict.scope in text else f" [{verdict.scope}]"
    window = f" {verdict.window}" if verdict.window else ""
    return f"{verdict.name}: {text}{said}{window}" if verdict.name else f"{text}{said}{window}"


def _interval(verdict: Verdict) -> str:
    if verdict.limit is None or not verdict.unit:
        return ""
    return interval_text(Kind(verdict.unit), verdict.low, verdict.high, verdict.limit)


def _verdict_line(verdict: Verdict, width: int, paint: Paint) -> str:
    word = paint(f"{verdict.status.name:<12}", COLOURS[verdict.status])
    parts = [f"{printable(_title(verdict)):<{width}}"]
    if verdict.observed_text:
        worst = " at worst" if verdict.window and verdict.breaches else ""
        enclosed = _interval(verdict)
        parts.append(f"measured {verdict.observed_text}{worst}{f' (95% CI {enclosed})' if enclosed else ''}")
    if verdict.origin != "expect" and verdict.limit_text.replace(" ", "") not in verdict.objective_text.replace(
        " ", ""
    ):
        parts.append(f"wanted {verdict.limit_text}")
    if verdict.reason:
        parts.append(f"({printable(verdict.reason)})")
    if verdict.note and (verdict.low is None or verdict.high is None) and not _too_short(verdict):
        parts.append(f"({verdict.note})")
    if not verdict.strict:
        parts.append("(does not fail the run)")
    if verdict.at:
        parts.append(f"{verdict.at.file}:{verdict.at.line}")
    return f"{word} {'  '.join(parts)}".rstrip()
