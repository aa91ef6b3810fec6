"""config.thresholds and config.ensure -> objectives with their lines; and, after the run, the verdicts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from loadkit.errors import Position
from loadkit.flow.bookkeeping import ANYTHING_OWN, NOTHING_OWN, Recorded
from loadkit.flow.plugins import endpoint_options
from loadkit.flow.step import Build, Where
from loadkit.metrics.estimates import Estimates
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import Snapshot
from loadkit.scenario.judged import active_s
from loadkit.scenario.phases import phase_names
from loadkit.scenario.plan import Plan, Scenario
from loadkit.slo.cause import BUSY_SHARE, Generator
from loadkit.slo.ensure import Ensure, evaluate_ensure
from loadkit.slo.ensure_parser import Reading, parse_ensure
from loadkit.slo.estimate import estimator
from loadkit.slo.evaluate import Verdict
from loadkit.slo.expectation import expectation_verdict, visit_verdict
from loadkit.slo.expression import Objective
from loadkit.slo.growing import GrowthWatch
from loadkit.slo.judge import judge_objectives
from loadkit.slo.observed import NOTHING_OBSERVED, Observed
from loadkit.slo.reported import KnownNames
from loadkit.slo.selection import Stretch
from loadkit.slo.threshold import Names, parse_thresholds
from loadkit.slo.validity import Measurement
from loadkit.slo.validity import judge as judge_measurement
from loadkit.slo.watch import Watches
from loadkit.units import NS_PER_S
from loadkit.workload.base import ClosedWorkload
from loadkit.workload.pause import Pause


def compile_thresholds(
    items: Any, scenarios: tuple[Scenario, ...], build: Build, observed: Observed = NOTHING_OBSERVED
) -> tuple[Objective, ...]:
    """Parse `config.thresholds`; what is wrong with one, or a name that nothing has, becomes a diagnostic."""
    phases = phase_names(build.config)
    names = Names(
        requests=build.request_names,
        scenarios=[scenario.name for scenario in scenarios],
        phases=[name for name, _ in phases],
        warmups=[name for name, warmup in phases if warmup],
    )
    own = own_metrics(build)
    read = parse_thresholds(items, names, lambda where: build.positions.at(("config", *where)), own, observed)
    for fault in read.faults:
        text = _at({"thresholds": items}, fault.where)
        inside = (text, fault.offset) if isinstance(text, str) and _has_grammar(fault.where) else None
        build.error(fault.code, ("config", *fault.where), fault.message, hint=fault.hint, inside=inside)
    return read.objectives


def own_metrics(build: Build) -> Recorded:
    """Return what the processor records; anything, where it cannot be read."""
    if build.processor is None:
        return ANYTHING_OWN if build.has_unread_processor else NOTHING_OWN
    return build.processor.metrics


def _has_grammar(where: Where) -> bool:
    """Say whether what stands at a path of a threshold is a text whose parts mean something."""
    return where[-1] in ("expr", "scope") or isinstance(where[-1], int)


def stretches(plan: Plan) -> tuple[Stretch, ...]:
    """Return the phases of a plan as thresholds see them."""
    return tuple(
        Stretch(
            index=phase.index,
            name=phase.name,
            start_ns=phase.start_ns,
            end_ns=phase.end_ns,
            pause=isinstance(phase.workload, Pause),
            judged=not phase.warmup,
            last=phase is plan.phases[-1],
        )
        for phase in plan.phases
    )


def compile_ensure(
    config: Mapping[str, Any], build: Build, scenarios: tuple[Scenario, ...] | None = None
) -> Ensure | None:
    """Parse Artillery's `ensure`, which counts only with `plugins: {ensure: {}}`; without it a warning says so.

    Conditions may name scenarios and requests, so without the compiled `scenarios` one that cannot be read is passed over.
    """
    plugins = config.get("plugins")
    enabled = isinstance(plugins, Mapping) and "ensure" in plugins
    if not enabled:
        if config.get("ensure"):
            text = "`ensure` is not judged without the plugin"
            build.warn(
                "LK503", ("config", "ensure"), text, key=True, hint="add `plugins: {ensure: {}}`, or use `thresholds`"
            )
        return None
    if build.malformed and not isinstance(config.get("ensure", {}), Mapping):
        return None

    def at(where: Where) -> Position | None:
        return build.positions.at(("config", *where))

    if "ARTILLERY_DISABLE_ENSURE" in os.environ:
        text = "`ensure` is not judged: the environment variable ARTILLERY_DISABLE_ENSURE is set"
        build.warn("LK505", ("config", "plugins", "ensure"), text, key=True)
        return None
    known = KnownNames(
        endpoints=build.endpoint.names,
        scenarios=[name for one in scenarios or () for name in (one.name, str(one.index))],
        namespace=endpoint_options(config).namespace,
    )
    ensure = parse_ensure(config, at, Reading(own=own_metrics(build), known=known, compat=build.compat))
    for fault in (*ensure.notes, *ensure.faults):
        if scenarios is None and fault.code == "LK301":
            continue
        text = _at(config, fault.where)
        inside = (text, fault.offset) if fault.offset and isinstance(text, str) else None
        report = build.warn if fault in ensure.notes else build.error
        report(fault.code, ("config", *fault.where), fault.message, hint=fault.hint, inside=inside)
    return ensure


def _at(value: Any, where: Where) -> Any:
    """Return what stands at a path, None where there is nothing."""
    for part in where:
        try:
            value = value[part]
        except (LookupError, TypeError):
            return None
    return value


def judge(
    plan: Plan,
    summary: Snapshot,
    judged: Snapshot,
    *,
    estimates: Estimates | None = None,
    generator: Generator | None = None,
    lost: int,
    trouble: str = "",
    cut_off_s: float | None = None,
    watches: Watches | None = None,
    growth: GrowthWatch | None = None,
) -> tuple[Measurement, tuple[Verdict, ...]]:
    """Judge a run's measurement by its `summary`, then its objectives by what of it is `judged`.

    With `--solo` thresholds are shown and fail nobody.

    `trouble` says what in the account does not add up, `cut_off_s` after how long a run was cut off; `watches` have seen
    each interval, and so has `growth`; `estimates` enclose what is judged.
    """
    duration_s = active_s(plan, summary.end_ns)
    measurement = judge_measurement(
        summary, lost_workers=lost, generator=generator, trouble=trouble, cut_off_s=cut_off_s
    )
    verdicts = list(
        judge_objectives(
            plan.objectives,
            judged,
            duration_s,
            measurement=measurement,
            stretches=stretches(plan),
            watches=watches,
            estimates=estimates,
            growth=growth,
        )
    )
    known = estimator(estimates, judged) if estimates else None
    if plan.ensure is not None:
        verdicts += evaluate_ensure(plan.ensure, judged, duration_s, measurement, known, plan.naming)
    if plan.solo:  # one visit says nothing about rates and percentiles
        verdicts = [visit_verdict(judged), *(replace(verdict, strict=False) for verdict in verdicts)]
    expected = expectation_verdict(judged, () if plan.solo else plan.objectives)
    if expected is not None:
        verdicts.append(replace(expected, at=plan.expect_at))
    return measurement, tuple(verdicts)


class BusyStreak:
    """The longest time without a break that each worker, and the coordinator, used more than 80 % of a core.

    An unpaced closed phase is as fast as the generator can be; there a busy core is what was asked for, and counted apart.
    """

    def __init__(self, plan: Plan) -> None:
        closed = [phase for phase in plan.phases if isinstance(phase.workload, ClosedWorkload)]
        self.unpaced = frozenset(phase.index for phase in closed if not phase.workload.throughput)  # type: ignore[union-attr]
        self.busy_s: dict[int, float] = {}
        self.bound_s: dict[int, float] = {}
        self.paced_gauges: dict[tuple[str, int], Gauge] = {}  # what was seen outside of unpaced phases
        self._streaks: dict[tuple[int, bool], float] = {}

    def add(self, snapshot: Snapshot) -> None:
        """Take the next interval."""
        spent_s = (snapshot.end_ns - snapshot.start_ns) / NS_PER_S
        phases = snapshot.gauges_of("phase.index")
        if not any(seen.value in self.unpaced for seen in phases.values()):
            for key, seen in snapshot.gauges.items():
                self.paced_gauges[key] = seen.merged(self.paced_gauges[key]) if key in self.paced_gauges else seen
        for worker, seen in {**snapshot.gauges_of("worker.cpu"), **snapshot.gauges_of("coordinator.cpu")}.items():
            here = worker in phases and phases[worker].value in self.unpaced
            for unpaced, longest in ((False, self.busy_s), (True, self.bound_s)):
                lasts = seen.value > BUSY_SHARE and here is unpaced
                streak = self._streaks.get((worker, unpaced), 0.0) + spent_s if lasts else 0.0
                self._streaks[worker, unpaced] = streak
                longest[worker] = max(longest.get(worker, 0.0), streak)
