"""What a run came to: the snapshots, their merge, the verdicts, and whether the measurement can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loadkit.engine.interventions import Intervention
from loadkit.errors import ExitCode
from loadkit.metrics.measures import Measures
from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.track import Place
from loadkit.scenario.plan import Plan
from loadkit.scenario.recovery import Recovery
from loadkit.slo.attained import Attained
from loadkit.slo.evaluate import Status, Verdict
from loadkit.slo.growing import Grown
from loadkit.slo.validity import Measurement, Validity
from loadkit.slo.watch import Abort
from loadkit.stats.intervals import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A finished run; `summary` is the merge of all its intervals, `judged` that of the phases that are no warm-up.

    Thresholds and checks are judged on `judged`, and `active_s` is the time that its rates are taken over. Without warm-up
    phases `judged` is `summary`. `intervals` holds p50, p95 and p99 in nanoseconds with what encloses them, of all requests,
    each request name, phase and scenario: `intervals[Place("http.response_time.p95", "/cart")].high`.

    `measures` are what other runs can be compared with. `slos` are what the run says about each objective; each has its verdict
    among `verdicts`.

    `started_at` is Unix time in seconds; `signal` names the signal that ended the run early, if one did,
    and `aborted_by` the threshold.
    `after_failed` says why the flow `after` the load did not come to its end, if it did not.
    """

    plan: Plan
    files: tuple[str, ...]
    summary: Snapshot
    judged: Snapshot
    verdicts: tuple[Verdict, ...]
    measurement: Measurement
    started_at: float
    elapsed_s: float
    active_s: float
    workers: int
    target: str
    signal: str | None = None
    lost_workers: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    aborted_by: Abort | None = None
    after_failed: str | None = None
    intervals: Mapping[Place, Estimate] = field(default_factory=dict)
    recovery: tuple[Recovery, ...] = ()
    """How the target recovered from each peak of the plan that ended."""
    grown: tuple[Grown, ...] = ()
    """How what was observed went: each series that holds something, such as memory."""
    measures: Measures = field(default_factory=Measures)
    slos: tuple[Attained, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    """What people did to the run while it went on."""

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit status: signal before invalid measurement before failed verdict or `after`."""
        if self.signal:
            return ExitCode[self.signal]
        if self.measurement.status is Validity.INVALID:
            return ExitCode.INVALID_MEASUREMENT
        if self.failures or self.after_failed:
            return ExitCode.FAILED
        return ExitCode.PASS

    @property
    def passed(self) -> bool:
        """Say whether everything held: no failed threshold or check, a measurement to be believed, no early end by a signal."""
        return self.exit_code is ExitCode.PASS

    @property
    def valid(self) -> bool:
        """Say whether the measurement can be believed; when it cannot, nothing was passed or failed."""
        return self.measurement.status is not Validity.INVALID

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """Return the verdicts that fail the run."""
        return tuple(verdict for verdict in self.verdicts if verdict.status is Status.FAIL and verdict.strict)
