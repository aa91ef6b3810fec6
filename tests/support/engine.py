"""Run a flow through the real engine in this process, against any target, and return what was measured."""

import asyncio
import gc
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import uvloop

from loadkit import registry
from loadkit.engine.run import Orders, ShardRun
from loadkit.engine.services import Line
from loadkit.errors import Position
from loadkit.flow.step import Build, Where
from loadkit.metrics.endpoints import Naming, reported_counters, reported_summaries
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.metrics.span import Span
from loadkit.scenario.plan import Phase, Plan, Scenario
from loadkit.template.compile import Template
from loadkit.workload.base import WHOLE, Shard, Workload
from loadkit.workload.count import Count

HERE = Position("test.yaml", 1, 1)
S = 10**9


class Nowhere:
    """Positions of a document that has no text."""

    def at(self, where: Where, *, key: bool = False) -> Position:
        return HERE

    def width(self, where: Where, *, key: bool = False) -> int:
        return 1

    def inside(self, where: Where, text: str, offset: int) -> None:
        return None


def build_for(config: Mapping[str, Any], recorder: Recorder | None = None, base: Path = Path(".")) -> Build:
    return Build(
        Nowhere(),
        config,
        base=base,
        actions=registry.plugins("step"),
        functions=registry.plugins("function"),
        book=recorder or Recorder(),
    )


def plan_of(
    flow: list[Any],
    target: str,
    *,
    config: Mapping[str, Any] | None = None,
    workload: Workload | None = None,
    variables: Mapping[str, Any] | None = None,
    recorder: Recorder,
    max_vusers: int | None = None,
    duration_ns: int = 30 * S,
    seed: int = 1,
    defines: Iterable[str] = (),
    base: Path = Path("."),
) -> Plan:
    """Compile one scenario with one phase (one arrival unless a workload is given); `defines` names what payloads will give."""
    build = build_for({**(config or {}), "target": target}, recorder, base)
    for name in (*(variables or {}), *defines):
        build.define(name)
    steps = build.steps(flow, ("scenarios", 0, "flow"))
    for load in build.imports:
        load()
    errors = [diagnostic for diagnostic in build.diagnostics if diagnostic.severity.value == "error"]
    assert not errors, errors
    phase = Phase(
        index=0,
        name="phase 1",
        start_ns=0,
        duration_ns=duration_ns,
        first_number=0,
        workload=workload or Count(1, duration_ns),
        max_vusers=max_vusers,
        at=HERE,
    )
    return Plan(
        name="test",
        target=target,
        phases=(phase,),
        scenarios=(
            Scenario(index=0, name="scenario 0", weight=1, steps=steps, requests=frozenset(build.requests), at=HERE),
        ),
        variables={name: Template.constant(value) for name, value in (variables or {}).items()},
        context={"target": target},
        feeders=(),
        objectives=(),
        ensure=None,
        seed=seed,
        digest="",
        config=dict(config or {}),
        endpoints=recorder.endpoint_names(),
    )


class Ran:
    """What came out: the merged snapshot, and the log lines."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.lines: list[tuple[str, str]] = []
        self.logged: list[Line] = []
        self.spans: list[Span] = []
        self.summary = Snapshot()
        self.naming = Naming()

    @property
    def counters(self) -> dict[str, int]:
        """The counters of the report."""
        return reported_counters(self.summary, self.naming)

    @property
    def summaries(self) -> dict[str, dict[str, Any]]:
        """The summaries of the report."""
        return reported_summaries(self.summary, self.naming)

    def count(self, metric: str) -> int:
        return self.summary.count(metric)

    @property
    def errors(self) -> dict[str, int]:
        names = [name for name in self.summary.metrics() if name.startswith("errors.")]
        return {name.removeprefix("errors."): self.summary.count(name) for name in names}


async def run_plan(
    plan: Plan, recorder: Recorder, *, graceful_stop_ns: int = 5 * S, debug: bool = False, shard: Shard = WHOLE
) -> Ran:
    """Run a plan, or a shard of it, on the running loop."""
    ran = Ran()

    def emit(snapshot: Snapshot, lines: list[Line], draining: bool, spans: list[Span]) -> None:
        ran.snapshots.append(snapshot)
        ran.logged += lines
        ran.lines += [(line.stream, line.text) for line in lines]
        ran.spans += spans

    gc.freeze()  # the run's own collection would go through all that the tests hold, and take longer than a short phase
    orders = Orders(shard=shard, start_ns=perf_counter_ns() + 5_000_000, graceful_stop_ns=graceful_stop_ns, debug=debug)
    await ShardRun(plan, recorder, orders, emit).run()
    ran.summary, ran.naming = merge_all(ran.snapshots), plan.naming
    return ran


async def run_flow(flow: list[Any], target: str, **options: Any) -> Ran:
    """Run one virtual user (or `workload`) through a flow on the running loop."""
    recorder = Recorder()
    running = {name: options.pop(name) for name in ("graceful_stop_ns", "debug") if name in options}
    return await run_plan(plan_of(flow, target, recorder=recorder, **options), recorder, **running)


def on_loop(main: Any) -> Any:
    """Run a coroutine to its end on a fresh uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
