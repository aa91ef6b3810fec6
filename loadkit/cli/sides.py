"""The two sides of an A/B session: plans of files and targets, and the load that both get."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from loadkit.errors import UsageError
from loadkit.fleet.ab import Side
from loadkit.outputs.ab import load_text
from loadkit.outputs.base import against
from loadkit.scenario.merge import Overrides
from loadkit.scenario.plan import Plan
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.steady import steady_load
from loadkit.scenario.trial import Load

Two = tuple[Path, Path]


def read_sides(
    files: Two,
    targets: tuple[str | None, str | None],
    changes: Overrides,
    settings: Settings,
    *,
    rate: float | None,
    users: int | None,
) -> tuple[Side, Side]:
    """Return both sides. Raises ScenarioError with the faults of a file, and UsageError where the loads are not one."""
    plans: list[Plan] = []
    for file, target in zip(files, targets, strict=True):
        seed = plans[0].seed if plans else settings.seed  # the same arrivals and choices on both sides
        own = replace(settings, seed=seed, max_rate=None)  # blocks have a load of their own, which is checked later
        plan = read_plan([file], replace(changes, target=target), own, runs=True)
        plans.append(replace(plan, settings=replace(plan.settings, max_rate=settings.max_rate)))
    loads = [_load(plan, file, rate=rate, users=users) for plan, file in zip(plans, files, strict=True)]
    if loads[0] != loads[1]:
        raise UsageError(
            f"A plans {load_text(loads[0])} and B {load_text(loads[1])}: say with --rate or --users what both are to get"
        )
    return _side("A", plans[0], loads[0]), _side("B", plans[1], loads[1])


def _side(label: str, plan: Plan, load: Load) -> Side:
    return Side(label=label, title=f"{plan.name}{against(plan.secrets.mask(plan.target))}", plan=plan, load=load)


def _load(plan: Plan, file: Path, *, rate: float | None, users: int | None) -> Load:
    if users is not None:
        return Load(users=users)
    if rate is not None:
        if not 0 < rate < 1e6:
            raise UsageError(f"--rate {rate:g} is not a number of arrivals a second")
        return Load(rate=rate)
    found = steady_load(plan)
    if found is None:
        raise UsageError(f"{file} has no phases that say how much load a block is to make: use --rate or --users")
    return found.load
