"""The verdicts that no threshold asks for: that all checks held, and that the visit of a solo run was completed."""

from __future__ import annotations

from collections.abc import Iterable

from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.evaluate import Status, Verdict
from loadkit.slo.expression import Objective
from loadkit.slo.metric import Kind

_DECIDES = ("checks.pass_rate", "checks.failed", "plugins.expect.failed")


def expectation_verdict(summary: Snapshot, objectives: Iterable[Objective] = ()) -> Verdict | None:
    """Judge the checks of the whole run, None when there were none: one that did not hold fails the run.

    A threshold on how many may fail decides itself, `of` a request for that one alone; what thresholds decide is only
    reported here. One on a phase or a scenario leaves the rest undecided, so it decides nothing here. A wrong answer is
    wrong whatever the generator did, so validity has no say.
    """
    failed = summary.count("checks.failed")
    made = failed + summary.count("checks.ok")
    if not made:
        return None
    about = [objective for objective in objectives if objective.selector.name.startswith(_DECIDES)]
    decided = {one.label for one in about if one.selection.phase is None and one.selection.scenario is None}
    elsewhere = sum(summary.count("checks.failed", label) for label in decided if label is not None)
    strict = None not in decided and (not failed or failed > elsewhere)
    return Verdict(
        objective_text="expectations",
        status=Status.FAIL if failed else Status.PASS,
        observed=failed,
        observed_text=f"{failed} of {made} checks failed{_kinds(summary)}",
        limit_text="== 0",
        samples=made,
        origin="expect",
        strict=strict,
        limit=0,
        unit=Kind.COUNT.value,
    )


def visit_verdict(summary: Snapshot) -> Verdict:
    """Judge the one visit of a `--solo` run: it must be completed."""
    failed, created = summary.count("vusers.failed"), summary.count("vusers.created")
    return Verdict(
        objective_text="the visit is completed",
        status=Status.PASS if created and not failed else Status.FAIL,
        observed=failed,
        observed_text=f"{created - failed} of {created} completed",
        limit_text="== 0",
        samples=created,
        origin="solo",
        limit=0,
        unit=Kind.COUNT.value,
    )


def _kinds(summary: Snapshot) -> str:
    """Return which kinds of checks failed, the most frequent first: " (statusCode 12, hasHeader 1)"."""
    prefix = "plugins.expect.failed."
    kinds = {metric: summary.count(metric) for metric, _ in summary.counters if metric.startswith(prefix)}
    ranked = sorted(((-count, metric.removeprefix(prefix)) for metric, count in kinds.items() if count))
    return f" ({', '.join(f'{kind} {-count}' for count, kind in ranked)})" if ranked else ""
