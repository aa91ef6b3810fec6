"""How the thresholds, objectives and checks of a plan stand while it runs; one snapshot a second goes in.

With 100 request names and 20 thresholds it takes the coordinator less than 2 ms a second (python -m bench thresholds).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from loadkit.metrics.snapshot import Snapshot
from loadkit.scenario.judged import active_s
from loadkit.scenario.judging import stretches
from loadkit.scenario.plan import Plan
from loadkit.slo.collected import Collected
from loadkit.slo.ensure import Check
from loadkit.slo.evaluate import Observation, Status, observe
from loadkit.slo.expectation import expectation_verdict
from loadkit.slo.expression import Objective
from loadkit.slo.growing import GrowthWatch
from loadkit.slo.judge import growth_verdict
from loadkit.slo.metric import GAUGES, Selector
from loadkit.slo.selection import ALL, Selection, loaded_s
from loadkit.slo.spending import Spendings
from loadkit.slo.standing import Standing, followed, of_budget, of_check, of_verdict, standing
from loadkit.slo.validity import Measurement
from loadkit.slo.watch import Watches, text_of
from loadkit.units import NS_PER_S

_CHECKS = ("checks.", "plugins.expect.")
_LEAST_NS = NS_PER_S // 2
"""A part of a run that began less than this ago has not begun: a rate over milliseconds would be noise."""

_GROWTH_EVERY_NS = 10 * NS_PER_S
"""How often it is looked whether something grows: of an hour's samples that takes some 40 ms."""


class Standings:
    """Follows all that a plan is judged by. `watches`, `spendings` and `growth` are those of the run, and are fed elsewhere."""

    def __init__(self, plan: Plan, watches: Watches, spendings: Spendings, growth: GrowthWatch | None = None) -> None:
        self._plan = plan
        self._watches = watches
        self._spendings = spendings
        self._growth = growth or GrowthWatch(plan.observed)
        self._grown: dict[int, tuple[int, Standing]] = {}  # when it was looked at last, and what was found
        self._stretches = stretches(plan)
        self._checks = Snapshot()
        self._rules = plan.ensure.checks if plan.ensure is not None and plan.ensure.enabled else ()
        wanted: dict[Selection, list[tuple[Selector, bool]]] = {ALL: [*_of_rules(self._rules)]}
        for index, objective in enumerate(plan.objectives):
            if watches.of(index) is None and objective.per is None:
                one = objective.selection
                wanted.setdefault(replace(one, each=False), []).append((objective.selector, one.each))
        self._collected = {selection: Collected(selectors) for selection, selectors in wanted.items()}

    def add(self, snapshot: Snapshot) -> None:
        """Take the next interval, merged over the workers."""
        for selection, collected in self._collected.items():
            collected.add(selection.pick(snapshot, self._stretches))
        for part in ALL.pick(snapshot, self._stretches):
            for (metric, label), count in part.counters.items():
                if metric.startswith(_CHECKS):
                    known = self._checks.counters
                    known[metric, label] = known.get((metric, label), 0) + count

    def now(self, summary: Snapshot) -> tuple[Standing, ...]:
        """Return how each stands, in the plan's order; `summary` is the merge of everything so far.

        One of `each` gives a standing for each name, as it will give verdicts.
        """
        strict = not self._plan.solo
        made = [
            one for index, objective in enumerate(self._plan.objectives) for one in self._of(index, objective, summary)
        ]
        begun = self._begun(ALL, summary)
        made += [
            of_check(check, lambda selector: self._read(selector, ALL, summary), begun=begun, strict=strict)
            for check in self._rules
        ]
        expected = expectation_verdict(self._checks, () if self._plan.solo else self._plan.objectives)
        if expected is not None:
            made.append(of_verdict(replace(expected, at=self._plan.expect_at)))
        return (*made, *(of_budget(spending, strict=strict) for spending in self._spendings.all))

    def _of(self, index: int, objective: Objective, summary: Snapshot) -> Iterator[Standing]:
        strict, watch = not self._plan.solo, self._watches.of(index)
        if objective.per is not None:
            yield self._of_growth(index, objective, summary.end_ns)
            return
        if watch is not None:
            yield from followed(objective, watch, strict=strict)
            return
        selection = replace(objective.selection, each=False)
        begun = self._begun(selection, summary)
        for one in self._singles(objective, selection):
            yield standing(one, self._read(one.selector, selection, summary), begun=begun, strict=strict)

    def _of_growth(self, index: int, objective: Objective, now_ns: int) -> Standing:
        """Return how much something has grown, as of the last time that this was worked out."""
        looked_ns, found = self._grown.get(index, (-_GROWTH_EVERY_NS, None))
        if found is None or now_ns - looked_ns >= _GROWTH_EVERY_NS:
            verdict = growth_verdict(objective, self._growth, Measurement())
            if verdict.observed is None:  # not yet
                verdict = replace(verdict, status=Status.INCONCLUSIVE)
            found = replace(of_verdict(verdict, strict=not self._plan.solo), text=objective.text)
            self._grown[index] = now_ns, found
        return found

    def _singles(self, objective: Objective, selection: Selection) -> list[Objective]:
        """Return an objective of each name for every name that occurred, itself where it is about one or there is none."""
        if not objective.selection.each:
            return [objective]
        return [
            replace(objective, text=text_of(objective, name), selector=replace(objective.selector, label=name))
            for name in self._collected[selection].labels(objective)
        ] or [objective]

    def _read(self, selector: Selector, selection: Selection, summary: Snapshot) -> Observation:
        if selector.name.startswith(GAUGES):
            return observe(selector, summary, 0.0)
        return observe(selector, self._collected[selection].of(selector.label), self._duration_s(selection, summary))

    def _duration_s(self, selection: Selection, summary: Snapshot) -> float:
        if selection.phase is None:
            return active_s(self._plan, summary.end_ns)
        return loaded_s(selection.stretches(self._stretches), summary.end_ns)

    def _begun(self, selection: Selection, summary: Snapshot) -> bool:
        """Say whether the run has come to the part that is selected."""
        starts = [part.start_ns for part in selection.stretches(self._stretches)]
        return not self._stretches or summary.end_ns - min(starts, default=summary.end_ns) >= _LEAST_NS


def _of_rules(rules: tuple[Check, ...]) -> Iterator[tuple[Selector, bool]]:
    """Yield the selectors of `ensure`."""
    for check in rules:
        if isinstance(check.rule, Objective):
            yield check.rule.selector, False
        else:
            yield from ((wanted, False) for wanted in check.rule.selectors.values() if isinstance(wanted, Selector))
