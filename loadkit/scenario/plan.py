"""The plan of a run: everything that was decided before load starts, each part with its place in the file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from loadkit.errors import Diagnostic, Position
from loadkit.flow.plugins import endpoint_options
from loadkit.flow.processor import Processor
from loadkit.flow.step import StepFunction
from loadkit.metrics.endpoints import Naming
from loadkit.metrics.recorder import Recorder
from loadkit.protocols.network import Network
from loadkit.redact import Secrets
from loadkit.scenario.exports import Export
from loadkit.scenario.likeness import Likeness
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import Document
from loadkit.slo.ensure import Ensure
from loadkit.slo.expression import Objective
from loadkit.slo.objective import Slo
from loadkit.slo.observed import NOTHING_OBSERVED, Observed
from loadkit.template.compile import Template
from loadkit.template.dealing import Feeder
from loadkit.template.rows import RowIndex
from loadkit.workload.base import Workload

_EXTENDED = "ARTILLERY_EXTENDED_HTTP_METRICS"  # set to anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase; `start_ns` counts from the run's start, `first_number` is the number of its first arrival or visit."""

    index: int
    name: str
    start_ns: int
    duration_ns: int
    first_number: int
    workload: Workload
    max_vusers: int | None
    at: Position
    warmup: bool = False
    """Its numbers are kept and never judged."""

    @property
    def end_ns(self) -> int:
        """Return when the phase ends, since the run's start."""
        return self.start_ns + self.duration_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A weighted journey, compiled."""

    index: int
    name: str
    weight: float
    steps: tuple[StepFunction, ...]
    visit_requests: int = 0
    """How many requests a visit makes, as far as the file says it (see rates.py)."""
    requests: frozenset[StepFunction] = frozenset()
    """Those of the steps that begin with a request, and so with a pacing slot."""
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandStep:
    """One step of an errand; `title` is how messages call it."""

    run: StepFunction
    title: str
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A flow that runs once, `before` or `after` the load. What it records is in no figure."""

    name: str
    steps: tuple[ErrandStep, ...]
    recorder: Recorder
    timeout_ns: int
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run will do. `digest` identifies it: same digest and seed, same arrivals and choices.

    `context` holds the variables that every virtual user has from the start: target, $environment, $testId, ...
    `document` and `settings` are what it was compiled from, seed and target decided: closures never travel, so whoever
    needs the plan in another process compiles it there again.
    """

    name: str
    target: str
    phases: tuple[Phase, ...]
    scenarios: tuple[Scenario, ...]
    variables: Mapping[str, Template]
    context: Mapping[str, Any]
    feeders: tuple[Feeder, ...]
    objectives: tuple[Objective, ...]
    ensure: Ensure | None
    observed: Observed = NOTHING_OBSERVED
    """What is looked at once a second while load is made."""
    slos: tuple[Slo, ...] = ()
    slo_events: Mapping[str, int | None] | None = None
    """How many events each objective has by its name, where that was worked out before; see objectives.py."""
    seed: int
    digest: str
    config: Mapping[str, Any]
    likeness: Likeness = field(default_factory=Likeness)
    """What makes this run comparable with others."""
    request_names: tuple[str, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """What the report calls requests by endpoint, where that is not their name; "" where it does not (see Naming)."""
    warnings: tuple[Diagnostic, ...] = ()
    solo: bool = False
    expect_at: Position | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    document: Document = field(default_factory=lambda: Document(data={}), repr=False)
    settings: Settings = field(default_factory=Settings, repr=False)
    hosts: tuple[str, ...] = ()
    """Where requests go, as far as that is known before load."""
    network: Network = field(default_factory=Network, repr=False)
    ways: tuple[str, ...] = ()
    """Sentences about how targets are reached, where it is not directly."""
    connections: int = 1
    """How many connections a virtual user may hold open: to each origin that requests name `width`, or one of a pool."""
    width: int = 1
    """How many requests a virtual user may have under way at once."""
    secrets: Secrets = field(default_factory=Secrets)
    processor: Processor | None = field(default=None, repr=False)
    """The module of the user's functions; whoever makes load imports it first."""
    functions: tuple[str, ...] = ()
    """The functions that scenarios name as hooks, steps and conditions, in order."""
    prepare: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    """Imports the user's functions; for whoever makes load, before it begins. Raises ScenarioError for what is wrong with them."""
    exports: tuple[Export, ...] = ()
    """The exporters of `config.outputs`."""
    before: Errand | None = field(default=None, repr=False)
    after: Errand | None = field(default=None, repr=False)
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What `before` set, once it has run: variables of every virtual user."""
    source: dict[str, Any] | None = field(default=None, repr=False)
    """What is shown of the scenario's text, where the plan was made of an outline; see shown.py."""

    def with_given(self, variables: Mapping[str, Any]) -> Plan:
        """Return the plan with what `before` set; values of secret variables are known as such from here on."""
        told = [value for name, value in variables.items() if self.secrets.holds(name)]
        return replace(self, given=variables, secrets=self.secrets.knowing(told))

    @property
    def indexes(self) -> tuple[RowIndex | None, ...]:
        """Return the payloads' indexes, for whoever compiles the same document again."""
        return tuple(feeder.index for feeder in self.feeders)

    @property
    def naming(self) -> Naming:
        """Return how reports in Artillery's form call scenarios and requests; a scenario without a name by its index."""
        unnamed = {made.name: str(made.index) for made in self.scenarios if made.name == f"scenario {made.index}"}
        namespace = endpoint_options(self.config).namespace
        extended = (self.config.get("http") or {}).get("extendedMetrics") is True or _EXTENDED in os.environ
        return Naming(endpoints=self.endpoints, namespace=namespace, scenarios=unnamed, extended=extended)

    @property
    def insecure(self) -> bool:
        """Say whether any certificate of a target is accepted, by `tls.rejectUnauthorized: false` or --insecure."""
        return (self.config.get("tls") or {}).get("rejectUnauthorized", True) is False

    @property
    def duration_ns(self) -> int:
        """Return the time from the run's start to the end of the last phase."""
        return self.phases[-1].end_ns if self.phases else 0
