"""The ledgers of error budgets as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from loadkit.outputs.base import Paint, counted, plain, printable
from loadkit.report.ledger import Debit, Standing
from loadkit.slo.alert import Level
from loadkit.slo.budget import budget_of
from loadkit.slo.health import FORMULA, overall
from loadkit.slo.metric import Kind
from loadkit.slo.objective import Slo
from loadkit.slo.text import limit_text
from loadkit.slo.wording import factor, span
from loadkit.units import NS_PER_S, format_share

MOST_DEBITS = 10
_COLOURS = {Level.CRITICAL: "red", Level.WARNING: "yellow"}


def debit_line(taken: Debit, standing: Standing | None) -> str:
    """Return what is said when a run has taken from a ledger."""
    allowed = f"{_allowed(taken):,.0f} allowed in {span(taken.window_s)}"
    text = f"ledger: {taken.slo}: {taken.bad:,} bad of {allowed} took {format_share(taken.share)}"
    left = "" if standing is None else f", {format_share(standing.remaining)} of the budget is left"
    return printable(text + left)


def _allowed(taken: Debit) -> float:
    return budget_of(taken.objective) * taken.expected_events


def objective_line(slo: Slo) -> str:
    """Return an objective as its file says it."""
    of = "" if slo.of == "global" else f", {slo.of}"
    target = limit_text(Kind.RATIO, slo.target)
    return printable(
        f"{target} over {span(slo.window_ns / NS_PER_S)}, {slo.method.value}; good is {slo.indicator.text}{of}"
    )


def standing_lines(name: str, standing: Standing | None, slo: Slo | None, paint: Paint = plain) -> Iterator[str]:
    """Yield how one objective stands."""
    yield paint(printable(name), "bold")
    if slo is not None:
        yield f"  {objective_line(slo)}"
    if standing is None:
        wants = slo is not None and slo.consumes
        why = "no stored run has taken anything yet" if wants else "`consume_budget` is not set, so runs take nothing"
        yield f"  ledger: {why}; what is left is not known"
        return
    latest = standing.latest
    if slo is None:
        yield f"  {limit_text(Kind.RATIO, latest.objective)} over {span(latest.window_s)}"
    runs = f"{counted(len(standing.debits), 'run')} in the last {span(latest.window_s)}"
    yield f"  ledger: {format_share(standing.remaining)} left after {runs}"
    yield f"  burn: {factor(standing.burn)} in the last run; {_exhausted(standing)}"
    firing = [paint(f"{level.value}: {printable(alert)}", _COLOURS[level]) for alert, level in standing.firing]
    yield f"  alerts: {'; '.join(firing) or 'none fires'}"
    yield f"  health: {standing.health:.0f}"
    for one in standing.debits[:MOST_DEBITS]:
        took = f"{one.bad:,} of {one.good + one.bad:,} bad  {format_share(one.share)}"
        yield printable(f"    {one.at:%Y-%m-%d %H:%M}  {one.run_id}  {took}  {one.run_target}")
    if len(standing.debits) > MOST_DEBITS:
        yield f"    ... and {len(standing.debits) - MOST_DEBITS} more"


def _exhausted(standing: Standing) -> str:
    left_s = standing.exhausted_in_s
    if left_s is None:
        return "at that rate the budget lasts for ever"
    if not left_s:
        return "the budget is overspent" if standing.remaining < 0 else "nothing is left of the budget"
    return f"if production stayed at that, the budget would be exhausted in {span(left_s)}"


def overall_lines(standings: Iterable[Standing | None]) -> Iterator[str]:
    """Yield the health of all, and how it is made."""
    every = list(standings)
    known = [one for one in every if one is not None]
    score = overall([one.health for one in known], [level for one in known for _, level in one.firing])
    unknown = len(every) - len(known)
    left_out = f" ({counted(unknown, 'objective')} unknown, left out)" if unknown else ""
    yield f"health: {'unknown' if score is None else f'{score:.0f}'}{left_out}"
    yield f"  each is {FORMULA}; the mean of all, at most 79 while a warning fires, 49 while a critical alert does"


def ledger_data(named: Sequence[tuple[str, Standing | None, Slo | None]]) -> dict[str, Any]:
    """Return the same as plain data."""
    known = [standing for _, standing, _ in named if standing is not None]
    return {
        "health": overall([one.health for one in known], [level for one in known for _, level in one.firing]),
        "formula": FORMULA,
        "objectives": [_objective_data(name, standing, slo) for name, standing, slo in named],
    }


def _objective_data(name: str, standing: Standing | None, slo: Slo | None) -> dict[str, Any]:
    target = slo.target if slo is not None else standing.latest.objective if standing is not None else None
    window_s = (
        slo.window_ns / NS_PER_S if slo is not None else standing.latest.window_s if standing is not None else None
    )
    return {
        "name": name,
        "target": target,
        "window_s": window_s,
        "good_is": None if slo is None else slo.indicator.text,
        "of": None if slo is None else slo.of,
        "consume_budget": None if slo is None else slo.consumes,
        "ledger": None if standing is None else _standing_data(standing),
    }


def _standing_data(standing: Standing) -> dict[str, Any]:
    return {
        "remaining": standing.remaining,
        "burn_rate": standing.burn,
        "exhausted_in_s": standing.exhausted_in_s,
        "health": standing.health,
        "firing": [{"name": name, "severity": level.value} for name, level in standing.firing],
        "debits": [
            {
                "run": one.run_id,
                "at": one.at.isoformat(timespec="seconds"),
                "target": one.run_target,
                "good": one.good,
                "bad": one.bad,
                "share": one.share,
            }
            for one in standing.debits
        ],
    }
