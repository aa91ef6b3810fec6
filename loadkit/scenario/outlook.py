"""What a plan will do, worked out without a byte of traffic.

arrivals        = the integral of the planned rate
visits of s     = arrivals x weight of s / sum of weights
requests        = visits x requests of a visit (journey.py); of a paced closed phase, its throughput x time
users at t      <= sum over phases of min(maxVusers, arrivals of the phase in [t - longest visit, t]), and all users of a closed one

The figures of open phases are what the plan says, of closed ones what the users can do at most; None is what nobody can know.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import msgspec

from loadkit import registry
from loadkit.scenario.environment import variables_read
from loadkit.scenario.journey import Journey, journey_of
from loadkit.scenario.plan import Phase, Plan
from loadkit.scenario.rates import mean_requests, phase_peak_per_s, phase_rate_per_s, phase_visits
from loadkit.template.dealing import WRAPS
from loadkit.units import NS_PER_S
from loadkit.workload.base import ClosedWorkload, Shard
from loadkit.workload.pause import Pause

POINTS = 60
_FINE = 10  # so many parts of the time between two points are looked at for the most users


class PhaseOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """A phase. `model` is open, closed or pause; rates are per second."""

    name: str
    start_s: float
    duration_s: float
    model: str
    warmup: bool
    arrivals: int | None
    rate_from: float | None
    rate_to: float | None
    rate_most: float | None
    peak_requests_per_s: float | None
    requests: int | None
    users_most: int
    max_vusers: int | None


class ScenarioOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario: its share of the visits, and what one visit does."""

    name: str
    weight: float
    share: float
    visits: int | None
    requests_per_visit: int
    uncertain: bool
    shortest_visit_s: float
    longest_visit_s: float | None


class RequestOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """All requests of one name."""

    name: str
    number: int | None


class PayloadOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """A file of data: how many rows it has and how many visits take one; `repeats` when rows come again.

    `on_exhausted` is what comes behind the last row: wrap, stop or fail.
    """

    path: str
    order: str
    rows: int
    needed: int | None
    repeats: bool
    on_exhausted: str


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """An environment variable that is read, and whether it is set here."""

    name: str
    set: bool


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """An instant: planned arrivals per second (None in a closed phase), and a bound of the virtual users at work."""

    at_s: float
    arrivals_per_s: float | None
    users_most: int


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan will do, as far as its files say it."""

    name: str
    target: str
    digest: str
    duration_s: float
    arrivals: int | None
    requests: int | None
    requests_per_visit: float
    peak_arrivals_per_s: float
    peak_requests_per_s: float | None
    users_most: int
    users_most_answering_at_once: int
    phases: list[PhaseOutlook]
    scenarios: list[ScenarioOutlook]
    requests_by_name: list[RequestOutlook]
    before: list[RequestOutlook]
    """What is sent once, before the load, and is in no other figure."""
    after: list[RequestOutlook]
    payloads: list[PayloadOutlook]
    environment: list[Variable]
    secrets: list[str]
    """Names of variables whose values are masked."""
    processor: str
    """The module of the user's functions, "" without one. A run imports it."""
    functions: list[str]
    """The functions of the processor that the scenarios name."""
    timeline: list[Point]


def foresee(plan: Plan) -> Outlook:
    """Return what a plan will do."""
    journeys = _journeys(plan)
    used = [journey for scenario, journey in zip(plan.scenarios, journeys, strict=True) if scenario.weight > 0]
    longest_s = max((journey.longest_s for journey in used), default=0.0)
    shortest_s = max((journey.shortest_s for journey in used), default=0.0)
    arrivals = _sum([phase_visits(phase) for phase in plan.phases])
    users = _Users(plan.phases, longest_s)
    phases = [_phase(phase, plan, users) for phase in plan.phases]
    peaks = [phase_peak_per_s(phase, plan.scenarios) for phase in plan.phases]
    open_phases = [phase for phase in plan.phases if not isinstance(phase.workload, ClosedWorkload)]
    return Outlook(
        name=plan.name,
        target=plan.secrets.mask(plan.target),
        digest=plan.digest,
        duration_s=plan.duration_ns / NS_PER_S,
        arrivals=arrivals,
        requests=_sum([phase.requests for phase in phases]),
        requests_per_visit=mean_requests(plan.scenarios),
        peak_arrivals_per_s=max(map(phase_rate_per_s, open_phases), default=0.0),
        peak_requests_per_s=_finite(max(peaks, default=0.0)),
        users_most=users.most(0, plan.duration_ns),
        users_most_answering_at_once=_Users(plan.phases, shortest_s).most(0, plan.duration_ns),
        phases=phases,
        scenarios=_scenarios(plan, journeys, arrivals),
        requests_by_name=_requests(plan, journeys, _sum([phase.requests for phase in phases])),
        before=_once(plan, "before"),
        after=_once(plan, "after"),
        payloads=_payloads(plan, arrivals),
        environment=[
            Variable(name=name, set=name in os.environ)
            for name in variables_read(plan.document, plan.settings.environment)
        ],
        secrets=_secrets(plan),
        processor=str(plan.processor.path) if plan.processor is not None else "",
        functions=list(plan.functions),
        timeline=_timeline(plan, users),
    )


def _journeys(plan: Plan) -> list[Journey]:
    actions, items = registry.plugins("step"), plan.document.data["scenarios"]
    patience = plan.settings.timeout_multiplier
    return [
        journey_of(items[scenario.index].get("flow"), plan.config, actions, patience) for scenario in plan.scenarios
    ]


# ----------------------------------------------------------------------------------------------------------------- phases


def _phase(phase: Phase, plan: Plan, users: _Users) -> PhaseOutlook:
    workload, duration_s = phase.workload, phase.duration_ns / NS_PER_S
    arrivals = phase_visits(phase)
    if isinstance(workload, ClosedWorkload):
        requests = None
        if workload.throughput is not None:
            lives = sum(end - start for _, start, end in workload.lifetimes(Shard()))
            requests = round(float(workload.throughput) * lives / workload.users / NS_PER_S)
        if arrivals is not None:
            visits = round(arrivals * mean_requests(plan.scenarios))
            requests = visits if requests is None else min(visits, requests)
        first = last = most = None
    else:
        assert arrivals is not None
        requests = round(arrivals * mean_requests(plan.scenarios))
        first, last, most = workload.rate_at(0), workload.rate_at(workload.duration_ns), workload.peak_per_s
    model = "closed" if isinstance(workload, ClosedWorkload) else "pause" if isinstance(workload, Pause) else "open"
    return PhaseOutlook(
        name=phase.name,
        start_s=phase.start_ns / NS_PER_S,
        duration_s=duration_s,
        model=model,
        warmup=phase.warmup,
        arrivals=arrivals,
        rate_from=first,
        rate_to=last,
        rate_most=most,
        peak_requests_per_s=_finite(phase_peak_per_s(phase, plan.scenarios)),
        requests=requests,
        users_most=users.most(phase.start_ns, phase.end_ns),
        max_vusers=phase.max_vusers,
    )


class _Users:
    """How many virtual users can be at work at an instant, when a visit takes at most `longest_s`."""

    def __init__(self, phases: Sequence[Phase], longest_s: float) -> None:
        self._phases = phases
        self._longest_ns = None if math.isinf(longest_s) else math.ceil(longest_s * NS_PER_S)
        lives = {
            phase.index: [(start, end) for _, start, end in phase.workload.lifetimes(Shard())]
            for phase in phases
            if isinstance(phase.workload, ClosedWorkload)
        }
        self._starts = {index: sorted(start for start, _ in found) for index, found in lives.items()}
        self._ends = {index: sorted(end for _, end in found) for index, found in lives.items()}

    def at(self, at_ns: int) -> int:
        """Return the most users of all phases."""
        since_ns = 0 if self._longest_ns is None else max(0, at_ns - self._longest_ns)
        return sum(self._of(phase, since_ns - phase.start_ns, at_ns - phase.start_ns) for phase in self._phases)

    def most(self, start_ns: int, end_ns: int) -> int:
        """Return the most users in a part of the run, from many instants of it and from where phases begin and end."""
        steps = POINTS * _FINE
        instants = {start_ns + (end_ns - start_ns) * step // steps for step in range(steps)} | {end_ns - 1}
        borders = {at for phase in self._phases for at in (phase.start_ns, phase.end_ns)}
        return max(self.at(at) for at in instants | {at for at in borders if start_ns <= at < end_ns})

    def _of(self, phase: Phase, since_ns: int, until_ns: int) -> int:
        """Return the most users of a phase at an instant; those that began before `since_ns` have gone."""
        workload, end_ns = phase.workload, phase.duration_ns
        if until_ns < 0 or since_ns > end_ns:
            return 0
        if isinstance(workload, ClosedWorkload):  # a user that retires finishes its visit
            begun = bisect_right(self._starts[phase.index], until_ns)
            return begun - bisect_left(self._ends[phase.index], since_ns)
        since_ns, until_ns = max(0, since_ns), min(until_ns, end_ns)
        came = workload.arrived_by(until_ns) - workload.arrived_by(since_ns)
        most = math.ceil(round(came, 6)) + bool(came or workload.rate_at(until_ns))  # an arrival at both ends
        return min(most, workload.reserved, *([phase.max_vusers] if phase.max_vusers is not None else []))


def _timeline(plan: Plan, users: _Users) -> list[Point]:
    """Return instants in the middle of equal parts of the run."""
    points = []
    for part in range(POINTS):
        at_ns = plan.duration_ns * (2 * part + 1) // (2 * POINTS)
        phase = next((phase for phase in plan.phases if phase.start_ns <= at_ns < phase.end_ns), None)
        workload = phase.workload if phase else None
        rate = None
        if phase and workload and not isinstance(workload, ClosedWorkload):
            rate = workload.rate_at(at_ns - phase.start_ns)
        points.append(Point(at_s=at_ns / NS_PER_S, arrivals_per_s=rate, users_most=users.at(at_ns)))
    return points


# -------------------------------------------------------------------------------------------------------------- scenarios


def _scenarios(plan: Plan, journeys: list[Journey], arrivals: int | None) -> list[ScenarioOutlook]:
    return [
        ScenarioOutlook(
            name=scenario.name,
            weight=scenario.weight,
            share=share,
            visits=None if arrivals is None else round(arrivals * share),
            requests_per_visit=scenario.visit_requests,
            uncertain=journey.uncertain,
            shortest_visit_s=journey.shortest_s,
            longest_visit_s=_finite(journey.longest_s),
        )
        for scenario, journey, share in zip(plan.scenarios, journeys, _shares(plan), strict=True)
    ]


def _requests(plan: Plan, journeys: list[Journey], requests: int | None) -> list[RequestOutlook]:
    """Return the requests of each name: they divide all requests as the journeys do."""
    means: dict[str, float] = {}
    for journey, share in zip(journeys, _shares(plan), strict=True):
        for name, number in journey.requests.items():
            means[name] = means.get(name, 0.0) + share * number
    total = sum(means.values())
    mask = plan.secrets.mask_values
    return [
        RequestOutlook(name=mask(name), number=None if requests is None else round(requests * mean / total if total else 0))
        for name, mean in means.items()
    ]  # fmt: skip


def _once(plan: Plan, name: str) -> list[RequestOutlook]:
    """Return the requests of `before` or `after`."""
    item = plan.document.data.get(name)
    flow = item.get("flow") if isinstance(item, dict) else None
    found = journey_of(flow, plan.config, registry.plugins("step")).requests
    return [RequestOutlook(name=plan.secrets.mask_values(one), number=number) for one, number in found.items()]


def _payloads(plan: Plan, arrivals: int | None) -> list[PayloadOutlook]:
    made = []
    for feeder in plan.feeders:
        rows = len(feeder.all_rows) if feeder.name is not None else len(feeder.rows)
        needed = 1 if feeder.name is not None else arrivals
        order = "all" if feeder.name is not None else feeder.order
        repeats = order != "all" and feeder.on_exhausted == WRAPS and (needed is None or needed > rows)
        made.append(
            PayloadOutlook(
                path=feeder.path,
                order=order,
                rows=rows,
                needed=needed,
                repeats=repeats,
                on_exhausted=feeder.on_exhausted,
            )
        )
    return made


def _secrets(plan: Plan) -> list[str]:
    """Return the secret variables of `config`, of payloads and of the environment, and those that the file lists."""
    known = {*plan.variables, *(name for feeder in plan.feeders for name in feeder.defines)}
    read = variables_read(plan.document, plan.settings.environment)
    return sorted({*plan.secrets.names, *filter(plan.secrets.holds, (*known, *read))})


def _shares(plan: Plan) -> list[float]:
    weights = sum(scenario.weight for scenario in plan.scenarios)
    return [scenario.weight / weights if weights else 0.0 for scenario in plan.scenarios]


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
